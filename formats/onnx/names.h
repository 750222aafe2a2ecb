// The value names of a model, at every depth.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// Names in use anywhere in a model. New values get names outside the set, so that no subgraph's name hides one.
class Names {
 public:
  void take(const std::string& name) { taken_.insert(name); }
  void take_all(const onnx::GraphProto& graph);
  // `base`, with a number behind it if it is taken; takes it.
  std::string fresh(const std::string& base);

 private:
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int64_t> suffixes_;  // the last number given behind each base
};

// Names that the subgraphs of a node use but do not define: values of the graphs around them.
std::vector<std::string> captured_names(const onnx::NodeProto& node);

}  // namespace pare::onnx_format
