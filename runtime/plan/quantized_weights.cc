#include "runtime/plan/quantized_weights.h"

#include <cmath>

namespace pare {
namespace {

// The entry of the scale for each row, in order.
std::optional<std::vector<int64_t>> entries_by_row(const DequantizeLinear& op, const Dims& dims, const Tensor& scale) {
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t axis = op.axis < 0 ? op.axis + rank : op.axis;
  const int64_t rows = count_of(dims, 0, dims.size() - 1);
  std::vector<int64_t> entries(static_cast<size_t>(rows), 0);
  if (scale.size() == 1) return entries;
  if (axis < 0 || axis >= rank) return std::nullopt;
  const auto at = static_cast<size_t>(axis);
  const Dims& own = scale.dims();
  const bool blocked = op.block_size > 0 && own.size() == dims.size();
  if (blocked ? own.back() != 1 : (op.block_size != 0 || axis == rank - 1 || scale.size() != dims[at]))
    return std::nullopt;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t rest = row, entry = 0, step = 1;
    for (size_t i = dims.size() - 1; i-- > 0;) {
      const int64_t index = rest % dims[i];
      rest /= dims[i];
      if (!blocked) {
        if (i == at) entry = index;
        continue;
      }
      entry += (i == at ? index / op.block_size : index) * step;
      step *= own[i];
    }
    entries[static_cast<size_t>(row)] = entry;
  }
  return entries;
}

}  // namespace

std::optional<Tensor> as_bytes(const Tensor& tensor) {
  if (!is_integer(tensor.dtype()) || bits(tensor.dtype()) > 8) return std::nullopt;
  auto bytes = cast(tensor, is_signed_integer(tensor.dtype()) ? DType::int8 : DType::uint8);
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

std::optional<QuantizedRows> quantized_rows(const Builder& builder, ValueId value) {
  const NodeId producer = builder.graph.value(value).producer;
  if (producer == NodeId::none || builder.dtype(value) != DType::float32) return std::nullopt;
  const Node& node = builder.node(producer);
  const auto* op = as<DequantizeLinear>(node.op);
  if (!op) return std::nullopt;
  const Tensor* q = builder.constant(node.inputs[0]);
  const Tensor* scale = builder.constant(node.inputs[1]);
  if (!q || !scale || q->rank() < 2 || q->size() == 0 || scale->dtype() != DType::float32) return std::nullopt;
  const bool given = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
  const Tensor* zero = given ? builder.constant(node.inputs[2]) : nullptr;
  if (given && (!zero || zero->size() != scale->size() || !is_integer(zero->dtype()))) return std::nullopt;
  const auto entries = entries_by_row(*op, q->dims(), *scale);
  auto data = entries ? as_bytes(*q) : std::nullopt;
  if (!data) return std::nullopt;
  QuantizedRows rows{*std::move(data), {}, {}};
  for (const int64_t entry : *entries) {
    const float s = scale->data<float>()[static_cast<size_t>(entry)];
    if (!(s > 0) || !std::isfinite(s)) return std::nullopt;
    rows.scale.push_back(s);
    if (zero) rows.zero_point.push_back(static_cast<int32_t>(zero->as_int(entry)));
  }
  return rows;
}

}  // namespace pare
