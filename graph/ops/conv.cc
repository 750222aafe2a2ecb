// Inference of convolutions and matrix products.
#include "graph/ops/conv.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Shape spatial_part(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

// kernel_shape against the spatial extents of the weight; either may be unknown.
Result<Shape> kernel_extents(const std::vector<int64_t>& kernel_shape, const std::optional<Shape>& weight,
                             size_t spatial) {
  Shape kernel = weight ? spatial_part(*weight) : unknown_shape(spatial);
  if (kernel_shape.empty()) return kernel;
  PARE_TRY(check_list("kernel_shape", kernel_shape, spatial, 1));
  for (size_t i = 0; i < spatial; ++i) {
    PARE_ASSIGN(kernel[i], unify(kernel[i], Dim(kernel_shape[i]), "kernel_shape and the extents of W"));
  }
  return kernel;
}

// Ranks of X and W, group, the channels of X against W; the number of spatial axes, if a rank is known.
Result<std::optional<size_t>> check_operands(const InferContext& context, int64_t group, size_t channel_axis_of_w) {
  PARE_TRY(need_rank(context, 0, "X", 3));
  PARE_TRY(need_rank(context, 1, "W", 3));
  if (group < 1) return input_error("group is " + std::to_string(group) + ", expected 1 or more");
  const auto& x = context.shape(0);
  const auto& w = context.shape(1);
  if (x && w && x->size() != w->size()) {
    return input_error("W has rank " + std::to_string(w->size()) + ", expected the rank of X, " +
                       std::to_string(x->size()));
  }
  if (w && (*w)[0].known() && (*w)[0].size % group != 0) {
    return input_error("group " + std::to_string(group) + " does not divide the first extent of W, " +
                       std::to_string((*w)[0].size));
  }
  if (x && w && (*w)[channel_axis_of_w].known() && (*x)[1].known()) {
    const auto channels = checked_mul((*w)[channel_axis_of_w].size, channel_axis_of_w == 1 ? group : 1);
    if (!channels || *channels != (*x)[1].size) {
      return input_error("X has " + std::to_string((*x)[1].size) + " channels, expected " +
                         (channels ? std::to_string(*channels) : std::string("another number")) + " from W and group " +
                         std::to_string(group));
    }
  }
  if (x) return std::optional<size_t>(x->size() - 2);
  return w ? std::optional<size_t>(w->size() - 2) : std::nullopt;
}

Result<void> check_bias(const InferContext& context, size_t input, const Dim& channels) {
  PARE_TRY(need_rank(context, input, "B", 1, 1));
  if (!context.has(input) || !context.shape(input)) return {};
  const auto agreed = unify((*context.shape(input))[0], channels, "elements of B and output channels");
  return agreed ? Result<void>() : agreed.failure();
}

// Conv and ConvInteger; everything but element types and bias.
template <class O>
Result<void> infer_convolution(const O& op, InferContext& context, DType dtype) {
  PARE_ASSIGN(const std::optional<size_t> spatial, check_operands(context, op.group, 1));
  if (!spatial) {
    context.set(0, dtype, std::nullopt);
    return {};
  }
  const SpatialWindow window{op.auto_pad, op.dilations, op.pads, op.strides};
  PARE_TRY(check_window(window, *spatial));
  const auto& x = context.shape(0);
  const auto& w = context.shape(1);
  PARE_ASSIGN(const Shape kernel, kernel_extents(op.kernel_shape, w, *spatial));
  PARE_ASSIGN(const Shape extents, window_output(window, x ? spatial_part(*x) : unknown_shape(*spatial), kernel));
  Shape y{x ? (*x)[0] : Dim(), w ? (*w)[0] : Dim()};
  y.insert(y.end(), extents.begin(), extents.end());
  context.set(0, dtype, std::move(y));
  return {};
}

Result<void> check_zero_point(const InferContext& context, size_t operand, size_t zero_point, std::string_view name) {
  PARE_TRY(need_dtype(context, operand, name, {DType::uint8, DType::int8}));
  return need_same_dtype(context, {operand, zero_point});
}

// The product's shape as numpy.matmul defines it.
Result<std::optional<Shape>> matmul_shape(const InferContext& context) {
  PARE_TRY(need_rank(context, 0, "A", 1));
  PARE_TRY(need_rank(context, 1, "B", 1));
  if (!context.shape(0) || !context.shape(1)) return std::optional<Shape>();
  Shape a = *context.shape(0);
  Shape b = *context.shape(1);
  const bool a_vector = a.size() == 1;
  const bool b_vector = b.size() == 1;
  if (a_vector) a.insert(a.begin(), Dim(1));
  if (b_vector) b.push_back(Dim(1));
  PARE_TRY(unify(a.back(), b[b.size() - 2], "the inner extents of A and B"));
  PARE_ASSIGN(Shape y, broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2}));
  if (!a_vector) y.push_back(a[a.size() - 2]);
  if (!b_vector) y.push_back(b.back());
  return std::optional<Shape>(std::move(y));
}

