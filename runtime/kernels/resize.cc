// Resize. https://onnx.ai/onnx/operators/onnx__Resize.html. Every mode is separable: each axis has, for each output
// coordinate, a few weighted input elements.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

struct Tap {
  int64_t index;
  double weight;
};

struct AxisPlan {
  int64_t in = 1, out = 1;
  double scale = 1, roi_begin = 0, roi_end = 1;
  bool touched = false;                // false: the axis stays as it is
  std::vector<std::vector<Tap>> taps;  // per output coordinate; empty: extrapolation_value
};

// Input coordinate of output coordinate x.
double source_coordinate(const Resize& op, const AxisPlan& axis, int64_t x) {
  const double in = static_cast<double>(axis.in), out = axis.scale * in, at = static_cast<double>(x);
  const std::string& mode = op.coordinate_transformation_mode;
  if (mode == "align_corners") return out == 1 ? 0 : at * (in - 1) / (out - 1);
  if (mode == "asymmetric") return at / axis.scale;
  if (mode == "tf_crop_and_resize") {
    const double span = (axis.roi_end - axis.roi_begin) * (in - 1);
    return axis.roi_begin * (in - 1) + (out == 1 ? span / 2 : at * span / (out - 1));
  }
  if (mode == "pytorch_half_pixel" && out == 1) return -0.5;
  if (mode == "tf_half_pixel_for_nn") return (at + 0.5) / axis.scale;
  const double half_pixel = (at + 0.5) / axis.scale - 0.5;
  if (mode == "half_pixel_symmetric") return in / 2 * (1 - static_cast<double>(axis.out) / out) + half_pixel;
  return half_pixel;
}

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

// Keys' cubic convolution kernel.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

std::vector<Tap> nearest_tap(const Resize& op, double at) {
  double chosen = std::floor(at);
  const double fraction = at - chosen;
  const bool up = op.nearest_mode == "ceil"                ? fraction > 0
                  : op.nearest_mode == "floor"             ? false
                  : op.nearest_mode == "round_prefer_ceil" ? fraction >= 0.5
                                                           : fraction > 0.5;
  if (up) chosen += 1;
  return {{static_cast<int64_t>(chosen), 1}};
}

// Weighted neighbours of an input coordinate, unclamped, weights of sum 1.
std::vector<Tap> taps_at(const Resize& op, const AxisPlan& axis, double at) {
  if (op.mode == "nearest") return nearest_tap(op, at);
  const double reach = op.mode == "cubic" ? 2 : 1;
  const double squeeze = op.antialias != 0 ? std::min(axis.scale, 1.0) : 1.0;
  const auto base = static_cast<int64_t>(std::floor(at));
  const auto begin = static_cast<int64_t>(std::floor(-reach / squeeze)) + 1;
  const int64_t end = 1 - begin;
  std::vector<Tap> taps;
  double sum = 0;
  for (int64_t i = begin; i <= end; ++i) {
    const double distance = (static_cast<double>(base + i) - at) * squeeze;
    const double weight =
        op.mode == "cubic" ? cubic(distance, static_cast<double>(op.cubic_coeff_a)) : triangle(distance);
    taps.push_back({base + i, weight});
  }
  if (op.exclude_outside != 0)
    for (Tap& tap : taps)
      if (tap.index < 0 || tap.index >= axis.in) tap.weight = 0;
  for (const Tap& tap : taps) sum += tap.weight;
  if (op.exclude_outside != 0 || op.antialias != 0)
    for (Tap& tap : taps) tap.weight /= sum;
  return taps;
}

void fill_taps(const Resize& op, AxisPlan& axis) {
  for (int64_t x = 0; x < axis.out; ++x) {
    const double at = source_coordinate(op, axis, x);
    const bool crops = op.coordinate_transformation_mode == "tf_crop_and_resize";
    if (crops && !(at >= 0 && at <= static_cast<double>(axis.in - 1))) {
      axis.taps.push_back({});
      continue;
    }
    axis.taps.push_back(taps_at(op, axis, at));
    for (Tap& tap : axis.taps.back()) tap.index = std::clamp<int64_t>(tap.index, 0, axis.in - 1);
  }
}

Result<void> set_sizes(const Resize& op, const std::vector<size_t>& axes, const std::vector<int64_t>& sizes,
                       std::vector<AxisPlan>& plans) {
  double common = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const double scale = static_cast<double>(sizes[i]) / static_cast<double>(plans[axes[i]].in);
    const bool larger = op.keep_aspect_ratio_policy == "not_smaller";
    common = i == 0 ? scale : larger ? std::max(common, scale) : std::min(common, scale);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    AxisPlan& plan = plans[axes[i]];
    const double in = static_cast<double>(plan.in);
    plan.out =
        op.keep_aspect_ratio_policy == "stretch" ? sizes[i] : static_cast<int64_t>(std::floor(common * in + 0.5));
    plan.scale = op.keep_aspect_ratio_policy == "stretch" ? static_cast<double>(sizes[i]) / in : common;
  }
  return {};
}

