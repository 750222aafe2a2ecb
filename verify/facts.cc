#include "verify/facts.h"

#include <algorithm>

#include "runtime/cost.h"

namespace pare {
namespace {

// Of whole windows of elements of one width; `mask` takes the sign off floating-point zeros.
template <class T>
int64_t count_zeros(std::span<const std::byte> bytes, T mask) {
  int64_t zeros = 0;
  const T* values = reinterpret_cast<const T*>(bytes.data());
  const size_t count = bytes.size() / sizeof(T);
  constexpr size_t kBlock = 4096;  // counted in a narrow sum, which vectors add up fast
  for (size_t at = 0; at < count; at += kBlock) {
    int32_t block = 0;
    for (size_t i = at; i < std::min(count, at + kBlock); ++i) block += (values[i] & mask) == 0;
    zeros += block;
  }
  return zeros;
}

int64_t count_zeros(const Tensor& tensor) {
  const DType dtype = tensor.dtype();
  const int width = bits(dtype);
  const bool sign = is_float(dtype);
  int64_t zeros = 0;
  if (width < 8 || (sign && width < 16)) {
    for (int64_t i = 0; i < tensor.size(); ++i) zeros += tensor.as_double(i) == 0.0;
    return zeros;
  }
  tensor.each_window([&](std::span<const std::byte> window) {
    if (width == 8) zeros += count_zeros<uint8_t>(window, 0xff);
    if (width == 16) zeros += count_zeros<uint16_t>(window, sign ? 0x7fff : 0xffff);
    if (width == 32) zeros += count_zeros<uint32_t>(window, sign ? 0x7fffffffu : ~0u);
    if (width == 64) zeros += count_zeros<uint64_t>(window, sign ? ~uint64_t{0} >> 1 : ~uint64_t{0});
  });
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

ModelFacts& ModelFacts::operator+=(const ModelFacts& other) {
  parameters += other.parameters;
  zeros += other.zeros;
  macs += other.macs;
  weight_bytes += other.weight_bytes;
  nodes += other.nodes;
  for (const auto& [op, count] : other.operators) operators[op] += count;
  return *this;
}

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
