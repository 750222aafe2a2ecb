// Inference and links of products on integer weights.
#include "graph/ops/blocks.h"

#include <algorithm>

#include "graph/ops/conv.h"
#include "graph/ops/delegate.h"
#include "graph/ops/infer_util.h"

namespace pare {
namespace {

constexpr std::initializer_list<DType> kBytes{DType::int8, DType::uint8};

Result<void> check_bits(int64_t bits) {
  if (bits >= 2 && bits <= 8) return {};
  return input_error("bits is " + std::to_string(bits) + ", expected 2 to 8");
}

Result<void> check_block(int64_t block_size) {
  if (block_size >= 16 && block_size <= INT32_MAX && (block_size & (block_size - 1)) == 0) return {};
  return input_error("block_size is " + std::to_string(block_size) + ", expected a power of two from 16 up");
}

// A scale, zero point or bias of the columns: scalar, of one element, or one per column of the product.
void link_columns(LinkContext& context, int slot, AxisRef column) {
  if (!context.has(static_cast<size_t>(slot))) return;
  const auto& shape = context.inputs[static_cast<size_t>(slot)].shape;
  if (shape && shape->size() <= 1) {
    if (shape->size() == 1 && shape->front().size != 1) context.link(in(slot, 0), column);
  } else {
    context.fix(column);
  }
}

void link_product(LinkContext& context, const std::vector<int>& columns) {
  link_as(MatMul{}, context, {0, 1});
  const int rank = context.rank(AxisRef::Side::input, 1);
  if (rank < 2) return;
  for (const int slot : columns) link_columns(context, slot, in(1, rank - 1));
}

// Extent of the axis, or unknown.
Dim extent(const InferContext& context, size_t i, size_t axis) {
  return context.has(i) && context.shape(i) && axis < context.shape(i)->size() ? (*context.shape(i))[axis] : Dim();
}

Result<void> need_elements(const InferContext& context, size_t i, std::string_view name, int64_t elements) {
  if (!context.has(i)) return {};
  const auto dims = context.type(i).dims();
  if (!dims || element_count(*dims) == elements) return {};
  return input_error(std::string(name) + " is " + to_string(context.type(i)) + ", expected " +
                     std::to_string(elements) + " elements");
}

}  // namespace

Result<void> DynamicQuantizeMatMul::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "A", {DType::float32}));
  PARE_TRY(need_dtype(context, 1, "B", kBytes));
  PARE_TRY(need_same_dtype(context, {1, 3}));
  PARE_TRY(need_dtype(context, 2, "b_scale", {DType::float32}));
  PARE_TRY(need_dtype(context, 4, "bias", {DType::float32}));
  PARE_TRY(need_rank(context, 4, "bias", 1, 1));
  PARE_ASSIGN(Type y, type_as(MatMul{}, context, {0, 1}, DType::float32));
  context.set(0, DType::float32, std::move(y.shape));
  return {};
}

Result<void> MatMulIntegerToFloat::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "A", kBytes));
  PARE_TRY(need_dtype(context, 1, "B", kBytes));
  PARE_TRY(need_same_dtype(context, {0, 4}));
  PARE_TRY(need_same_dtype(context, {1, 5}));
  PARE_TRY(need_float(context, 2, "a_scale"));
  PARE_TRY(need_same_dtype(context, {2, 3, 6}));
  PARE_TRY(need_rank(context, 6, "bias", 1, 1));
  PARE_ASSIGN(Type y, type_as(MatMul{}, context, {0, 1}, DType::float32));
  context.set(0, context.type(2).dtype, std::move(y.shape));
  return {};
}

