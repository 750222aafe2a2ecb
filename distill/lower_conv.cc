#include "distill/lower.h"

namespace pare {
namespace {

// Begin and end padding of each spatial axis.
struct SlidingWindow {
  Dims kernel, strides, dilations, begins, ends;

  bool symmetric() const { return begins == ends; }
  // As at::constant_pad_nd wants it: last axis first.
  Dims pads() const {
    Dims out;
    for (size_t i = kernel.size(); i-- > 0;) {
      out.push_back(begins[i]);
      out.push_back(ends[i]);
    }
    return out;
  }
};

template <class O>
SlidingWindow window_of(const O& op, const at::Tensor& x, Dims kernel) {
  const size_t axes = kernel.size();
  SlidingWindow w{std::move(kernel), op.strides, op.dilations, Dims(axes, 0), Dims(axes, 0)};
  if (w.strides.empty()) w.strides.assign(axes, 1);
  if (w.dilations.empty()) w.dilations.assign(axes, 1);
  for (size_t i = 0; i < axes; ++i) {
    if (op.auto_pad == "SAME_UPPER" || op.auto_pad == "SAME_LOWER") {
      const int64_t size = x.size(static_cast<int64_t>(i) + 2);
      const int64_t out = (size + w.strides[i] - 1) / w.strides[i];
      const int64_t total =
          std::max<int64_t>(0, (out - 1) * w.strides[i] + (w.kernel[i] - 1) * w.dilations[i] + 1 - size);
      w.begins[i] = op.auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.ends[i] = total - w.begins[i];
    } else if (op.auto_pad != "VALID" && !op.pads.empty()) {
      w.begins[i] = op.pads[i];
      w.ends[i] = op.pads[axes + i];
    }
  }
  return w;
}

at::Tensor bias_of(const LowerContext& context) { return context.has(2) ? context.inputs[2] : at::Tensor(); }

}  // namespace

Result<void> lower(const Conv& op, LowerContext& context) {
  at::Tensor x = context.inputs[0];
  const at::Tensor& weight = context.inputs[1];
  SlidingWindow w = window_of(op, x, weight.sizes().slice(2).vec());
  if (!w.symmetric()) {
    x = at::constant_pad_nd(x, w.pads(), 0);
    w.begins.assign(w.begins.size(), 0);
  }
  context.outputs[0] = at::convolution(x, weight, bias_of(context), w.strides, w.begins, w.dilations, false,
                                       Dims(w.kernel.size(), 0), op.group);
  return {};
}

// The full transposed convolution without padding, then the window that pads and output_shape leave of it.
Result<void> lower(const ConvTranspose& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const at::Tensor& weight = context.inputs[1];
  const size_t axes = static_cast<size_t>(weight.dim()) - 2;
  const Dims kernel = weight.sizes().slice(2).vec();
  const Dims strides = op.strides.empty() ? Dims(axes, 1) : op.strides;
  const Dims dilations = op.dilations.empty() ? Dims(axes, 1) : op.dilations;
  Dims extra = op.output_padding.empty() ? Dims(axes, 0) : op.output_padding;
  Dims begins(axes, 0), sizes(axes, 0);
  for (size_t i = 0; i < axes; ++i) {
    const int64_t input = x.size(static_cast<int64_t>(i) + 2);
    const int64_t full = strides[i] * (input - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1;
    const bool same = op.auto_pad == "SAME_UPPER" || op.auto_pad == "SAME_LOWER";
    if (!op.output_shape.empty() || same) {
      sizes[i] = op.output_shape.empty() ? input * strides[i] : op.output_shape[op.output_shape.size() - axes + i];
      const int64_t total = std::max<int64_t>(0, full - sizes[i]);
      begins[i] = op.auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      const bool padded = op.auto_pad == "NOTSET" && !op.pads.empty();
      begins[i] = padded ? op.pads[i] : 0;
      sizes[i] = full - begins[i] - (padded ? op.pads[axes + i] : 0);
    }
  }
  at::Tensor y = at::convolution(x, weight, at::Tensor(), strides, Dims(axes, 0), dilations, true, Dims(axes, 0),
                                 op.group);
  Dims pads;
  for (size_t i = axes; i-- > 0;) {
    pads.push_back(-begins[i]);
    pads.push_back(begins[i] + sizes[i] - y.size(static_cast<int64_t>(i) + 2));
  }
  y = at::constant_pad_nd(y, pads, 0);
  if (context.has(2)) {
    Dims shape(axes + 2, 1);
    shape[1] = -1;
    y = y + context.inputs[2].reshape(shape);
  }
  context.outputs[0] = y;
  return {};
}

Result<void> lower(const Gemm& op, LowerContext& context) {
  const at::Tensor a = op.transA ? context.inputs[0].t() : context.inputs[0];
  const at::Tensor b = op.transB ? context.inputs[1].t() : context.inputs[1];
  if (context.has(2)) {
    context.outputs[0] = at::addmm(context.inputs[2], a, b, op.beta, op.alpha);
  } else {
    context.outputs[0] = op.alpha == 1.0f ? at::mm(a, b) : at::mm(a, b) * op.alpha;
  }
  return {};
}

Result<void> lower(const MatMul&, LowerContext& context) {
  context.outputs[0] = at::matmul(context.inputs[0], context.inputs[1]);
  return {};
}

Result<void> lower(const ConvInteger&, LowerContext&) {
  return unsupported("computes on integers and has no gradient; models with QuantizeLinear and DequantizeLinear do");
}
Result<void> lower(const MatMulInteger&, LowerContext&) {
  return unsupported("computes on integers and has no gradient; models with QuantizeLinear and DequantizeLinear do");
}

Result<void> lower(const MaxPool& op, LowerContext& context) {
  if (context.wants(1)) return unsupported("its output Indices is used, which training does not compute");
  at::Tensor x = context.inputs[0];
  SlidingWindow w = window_of(op, x, op.kernel_shape);
  bool narrow = w.symmetric();  // LibTorch pads at most half a kernel
  for (size_t i = 0; i < w.kernel.size(); ++i) narrow = narrow && 2 * w.begins[i] <= w.kernel[i];
  if (!narrow) {
    x = at::constant_pad_nd(x, w.pads(), -std::numeric_limits<double>::infinity());
    w.begins.assign(w.begins.size(), 0);
  }
  const bool ceil = op.ceil_mode != 0 && op.auto_pad == "NOTSET";
  switch (w.kernel.size()) {
    case 1: context.outputs[0] = at::max_pool1d(x, w.kernel, w.strides, w.begins, w.dilations, ceil); return {};
    case 2: context.outputs[0] = at::max_pool2d(x, w.kernel, w.strides, w.begins, w.dilations, ceil); return {};
    case 3: context.outputs[0] = at::max_pool3d(x, w.kernel, w.strides, w.begins, w.dilations, ceil); return {};
  }
  return unsupported("pools over " + std::to_string(w.kernel.size()) + " axes; training knows 1, 2 and 3");
}

namespace {

Result<at::Tensor> average(const at::Tensor& x, const SlidingWindow& w, bool ceil, bool include_pad) {
  switch (w.kernel.size()) {
    case 1: return at::avg_pool1d(x, w.kernel, w.strides, w.begins, ceil, include_pad);
    case 2: return at::avg_pool2d(x, w.kernel, w.strides, w.begins, ceil, include_pad);
    case 3: return at::avg_pool3d(x, w.kernel, w.strides, w.begins, ceil, include_pad);
  }
  return unsupported("pools over " + std::to_string(w.kernel.size()) + " axes; training knows 1, 2 and 3");
}

}  // namespace

Result<void> lower(const AveragePool& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  SlidingWindow w = window_of(op, x, op.kernel_shape);
  for (int64_t dilation : w.dilations) {
    if (dilation != 1) return unsupported("is dilated, which LibTorch's average pooling is not");
  }
  bool narrow = w.symmetric();
  for (size_t i = 0; i < w.kernel.size(); ++i) narrow = narrow && 2 * w.begins[i] <= w.kernel[i];
  const bool ceil = op.ceil_mode != 0 && op.auto_pad == "NOTSET";
  if (narrow) {
    PARE_ASSIGN(context.outputs[0], average(x, w, ceil, op.count_include_pad != 0));
    return {};
  }
  const Dims pads = w.pads();
  w.begins.assign(w.begins.size(), 0);
  PARE_ASSIGN(at::Tensor sums, average(at::constant_pad_nd(x, pads, 0), w, ceil, true));
  if (!op.count_include_pad) {
    // Means over padded windows divided by the part of each window that is not padding.
    Dims ones_dims = dims_of(x);
    ones_dims[0] = ones_dims[1] = 1;
    PARE_ASSIGN(const at::Tensor part,
                average(at::constant_pad_nd(at::ones(ones_dims, x.options()), pads, 0), w, ceil, true));
    sums = sums / part;
  }
  context.outputs[0] = sums;
  return {};
}

Result<void> lower(const GlobalPool& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  Dims axes;
  for (int64_t i = 2; i < x.dim(); ++i) axes.push_back(i);
  context.outputs[0] = op.kind == GlobalPool::Kind::Average ? x.mean(axes, true) : x.amax(axes, true);
  return {};
}

}  // namespace pare
