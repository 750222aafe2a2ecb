#include "compress/fold_shapes.h"

#include <algorithm>

#include "compress/reshape_target.h"
#include "compress/rewrite.h"
#include "graph/inference.h"
#include "graph/ops/infer_util.h"

namespace pare {
namespace {

std::optional<Tensor> known_tensor(const Known& known) {
  if (!known.contents || !known.type.shape || known.type.shape->size() > 1) return std::nullopt;
  const DType dtype = known.type.dtype;
  if (dtype != DType::int64 && dtype != DType::int32 && dtype != DType::boolean) return std::nullopt;
  Dims dims;
  if (known.type.shape->size() == 1) dims.push_back(static_cast<int64_t>(known.contents->size()));
  Tensor tensor(known.type.dtype, dims);
  if (tensor.size() != static_cast<int64_t>(known.contents->size())) return std::nullopt;
  for (size_t i = 0; i < known.contents->size(); ++i) {
    std::optional<int64_t> number = content_number((*known.contents)[i]);
    if (!number) return std::nullopt;
    tensor.set_double(static_cast<int64_t>(i), static_cast<double>(*number));
  }
  return tensor;
}

int fold_known_values(Graph& graph, const Inference& inference) {
  int folded = 0;
  Uses uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (as<Opaque>(graph.node(id).op) || graph.node(id).outputs.size() != 1) continue;
    ValueId output = graph.node(id).outputs[0];
    if (output == ValueId::none || uses.is_output(output)) continue;
    std::optional<Tensor> tensor = known_tensor(inference.known(output));
    if (!tensor) continue;
    graph.remove_node(id);
    graph.set_constant(output, std::move(*tensor));
    ++folded;
  }
  return folded;
}

int fold_reshape_targets(Graph& graph, const Inference& inference) {
  int folded = 0;
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    const Reshape* reshape = as<Reshape>(node.op);
    if (reshape == nullptr || reshape->allowzero || graph.value(node.inputs[1]).constant) continue;
    const std::optional<std::vector<Dim>>& contents = inference.known(node.inputs[1]).contents;
    if (!contents) continue;
    std::optional<Tensor> target = reshape_target(*contents, shape_of(graph, node.inputs[0]));
    if (!target) continue;
    std::string name = graph.value(node.inputs[1]).name;
    ValueId fresh = graph.add_constant(name, std::move(*target));
    graph.node(id).inputs[1] = fresh;
    ++folded;
  }
  return folded;
}

}  // namespace

int fold_shapes(Graph& graph) {
  Inference inference(graph);
  if (!inference.run().ok()) return 0;
  int folded = fold_reshape_targets(graph, inference) + fold_known_values(graph, inference);
  if (folded > 0) graph.remove_unused();
  return folded;
}

}  // namespace pare
