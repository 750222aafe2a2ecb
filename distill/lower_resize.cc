#include <array>

#include "distill/lower.h"

namespace pare {
namespace {

// Where along the input axis an output element lies (ONNX Resize-19, coordinate_transformation_mode).
double coordinate(const std::string& mode, int64_t x, double scale, int64_t in, int64_t out) {
  const auto at = static_cast<double>(x);
  if (mode == "align_corners") return out == 1 ? 0 : at * static_cast<double>(in - 1) / static_cast<double>(out - 1);
  if (mode == "asymmetric") return at / scale;
  if (mode == "tf_half_pixel_for_nn") return (at + 0.5) / scale;
  if (mode == "pytorch_half_pixel") return out > 1 ? (at + 0.5) / scale - 0.5 : 0;
  if (mode == "half_pixel_symmetric") {
    const double adjustment = static_cast<double>(out) / (scale * static_cast<double>(in));
    return static_cast<double>(in) / 2 * (1 - adjustment) + (at + 0.5) / scale - 0.5;
  }
  return (at + 0.5) / scale - 0.5;
}

double nearest(const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  return std::ceil(x - 0.5);
}

// Keys' cubic convolution kernel at taps -1, 0, 1, 2 for the fraction t.
std::array<double, 4> cubic(double t, double a) {
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

// One axis as a weighted choice: row i holds what each input element gives to output element i.
at::Tensor interpolation(const Resize& op, double scale, int64_t in, int64_t out) {
  at::Tensor matrix = at::zeros({out, in}, at::TensorOptions().dtype(at::kDouble));
  auto m = matrix.accessor<double, 2>();
  for (int64_t i = 0; i < out; ++i) {
    const double x = coordinate(op.coordinate_transformation_mode, i, scale, in, out);
    const double floor = std::floor(x);
    std::array<double, 4> taps{0, 1 - (x - floor), x - floor, 0};
    if (op.mode == "cubic") taps = cubic(x - floor, op.cubic_coeff_a);
    double sum = 0;
    for (int64_t k = 0; k < 4; ++k) {
      const int64_t j = static_cast<int64_t>(floor) + k - 1;
      const bool outside = j < 0 || j >= in;
      if (outside && op.exclude_outside && op.mode == "cubic") continue;
      m[i][std::clamp<int64_t>(j, 0, in - 1)] += taps[static_cast<size_t>(k)];
      sum += taps[static_cast<size_t>(k)];
    }
    if (op.exclude_outside && op.mode == "cubic") {
      for (int64_t j = 0; j < in; ++j) m[i][j] /= sum;
    }
  }
  return matrix;
}

at::Tensor resize_axis(const Resize& op, const at::Tensor& x, int64_t axis, double scale, int64_t out) {
  const int64_t in = x.size(axis);
  if (op.mode == "nearest") {
    Dims indices;
    for (int64_t i = 0; i < out; ++i) {
      const double at = coordinate(op.coordinate_transformation_mode, i, scale, in, out);
      indices.push_back(std::clamp<int64_t>(static_cast<int64_t>(nearest(op.nearest_mode, at)), 0, in - 1));
    }
    return x.index_select(axis, at::tensor(indices, at::kLong));
  }
  const at::Tensor matrix = interpolation(op, scale, in, out).to(x.scalar_type());
  return at::matmul(x.movedim(axis, -1), matrix.t()).movedim(-1, axis);
}

}  // namespace

Result<void> lower(const Resize& op, LowerContext& context) {
  if (op.antialias) return unsupported("has antialias set, which training does not know");
  if (op.coordinate_transformation_mode == "tf_crop_and_resize") {
    return unsupported("crops by tf_crop_and_resize, which training does not know");
  }
  if (op.keep_aspect_ratio_policy != "stretch") {
    return unsupported("has keep_aspect_ratio_policy '" + op.keep_aspect_ratio_policy +
                       "', of which training knows 'stretch' alone");
  }
  at::Tensor x = context.inputs[0];
  Dims axes = op.axes;
  if (axes.empty()) {
    for (int64_t i = 0; i < x.dim(); ++i) axes.push_back(i);
  }
  const bool by_size = context.has(3) && context.inputs[3].numel() > 0;
  const Dims sizes = by_size ? context.ints(3) : Dims{};
  const at::Tensor scales = by_size ? at::Tensor() : context.inputs[2].to(at::kDouble).contiguous();
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = context.axis(axes[i]), in = x.size(axis);
    const double scale = by_size ? static_cast<double>(sizes[i]) / static_cast<double>(in)
                                 : scales.data_ptr<double>()[i];
    const int64_t out = by_size ? sizes[i] : static_cast<int64_t>(std::floor(static_cast<double>(in) * scale));
    if (scale == 1 && out == in) continue;
    x = resize_axis(op, x, axis, scale, out);
  }
  context.outputs[0] = x;
  return {};
}

}  // namespace pare
