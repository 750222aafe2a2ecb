#include "cli/arrays.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "formats/data/npz.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

std::string input_names(const Graph& graph) {
  std::string names;
  for (const ValueId id : graph.inputs) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", graph.value(id).name, to_string(graph.value(id).type));
  }
  return names.empty() ? "none" : names;
}

bool is_input(const Graph& graph, const std::string& name) {
  for (const ValueId id : graph.inputs) {
    if (graph.value(id).name == name) return true;
  }
  return false;
}

}  // namespace

std::vector<Tensor> read_inputs(const Graph& graph, const std::vector<std::string>& sources,
                                const std::vector<size_t>& optional) {
  std::map<std::string, Tensor> arrays;
  const auto put = [&](const std::string& source, std::string name, Tensor tensor) {
    if (!is_input(graph, name) && name.starts_with("in:")) name = name.substr(3);
    if (!is_input(graph, name)) {
      throw Error(ErrorCode::input, fmt::format("{}: array '{}' is no input of the model; expected {}", source, name, input_names(graph)));
    }
    if (!arrays.emplace(name, std::move(tensor)).second) {
      throw Error(ErrorCode::input, fmt::format("{}: input '{}' is given twice; give it once", source, name));
    }
  };
  for (const std::string& source : sources) {
    const size_t equals = source.find('=');
    if (equals != std::string::npos && source.ends_with(".npy")) {
      put(source, source.substr(0, equals), unwrap(read_npy(source.substr(equals + 1))));
    } else if (source.ends_with(".npz")) {
      for (NamedTensor& array : unwrap(read_npz(source))) {
        if (!array.name.starts_with("out:")) put(source, array.name, std::move(array.tensor));
      }
    } else {
      throw Error(ErrorCode::usage, fmt::format("--in {}: expected FILE.npz or NAME=FILE.npy", source));
    }
  }
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    const auto found = arrays.find(graph.value(id).name);
    if (found == arrays.end() && std::find(optional.begin(), optional.end(), i) != optional.end()) {
      inputs.emplace_back();
      continue;
    }
    if (found == arrays.end()) {
      throw Error(ErrorCode::input, fmt::format("no array for input '{}'; expected {}", graph.value(id).name, input_names(graph)));
    }
    inputs.push_back(found->second);
  }
  return inputs;
}

}  // namespace pare::cli
