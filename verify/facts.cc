#include "verify/facts.h"

#include "runtime/cost.h"

namespace pare {
namespace {

int64_t count_zeros(const Tensor& tensor) {
  int64_t zeros = 0;
  if (tensor.dtype() == DType::float32) {
    for (const float x : tensor.data<float>()) zeros += x == 0.0f;
  } else if (tensor.dtype() == DType::int8) {
    for (const int8_t x : tensor.data<int8_t>()) zeros += x == 0;
  } else {
    for (int64_t i = 0; i < tensor.size(); ++i) zeros += tensor.as_double(i) == 0.0;
  }
  return zeros;
}

// A shape, an index or a bound is no parameter: integers count where a dequantizer or an integer product reads them.
bool holds_weights(const Graph& graph, const Uses& uses, ValueId id) {
  const Tensor& tensor = *graph.value(id).constant;
  if (is_float(tensor.dtype())) return true;
  if (!is_integer(tensor.dtype())) return false;
  for (const Use& use : uses.of(id)) {
    const Op& op = graph.node(use.node).op;
    if (use.slot == 0 && as<DequantizeLinear>(op)) return true;
    if (use.slot == 1 && (as<ConvInteger>(op) || as<MatMulInteger>(op))) return true;
  }
  return false;
}

}  // namespace

ModelFacts model_facts(const Graph& graph) {
  ModelFacts facts;
  const Uses uses(graph);
  for (const ValueId id : graph.values()) {
    const auto& constant = graph.value(id).constant;
    if (!constant) continue;
    facts.weight_bytes += static_cast<int64_t>(constant->byte_size());
    if (!holds_weights(graph, uses, id)) continue;
    facts.parameters += constant->size();
    facts.zeros += count_zeros(*constant);
  }
  for (const NodeId id : graph.order()) {
    ++facts.nodes;
    ++facts.operators[std::string(op_type(graph.node(id).op))];
  }
  facts.macs = graph_macs(graph);
  return facts;
}

}  // namespace pare
