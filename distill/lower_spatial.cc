#include "distill/lower.h"

namespace pare {
namespace {

constexpr char kRegions[] = "pools regions that the data chooses, which training does not follow";

// `pads` begins of all axes, then their ends; LibTorch counts from the last axis.
at::Tensor padded(const at::Tensor& x, const std::vector<int64_t>& pads) {
  std::vector<int64_t> reversed;
  const size_t axes = pads.size() / 2;
  for (size_t i = axes; i-- > 0;) reversed.insert(reversed.end(), {pads[i], pads[axes + i]});
  return reversed.empty() ? x : at::constant_pad_nd(x, reversed, 0);
}

std::vector<int64_t> filled(const std::vector<int64_t>& values, size_t size, int64_t otherwise) {
  return values.empty() ? std::vector<int64_t>(size, otherwise) : values;
}

}  // namespace

// The p-th powers through a depthwise convolution by ones.
Result<void> lower(const LpPool& op, LowerContext& context) {
  if (op.ceil_mode != 0 || (op.auto_pad != "NOTSET" && op.auto_pad != "VALID"))
    return unsupported("pads by ceil_mode or auto_pad, which training does not follow; give pads instead");
  const at::Tensor& x = context.inputs[0];
  const size_t axes = op.kernel_shape.size();
  const auto order = static_cast<double>(op.p);
  std::vector<int64_t> kernel{x.size(1), 1};
  kernel.insert(kernel.end(), op.kernel_shape.begin(), op.kernel_shape.end());
  const at::Tensor powers = padded(x, op.auto_pad == "VALID" ? std::vector<int64_t>() : op.pads).abs().pow(order);
  const std::vector<int64_t> none(axes, 0);
  context.outputs[0] = at::convolution(powers, at::ones(kernel, x.options()), {}, filled(op.strides, axes, 1), none,
                                       filled(op.dilations, axes, 1), false, none, x.size(1))
                           .pow(1 / order);
  return {};
}

Result<void> lower(const GlobalLpPool& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  const auto order = static_cast<double>(op.p);
  context.outputs[0] = x.abs().pow(order).sum(axes, true).pow(1 / order);
  return {};
}

Result<void> lower(const MaxUnpool& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const size_t axes = op.kernel_shape.size();
  const auto strides = filled(op.strides, axes, 1), pads = filled(op.pads, 2 * axes, 0);
  std::vector<int64_t> dims = x.sizes().vec();
  for (size_t i = 0; i < axes; ++i)
    dims[2 + i] = (dims[2 + i] - 1) * strides[i] + op.kernel_shape[i] - pads[i] - pads[axes + i];
  const at::Tensor where = context.inputs[1].to(at::kLong).reshape({-1});
  at::Tensor y =
      at::zeros({c10::multiply_integers(dims)}, x.options()).scatter(0, where, x.reshape({-1})).reshape(dims);
  if (context.has(2)) {
    const std::vector<int64_t> asked = context.ints(2);
    std::vector<int64_t> more(2 * dims.size(), 0);
    for (size_t i = 0; i < dims.size(); ++i) more[dims.size() + i] = asked[i] - dims[i];
    y = padded(y, more);
  }
  context.outputs[0] = y;
  return {};
}

Result<void> lower(const MaxRoiPool&, LowerContext&) { return unsupported(kRegions); }
Result<void> lower(const RoiAlign&, LowerContext&) { return unsupported(kRegions); }

Result<void> lower(const GridSample& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  if (x.dim() != 4 && x.dim() != 5) return unsupported("samples neither planes nor volumes, which LibTorch's does");
  if (x.dim() == 5 && op.mode == "cubic") return unsupported("samples volumes by cubics, which LibTorch's does not");
  const int64_t mode = op.mode == "linear" ? 0 : op.mode == "nearest" ? 1 : 2;
  const int64_t padding = op.padding_mode == "zeros" ? 0 : op.padding_mode == "border" ? 1 : 2;
  context.outputs[0] = at::grid_sampler(x, context.inputs[1].to(x.scalar_type()), mode, padding, op.align_corners != 0);
  return {};
}

Result<void> lower(const AffineGrid& op, LowerContext& context) {
  context.outputs[0] = at::affine_grid_generator(context.inputs[0], context.ints(1), op.align_corners != 0);
  return {};
}

Result<void> lower(const Col2Im& op, LowerContext& context) {
  std::vector<int64_t> image = context.ints(1);
  if (image.size() != 2) return unsupported("rearranges into other images than planes, which LibTorch's does not");
  const auto pads = filled(op.pads, 4, 0);
  const std::vector<int64_t> wide{image[0] + pads[0] + pads[2], image[1] + pads[1] + pads[3]};
  const at::Tensor y = at::col2im(context.inputs[0], wide, context.ints(2), filled(op.dilations, 2, 1), {0, 0},
                                  filled(op.strides, 2, 1));
  context.outputs[0] = y.narrow(2, pads[0], image[0]).narrow(3, pads[1], image[1]);
  return {};
}

Result<void> lower(const DeformConv&, LowerContext&) {
  return unsupported("convolves where its offsets point, which LibTorch has no operator for");
}

}  // namespace pare
