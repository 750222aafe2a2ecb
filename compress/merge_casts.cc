#include "compress/merge_casts.h"

#include "compress/rewrite.h"

namespace pare {
namespace {

// Of the IEEE types: bits of the significand and of the exponent.
struct Precision {
  int significand = 0, exponent = 0;
};
Precision precision_of(DType dtype) {
  if (dtype == DType::float64) return {53, 11};
  if (dtype == DType::float32) return {24, 8};
  if (dtype == DType::float16) return {11, 5};
  return dtype == DType::bfloat16 ? Precision{8, 8} : Precision{};
}

}  // namespace

bool holds_exactly(DType to, DType from) {
  if (to == from) return true;
  const Precision wide = precision_of(to), narrow = precision_of(from);
  if (narrow.significand > 0) {
    return wide.significand >= narrow.significand && wide.exponent >= narrow.exponent;
  }
  if (from == DType::boolean) return is_integer(to) || wide.significand > 0;
  if (!is_integer(from)) return false;
  const int digits = bits(from) - (is_signed_integer(from) ? 1 : 0);  // of the magnitude
  if (wide.significand > 0) return digits <= wide.significand && digits < (1 << (wide.exponent - 1));
  if (!is_integer(to)) return false;
  const int room = bits(to) - (is_signed_integer(to) ? 1 : 0);
  return room >= digits && (is_signed_integer(to) || !is_signed_integer(from));
}

int merge_casts(Graph& graph) {
  int merged = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Cast* outer = as<Cast>(graph.node(id).op);
    const Node* inner = outer ? producer_as<Cast>(graph, graph.node(id).inputs[0]) : nullptr;
    if (inner == nullptr) continue;
    const ValueId data = inner->inputs[0];
    if (!holds_exactly(as<Cast>(inner->op)->to, graph.value(data).type.dtype)) continue;
    if (outer->to == graph.value(data).type.dtype && forward(graph, graph.node(id).outputs[0], data)) {
      ++merged;
      continue;
    }
    graph.node(id).inputs[0] = data;
    ++merged;
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
