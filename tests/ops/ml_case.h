// Cases of ai.onnx.ml: one operator on tables of samples.
#pragma once

#include "tests/ops/case_builders.h"

namespace pare::test {

struct MlInput {
  std::string type;
  std::vector<double> values;
};

struct MlOptions {
  std::string first =
      {};  // of a classifier: the output to compare: labels y, labels l of strings as their numbers, scores z
  double tolerance = 1e-5;
  int version = 3;  // of the domain
};

// Strings do not compare as numbers, so labels "a", "b", "c" are mapped to 0, 1, 2.
inline Case ml_case(const std::string& op, const std::string& name, const std::vector<MlInput>& inputs,
                    const std::string& attributes, std::vector<double> expected, const MlOptions& options = {}) {
  const char* const names[] = {"x", "w"};
  std::string text, operands;
  std::vector<std::vector<double>> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    text += "input " + std::string(names[i]) + ": " + inputs[i].type + "\n";
    operands += (i == 0 ? "" : ", ") + std::string(names[i]);
    values.push_back(inputs[i].values);
  }
  text += (options.first.empty() ? "y = " : "y, z = ") + ("ai.onnx.ml." + op) + "(" + operands + ")";
  if (!attributes.empty()) text += " {" + attributes + "}";
  if (options.first == "l")
    text += "\nl = ai.onnx.ml.LabelEncoder(y) {keys_strings = [\"a\", \"b\", \"c\"], values_int64s = [0, 1, 2]}";
  text += "\noutput " + (options.first.empty() ? "y" : options.first);
  if (options.first == "y" || options.first == "l") text += "\noutput z";
  text += "\ndomain ai.onnx.ml " + std::to_string(options.version);
  return body(name.empty() ? op : op + "." + name, text, options.tolerance, std::move(expected), std::move(values));
}

}  // namespace pare::test
