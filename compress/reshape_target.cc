#include "compress/reshape_target.h"

#include <algorithm>

#include "compress/rewrite.h"
#include "graph/ops/infer_util.h"

namespace pare {

std::optional<Tensor> reshape_target(const Shape& wanted, const Shape* data) {
  std::vector<int64_t> target;
  int open = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (const std::optional<int64_t> number = content_number(wanted[i])) {
      target.push_back(*number);
      open += *number == -1;
    } else if (data != nullptr && i < data->size() && wanted[i].same((*data)[i])) {
      target.push_back(0);
    } else {
      target.push_back(-1);
      ++open;
    }
  }
  if (open > 1) return std::nullopt;
  return Tensor::of<int64_t>({static_cast<int64_t>(target.size())}, target);
}

bool become_reshape(Graph& graph, NodeId id, ValueId data) {
  const ValueId output = graph.node(id).outputs[0];
  const Shape* shape = shape_of(graph, output);
  if (shape == nullptr || std::ranges::count(*shape, Dim(0)) > 0) return false;
  std::optional<Tensor> target = reshape_target(*shape, shape_of(graph, data));
  if (!target) return false;
  const std::string name = graph.value(output).name + ".shape";
  const ValueId constant = graph.add_constant(name, std::move(*target));
  Node& node = graph.node(id);
  node.op = Reshape{};
  node.inputs = {data, constant};
  return true;
}

bool keeps_order(const Op& op) { return as<Reshape>(op) || as<Flatten>(op) || as<Squeeze>(op) || as<Unsqueeze>(op); }

}  // namespace pare