Result<std::vector<AxisPlan>> plan_axes(const Resize& op, const KernelContext& context) {
  const Dims& dims = context.inputs[0].dims();
  std::vector<AxisPlan> plans(dims.size());
  std::vector<size_t> axes;
  for (size_t i = 0; i < dims.size(); ++i) plans[i].in = plans[i].out = dims[i];
  for (const int64_t axis : op.axes) {
    PARE_ASSIGN(const size_t at, axis_of(axis, dims.size()));
    axes.push_back(at);
  }
  if (axes.empty())
    for (size_t i = 0; i < dims.size(); ++i) axes.push_back(i);
  const bool by_scale = context.has(2) && context.inputs[2].size() > 0;
  const bool by_size = context.has(3) && context.inputs[3].size() > 0;
  const Tensor* given = by_scale ? &context.inputs[2] : by_size ? &context.inputs[3] : nullptr;
  if (!given || by_scale == by_size || given->size() != static_cast<int64_t>(axes.size()))
    return input_error("needs either scales or sizes with one entry per axis");
  for (const size_t axis : axes)
    if (dims[axis] == 0) return input_error("cannot resize an empty axis");
  constexpr double kLimit = 4e9;
  if (by_size) {
    for (const int64_t size : given->ints())
      if (size < 1 || static_cast<double>(size) > kLimit) return input_error("sizes holds " + std::to_string(size));
    PARE_TRY(set_sizes(op, axes, given->ints(), plans));
  } else {
    for (size_t i = 0; i < axes.size(); ++i) {
      AxisPlan& plan = plans[axes[i]];
      plan.scale = given->as_double(static_cast<int64_t>(i));
      const double out = std::floor(plan.scale * static_cast<double>(plan.in));
      if (!(plan.scale > 0) || !(out < kLimit)) return input_error("scales must be positive and of reasonable size");
      plan.out = static_cast<int64_t>(out);
    }
  }
  const bool crops = op.coordinate_transformation_mode == "tf_crop_and_resize";
  if (crops && (!context.has(1) || context.inputs[1].size() != 2 * static_cast<int64_t>(axes.size())))
    return input_error("tf_crop_and_resize needs a roi of two entries per axis");
  for (size_t i = 0; i < axes.size(); ++i) {
    AxisPlan& plan = plans[axes[i]];
    if (crops) {
      plan.roi_begin = context.inputs[1].as_double(static_cast<int64_t>(i));
      plan.roi_end = context.inputs[1].as_double(static_cast<int64_t>(axes.size() + i));
    }
    plan.touched = crops || plan.out != plan.in || plan.scale != 1;
  }
  return plans;
}

// Resamples one axis of `values`; a coordinate without taps gives `outside`.
std::vector<double> resample(const std::vector<double>& values, int64_t outer, const AxisPlan& axis, int64_t inner,
                             double outside) {
  std::vector<double> out(static_cast<size_t>(outer * axis.out * inner));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t x = 0; x < axis.out; ++x) {
      for (int64_t i = 0; i < inner; ++i) {
        double sum = 0;
        for (const Tap& tap : axis.taps[x]) sum += tap.weight * values[(o * axis.in + tap.index) * inner + i];
        out[(o * axis.out + x) * inner + i] = axis.taps[x].empty() ? outside : sum;
      }
    }
  }
  return out;
}

}  // namespace

Result<void> run(const Resize& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(std::vector<AxisPlan> plans, plan_axes(op, context));
  Dims dims;
  for (const AxisPlan& plan : plans) dims.push_back(plan.out);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), dims));
  if (!is_integer(x.dtype()) && !is_float(x.dtype())) return no_kernel(x.dtype());
  std::vector<double> values(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) values[i] = x.as_double(i);
  Dims now = x.dims();
  for (size_t i = 0; i < plans.size(); ++i) {
    if (!plans[i].touched) continue;
    fill_taps(op, plans[i]);
    values = resample(values, product(now, 0, i), plans[i], product(now, i + 1, now.size()),
                      static_cast<double>(op.extrapolation_value));
    now[i] = plans[i].out;
  }
  const bool whole = is_integer(x.dtype());
  for (int64_t i = 0; i < y.size(); ++i) y.set_double(i, whole ? std::trunc(values[i]) : values[i]);
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
