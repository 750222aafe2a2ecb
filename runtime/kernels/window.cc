#include "runtime/kernels/window.h"

#include <algorithm>

namespace pare {
namespace {

int64_t at(const std::vector<int64_t>& values, size_t i, int64_t otherwise) {
  return i < values.size() ? values[i] : otherwise;
}

Result<SlidingWindow> prepare(const WindowAttributes& attributes, const Dims& in, const std::vector<int64_t>& kernel) {
  if (in.size() < 3 || in.size() > 5)
    return unsupported("works on 1 to 3 spatial axes, found an input of rank " + std::to_string(in.size()));
  SlidingWindow window;
  window.rank = static_cast<int>(in.size()) - 2;
  window.batch = in[0];
  window.channels = in[1];
  const auto rank = static_cast<size_t>(window.rank);
  const auto fits = [&](const std::vector<int64_t>& values, size_t count) {
    return values.empty() || values.size() == count;
  };
  if (kernel.size() != rank || !fits(attributes.dilations, rank) || !fits(attributes.strides, rank) ||
      !fits(attributes.pads, 2 * rank))
    return input_error("kernel_shape, strides, dilations and pads must have one (pads: two) entries per spatial axis");
  constexpr int64_t kLimit = int64_t{1} << 31;
  for (size_t i = 0; i < rank; ++i) {
    SlidingWindow::Axis& axis = window.axis[3 - rank + i];
    axis.in = in[2 + i];
    axis.kernel = kernel[i];
    axis.stride = at(attributes.strides, i, 1);
    axis.dilation = at(attributes.dilations, i, 1);
    axis.pad_begin = at(attributes.pads, i, 0);
    axis.pad_end = at(attributes.pads, rank + i, 0);
    const bool sane = axis.kernel >= 1 && axis.stride >= 1 && axis.dilation >= 1 && axis.kernel < kLimit &&
                      axis.stride < kLimit && axis.dilation < kLimit && std::abs(axis.pad_begin) < kLimit &&
                      std::abs(axis.pad_end) < kLimit && axis.in < kLimit;
    if (!sane) return input_error("kernel extents, strides and dilations must be positive and below 2^31");
  }
  return window;
}

bool is_same(const std::string& auto_pad) { return auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER"; }

// Splits `total` so that the odd cell goes to the end (SAME_UPPER) or to the beginning (SAME_LOWER).
void split_padding(SlidingWindow::Axis& axis, int64_t total, bool upper) {
  const int64_t small = total / 2;
  axis.pad_begin = upper ? small : total - small;
  axis.pad_end = total - axis.pad_begin;
}

int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

}  // namespace

Dims SlidingWindow::out_dims(int64_t out_channels) const {
  Dims dims{batch, out_channels};
  for (int i = 3 - rank; i < 3; ++i) dims.push_back(axis[static_cast<size_t>(i)].out);
  return dims;
}

Result<SlidingWindow> make_window(const WindowAttributes& attributes, const Dims& in, const std::vector<int64_t>& kernel) {
  PARE_ASSIGN(SlidingWindow window, prepare(attributes, in, kernel));
  for (int i = 3 - window.rank; i < 3; ++i) {
    SlidingWindow::Axis& axis = window.axis[static_cast<size_t>(i)];
    const int64_t reach = axis.dilation * (axis.kernel - 1) + 1;
    if (attributes.auto_pad == "VALID") axis.pad_begin = axis.pad_end = 0;
    if (is_same(attributes.auto_pad)) {
      axis.out = ceil_div(axis.in, axis.stride);
      const int64_t total = std::max<int64_t>(0, (axis.out - 1) * axis.stride + reach - axis.in);
      split_padding(axis, total, attributes.auto_pad == "SAME_UPPER");
      continue;
    }
    const int64_t room = axis.in + axis.pad_begin + axis.pad_end - reach;
    if (room < 0)
      return input_error("a window of " + std::to_string(reach) + " does not fit an axis of " +
                         std::to_string(axis.in + axis.pad_begin + axis.pad_end) + " with its padding");
    axis.out = room / axis.stride + 1;
    if (attributes.ceil_mode && room % axis.stride != 0 && axis.out * axis.stride < axis.in + axis.pad_begin)
      ++axis.out;
  }
  return window;
}

Result<SlidingWindow> make_transposed_window(const WindowAttributes& attributes, const Dims& in,
                                      const std::vector<int64_t>& kernel, const std::vector<int64_t>& output_padding,
                                      const std::vector<int64_t>& output_shape) {
  PARE_ASSIGN(SlidingWindow window, prepare(attributes, in, kernel));
  const auto rank = static_cast<size_t>(window.rank);
  if ((!output_padding.empty() && output_padding.size() != rank) ||
      (!output_shape.empty() && output_shape.size() != rank && output_shape.size() != rank + 2))
    return input_error("output_padding and output_shape must have one entry per spatial axis");
  for (size_t i = 0; i < rank; ++i) {
    SlidingWindow::Axis& axis = window.axis[3 - rank + i];
    const int64_t extra = at(output_padding, i, 0);
    const int64_t full = axis.stride * (axis.in - 1) + extra + axis.dilation * (axis.kernel - 1) + 1;
    if (attributes.auto_pad == "VALID") axis.pad_begin = axis.pad_end = 0;
    if (!output_shape.empty() || is_same(attributes.auto_pad)) {
      axis.out = output_shape.empty() ? axis.in * axis.stride : output_shape[output_shape.size() - rank + i];
      // With output_shape the specification gives the odd cell to the beginning unless auto_pad is SAME_UPPER.
      split_padding(axis, std::max<int64_t>(0, full - axis.out), attributes.auto_pad == "SAME_UPPER");
    } else {
      axis.out = full - axis.pad_begin - axis.pad_end;
    }
    if (axis.out < 0) return input_error("the padding is larger than the output");
  }
  return window;
}

}  // namespace pare
