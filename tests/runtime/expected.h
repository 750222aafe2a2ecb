// What ONNX Runtime makes of a shared model, and how near another's outputs must come.
#pragma once

#include <cmath>
#include <filesystem>
#include <map>

#include "formats/data/npz.h"
#include "graph/graph.h"
#include "tests/catch.h"

namespace pare::test {

struct Expected {
  std::vector<Tensor> inputs, outputs;
};

inline Expected expected_of(const Graph& graph, const std::filesystem::path& path) {
  auto arrays = read_npz(path);
  REQUIRE(arrays.ok());
  std::map<std::string, Tensor> by_name;
  for (NamedTensor& array : *arrays) by_name[array.name] = array.tensor;
  Expected expected;
  for (const ValueId id : graph.inputs) expected.inputs.push_back(by_name.at("in:" + graph.value(id).name));
  for (const ValueId id : graph.outputs) expected.outputs.push_back(by_name.at("out:" + graph.value(id).name));
  return expected;
}

// What an output may be off by, relative to the largest magnitude expected: two steps of its scale where the model
// quantizes it, else 1e-4.
inline double tolerance(const Graph& graph, ValueId output, const Tensor& expected) {
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) largest = std::max(largest, std::fabs(expected.as_double(i)));
  for (NodeId id = graph.value(output).producer; id != NodeId::none;) {
    const Node& node = graph.node(id);
    if (as<DequantizeLinear>(node.op)) return 2.01 * graph.value(node.inputs[1]).constant->as_double(0) / largest;
    id = as<Unary>(node.op, Unary::Kind::Identity) ? graph.value(node.inputs[0]).producer : NodeId::none;
  }
  return 1e-4;
}

// Largest difference, relative to the largest magnitude expected.
inline double relative_difference(const Tensor& actual, const Tensor& expected) {
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(actual.as_double(i) - expected.as_double(i));
    worst = difference > worst || std::isnan(difference) ? difference : worst;
    largest = std::max(largest, std::fabs(expected.as_double(i)));
  }
  return worst / largest;
}

}  // namespace pare::test