// Extent of spatial axis i of a ConvTranspose; the specification's formulas.
Result<Dim> transposed_extent(const ConvTranspose& op, const Dim& in, const Dim& kernel, size_t i, size_t spatial) {
  if (!op.output_shape.empty()) return Dim(op.output_shape[i]);
  const int64_t stride = op.strides.empty() ? 1 : op.strides[i];
  if (op.auto_pad == "SAME_UPPER" || op.auto_pad == "SAME_LOWER") {
    if (stride == 1) return in;
    const auto extent = in.known() ? checked_mul(in.size, stride) : std::nullopt;
    return extent ? Dim(*extent) : Dim();
  }
  if (!in.known() || !kernel.known()) return Dim();
  const bool padded = op.auto_pad == "NOTSET" && !op.pads.empty();
  const __int128 extent = static_cast<__int128>(stride) * (in.size - 1) +
                          static_cast<__int128>(kernel.size - 1) * (op.dilations.empty() ? 1 : op.dilations[i]) + 1 +
                          (op.output_padding.empty() ? 0 : op.output_padding[i]) -
                          (padded ? op.pads[i] + op.pads[i + spatial] : 0);
  if (extent < 1 || extent > INT64_MAX) {
    return input_error("the output has no positive extent along spatial axis " + std::to_string(i) +
                       ", expected pads that leave some");
  }
  return Dim(static_cast<int64_t>(extent));
}

}  // namespace

Result<void> Conv::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(infer_convolution(*this, context, common_dtype(context)));
  return check_bias(context, 2, context.shape(1) ? (*context.shape(1))[0] : Dim());
}

Result<void> ConvInteger::infer(InferContext& context) const {
  PARE_TRY(check_zero_point(context, 0, 2, "x"));
  PARE_TRY(check_zero_point(context, 1, 3, "w"));
  PARE_TRY(need_rank(context, 2, "x_zero_point", 0, 1));
  PARE_TRY(need_rank(context, 3, "w_zero_point", 0, 1));
  return infer_convolution(*this, context, DType::int32);
}

Result<void> ConvTranspose::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_ASSIGN(const std::optional<size_t> spatial, check_operands(context, group, 0));
  const DType dtype = common_dtype(context);
  if (!spatial) {
    context.set(0, dtype, std::nullopt);
    return {};
  }
  const SpatialWindow window{auto_pad, dilations, pads, strides};
  PARE_TRY(check_window(window, *spatial));
  PARE_TRY(check_list("output_shape", output_shape, *spatial, 1));
  PARE_TRY(check_list("output_padding", output_padding, *spatial, 0));
  const auto& x = context.shape(0);
  const auto& w = context.shape(1);
  PARE_ASSIGN(const Shape kernel, kernel_extents(kernel_shape, w, *spatial));
  Dim channels;
  if (w && (*w)[1].known()) {
    const auto product = checked_mul((*w)[1].size, group);
    if (!product) return input_error("the number of output channels overflows");
    channels = Dim(*product);
  }
  PARE_TRY(check_bias(context, 2, channels));
  Shape y{x ? (*x)[0] : Dim(), channels};
  for (size_t i = 0; i < *spatial; ++i) {
    PARE_ASSIGN(Dim extent, transposed_extent(*this, x ? (*x)[i + 2] : Dim(), kernel[i], i, *spatial));
    y.push_back(std::move(extent));
  }
  context.set(0, dtype, std::move(y));
  return {};
}

Result<void> Gemm::infer(InferContext& context) const {
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(need_rank(context, 0, "A", 2, 2));
  PARE_TRY(need_rank(context, 1, "B", 2, 2));
  PARE_TRY(need_rank(context, 2, "C", 0, 2));
  const auto part = [&](size_t i, bool second) {
    return context.shape(i) ? (*context.shape(i))[second ? 1 : 0] : Dim();
  };
  PARE_TRY(unify(part(0, transA == 0), part(1, transB != 0), "the inner extents of A and B"));
  Shape y{part(0, transA != 0), part(1, transB == 0)};
  if (context.has(2) && context.shape(2)) PARE_TRY(check_broadcasts_to(*context.shape(2), y, "C"));
  context.set(0, common_dtype(context), std::move(y));
  return {};
}

Result<void> MatMul::infer(InferContext& context) const {
  PARE_TRY(need_same_dtype(context, {0, 1}));
  PARE_ASSIGN(std::optional<Shape> y, matmul_shape(context));
  context.set(0, common_dtype(context), std::move(y));
  return {};
}

Result<void> MatMulInteger::infer(InferContext& context) const {
  PARE_TRY(check_zero_point(context, 0, 2, "A"));
  PARE_TRY(check_zero_point(context, 1, 3, "B"));
  PARE_ASSIGN(std::optional<Shape> y, matmul_shape(context));
  context.set(0, DType::int32, std::move(y));
  return {};
}

}  // namespace pare
