#include "formats/data/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pare {
namespace {

constexpr int kFraction = 22;  // 32 bits less 8 of a pixel and 2 of headroom

double sinc(double x) { return x == 0 ? 1 : std::sin(M_PI * x) / (M_PI * x); }

// Half the width of each filter at scale 1, and its value.
double support(Filter filter) {
  switch (filter) {
    case Filter::nearest:
    case Filter::box:
      return 0.5;
    case Filter::bilinear:
      return 1;
    case Filter::bicubic:
      return 2;
    case Filter::lanczos:
      return 3;
  }
  return 0;
}

double weight(Filter filter, double x) {
  const double a = std::abs(x);
  switch (filter) {
    case Filter::nearest:
    case Filter::box:
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::bilinear:
      return a < 1 ? 1 - a : 0;
    case Filter::bicubic:  // Keys 1981 with a = -0.5
      if (a < 1) return (1.5 * a - 2.5) * a * a + 1;
      return a < 2 ? ((-0.5 * a + 2.5) * a - 4) * a + 2 : 0;
    case Filter::lanczos:
      return a < 3 ? sinc(x) * sinc(x / 3) : 0;
  }
  return 0;
}

// The pixels that one output pixel is made of.
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;  // sum to 1
};

std::vector<Taps> taps(int64_t in, int64_t out, Filter filter, bool antialias) {
  std::vector<Taps> all;
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  const double reach = support(filter) * stretch;
  for (int64_t i = 0; i < out; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    Taps one;
    if (filter == Filter::nearest) {
      one = {std::min(static_cast<int64_t>(center), in - 1), {1}};
    } else {
      one.first = std::max<int64_t>(static_cast<int64_t>(std::floor(center - reach + 0.5)), 0);
      const int64_t end = std::min(static_cast<int64_t>(std::floor(center + reach + 0.5)), in);
      double sum = 0;
      for (int64_t k = one.first; k < end; ++k) {
        one.weights.push_back(weight(filter, (static_cast<double>(k) - center + 0.5) / stretch));
        sum += one.weights.back();
      }
      for (double& w : one.weights) w = sum != 0 ? w / sum : w;
    }
    if (one.weights.empty()) one = {std::clamp<int64_t>(static_cast<int64_t>(center), 0, in - 1), {1}};
    all.push_back(std::move(one));
  }
  return all;
}

// Along one axis: `outer` blocks of in rows of `inner` elements.
template <class T, class Combine>
void along(const T* in, T* out, int64_t outer, int64_t extent, int64_t inner, const std::vector<Taps>& all,
           Combine combine) {
  const auto to_extent = static_cast<int64_t>(all.size());
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < to_extent; ++i) {
      const Taps& one = all[static_cast<size_t>(i)];
      for (int64_t x = 0; x < inner; ++x)
        out[(o * to_extent + i) * inner + x] = combine(in + (o * extent + one.first) * inner + x, inner, one);
    }
  }
}

uint8_t combine_bytes(const uint8_t* from, int64_t step, const std::vector<int32_t>& weights) {
  int64_t sum = int64_t{1} << (kFraction - 1);
  for (size_t k = 0; k < weights.size(); ++k) sum += int64_t{from[static_cast<int64_t>(k) * step]} * weights[k];
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> kFraction, 0, 255));
}

Tensor resample_axis(const Tensor& picture, size_t axis, int64_t extent, Filter filter, bool antialias) {
  const Dims& dims = picture.dims();
  if (dims[axis] == extent) return picture;
  const std::vector<Taps> all = taps(dims[axis], extent, filter, antialias);
  Dims to = dims;
  to[axis] = extent;
  Tensor out(picture.dtype(), to);
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= dims[i];
  for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  if (picture.dtype() == DType::float32) {
    along(picture.data<float>().data(), out.mutable_data<float>().data(), outer, dims[axis], inner, all,
          [](const float* from, int64_t step, const Taps& one) {
            double sum = 0;
            for (size_t k = 0; k < one.weights.size(); ++k)
              sum += one.weights[k] * from[static_cast<int64_t>(k) * step];
            return static_cast<float>(sum);
          });
    return out;
  }
  std::vector<std::vector<int32_t>> fixed;
  for (const Taps& one : all) {
    fixed.emplace_back();
    for (const double w : one.weights)
      fixed.back().push_back(static_cast<int32_t>(w < 0 ? -0.5 + w * (1 << kFraction) : 0.5 + w * (1 << kFraction)));
  }
  along(picture.data<uint8_t>().data(), out.mutable_data<uint8_t>().data(), outer, dims[axis], inner, all,
        [&](const uint8_t* from, int64_t step, const Taps& one) {
          return combine_bytes(from, step, fixed[static_cast<size_t>(&one - all.data())]);
        });
  return out;
}

}  // namespace

std::optional<Filter> filter_from_name(std::string_view name) {
  if (name == "nearest") return Filter::nearest;
  if (name == "area" || name == "box") return Filter::box;
  if (name == "bilinear") return Filter::bilinear;
  if (name == "bicubic") return Filter::bicubic;
  if (name == "lanczos") return Filter::lanczos;
  return std::nullopt;
}

Result<Tensor> resample(const Tensor& picture, const Resample& options) {
  if (picture.dtype() != DType::uint8 && picture.dtype() != DType::float32)
    return input_error("resize works on uint8 and float32 pictures, found " + to_string(picture.type()));
  const auto rank = static_cast<size_t>(picture.rank());
  if (options.height_axis >= rank || options.width_axis >= rank || picture.size() == 0)
    return input_error("resize needs pictures [N, C, H, W], or a layout step that names H and W; found " +
                       to_string(picture.type()));
  const Tensor wide = resample_axis(picture, options.width_axis, options.width, options.filter, options.antialias);
  return resample_axis(wide, options.height_axis, options.height, options.filter, options.antialias);
}

}  // namespace pare