Result<void> MatMulNBits::infer(InferContext& context) const {
  if (weight_prepacked != 0)
    return unsupported("has weights in the layout of one program and machine (weight_prepacked)");
  PARE_TRY(check_bits(bits));
  PARE_TRY(check_block(block_size));
  if (K < 1 || N < 1 || K > INT32_MAX || N > INT32_MAX)
    return input_error("K is " + std::to_string(K) + " and N " + std::to_string(N) + ", expected 1 to " +
                       std::to_string(INT32_MAX));
  const int64_t blocks = (K + block_size - 1) / block_size;
  PARE_TRY(need_float(context, 0, "A"));
  PARE_TRY(need_dtype(context, 1, "B", {DType::uint8}));
  PARE_TRY(need_float(context, 2, "scales"));
  PARE_TRY(need_dtype(context, 4, "g_idx", {DType::int32}));
  PARE_TRY(need_rank(context, 0, "A", 1));
  PARE_TRY(need_elements(context, 1, "B", N * blocks * (block_size * bits / 8)));
  PARE_TRY(need_elements(context, 2, "scales", N * blocks));
  const bool packed = context.has(3) && context.type(3).dtype == DType::uint8;
  if (context.has(3) && !packed) PARE_TRY(need_float(context, 3, "zero_points"));
  PARE_TRY(need_elements(context, 3, "zero_points", packed ? N * ((blocks * bits + 7) / 8) : N * blocks));
  PARE_TRY(need_elements(context, 5, "bias", N));
  std::optional<Shape> y = context.shape(0);
  if (y) {
    PARE_TRY(unify(y->back(), Dim(K), "the last axis of A and K"));
    y->back() = Dim(N);
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> GatherBlockQuantized::infer(InferContext& context) const {
  PARE_TRY(check_bits(bits));
  PARE_TRY(check_block(block_size));
  PARE_TRY(need_dtype(context, 0, "data", {DType::uint8, DType::uint4, DType::int4}));
  PARE_TRY(need_dtype(context, 1, "indices", {DType::int32, DType::int64}));
  PARE_TRY(need_float(context, 2, "scales"));
  PARE_TRY(need_same_dtype(context, {0, 3}));
  const bool packed = context.type(0).dtype == DType::uint8;
  if (packed ? bits != 2 && bits != 4 && bits != 8 : bits != 4)
    return input_error("bits is " + std::to_string(bits) + ", expected " +
                       (packed ? "2, 4 or 8 in uint8 data" : "4 in data of that type"));
  const auto& data = context.shape(0);
  const auto& indices = context.shape(1);
  if (!data) {
    context.set(0, context.type(2).dtype, std::nullopt);
    return {};
  }
  const auto rank = static_cast<int64_t>(data->size());
  PARE_ASSIGN(const int64_t gathered, normalize_axis(gather_axis, rank));
  PARE_ASSIGN(const int64_t quantized, normalize_axis(quantize_axis, rank));
  if (packed && (quantized != rank - 1 || gathered == quantized))
    return input_error("quantize_axis is " + std::to_string(quantize_axis) +
                       ", expected the last one in uint8 data, and another than gather_axis");
  PARE_TRY(need_rank(context, 2, "scales", data->size(), data->size()));
  PARE_TRY(need_rank(context, 3, "zero_points", data->size(), data->size()));
  std::optional<Shape> y;
  if (indices) {
    y.emplace(data->begin(), data->begin() + gathered);
    y->insert(y->end(), indices->begin(), indices->end());
    y->insert(y->end(), data->begin() + gathered + 1, data->end());
    if (packed && bits < 8) {
      const auto wide = y->back().known() ? checked_mul(y->back().size, 8 / bits) : std::nullopt;
      y->back() = wide ? Dim(*wide) : Dim();
    }
  }
  context.set(0, context.type(2).dtype, std::move(y));
  return {};
}

Result<void> DynamicQuantizeLSTM::infer(InferContext& context) const {
  PARE_TRY(need_one_of("direction", direction, {"forward", "reverse", "bidirectional"}));
  if (hidden_size && (*hidden_size < 1 || *hidden_size > INT32_MAX / 4))
    return input_error("hidden_size is " + std::to_string(*hidden_size) + ", expected 1 or more");
  PARE_TRY(need_present(context, {8, 9, 10, 11}));
  PARE_TRY(need_dtype(context, 0, "X", {DType::float32}));
  PARE_TRY(need_dtype(context, 1, "W", kBytes));
  PARE_TRY(need_dtype(context, 2, "R", kBytes));
  for (const size_t i : {3, 5, 6, 7, 8, 10}) PARE_TRY(need_dtype(context, i, "an operand", {DType::float32}));
  PARE_TRY(need_dtype(context, 4, "sequence_lens", {DType::int32}));
  PARE_TRY(need_same_dtype(context, {1, 9}));
  PARE_TRY(need_same_dtype(context, {2, 11}));
  for (const size_t i : {0, 1, 2, 5, 6}) PARE_TRY(need_rank(context, i, "X, W, R and the initial states", 3, 3));
  const Dim directions(direction == "bidirectional" ? 2 : 1);
  PARE_TRY(unify(extent(context, 1, 0), directions, "directions and axis 0 of W"));
  PARE_TRY(unify(extent(context, 2, 0), directions, "directions and axis 0 of R"));
  PARE_TRY(unify(extent(context, 0, 2), extent(context, 1, 1), "the size of the input in X and W"));
  PARE_ASSIGN(const Dim hidden,
              unify(extent(context, 2, 1), hidden_size ? Dim(*hidden_size) : Dim(), "hidden_size and R"));
  if (hidden.known() && hidden.size <= INT32_MAX / 4) {
    PARE_TRY(unify(extent(context, 1, 2), Dim(4 * hidden.size), "axis 2 of W"));
    PARE_TRY(unify(extent(context, 2, 2), Dim(4 * hidden.size), "axis 2 of R"));
  }
  const Dim length = extent(context, 0, 0), batch = extent(context, 0, 1);
  context.set(0, DType::float32, Shape{length, directions, batch, hidden});
  context.set(1, DType::float32, Shape{directions, batch, hidden});
  context.set(2, DType::float32, Shape{directions, batch, hidden});
  return {};
}

// A's scale comes from the extremes of all its elements.
void DynamicQuantizeMatMul::links(LinkContext& context) const {
  link_product(context, {2, 3, 4});
  for (int axis = 0; axis < context.rank(AxisRef::Side::input, 0); ++axis) context.fix(in(0, axis));
}

void MatMulIntegerToFloat::links(LinkContext& context) const {
  link_product(context, {3, 5, 6});
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank >= 2)
    for (const int slot : {2, 4}) link_columns(context, slot, in(0, rank - 2));
}

// K and N count, and elements share bytes: only the batch goes through.
void MatMulNBits::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0);
  for (int axis = 0; axis + 1 < rank; ++axis) context.link(in(0, axis), out(0, axis));
}

// Rows that nobody gathers by number would be renumbered: everything stays but the axes of the indices.
void GatherBlockQuantized::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0), more = context.rank(AxisRef::Side::input, 1);
  if (rank < 1 || more < 0) return;
  const int at = static_cast<int>(gather_axis < 0 ? gather_axis + rank : gather_axis);
  for (int axis = 0; axis < more; ++axis) context.link(in(1, axis), out(0, at + axis));
}

void DynamicQuantizeLSTM::links(LinkContext&) const {}  // the gates share the scales of all elements

}  // namespace pare
