#include "quantize/scale.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "graph/error.h"

namespace pare {
namespace {

// Calls visit(element, group) for every element of a tensor of `dims` grouped along `axis`.
template <class Visit>
void each_in_group(const Dims& dims, int axis, Visit visit) {
  int64_t inner = 1, groups = 1, outer = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (axis < 0 || static_cast<int>(i) > axis) {
      inner *= dims[i];
    } else if (static_cast<int>(i) == axis) {
      groups = dims[i];
    } else {
      outer *= dims[i];
    }
  }
  int64_t element = 0;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t i = 0; i < inner; ++i) visit(element++, g);
    }
  }
}

}  // namespace

DType signed_type(int bits) {
  if (bits != 8 && bits != 4) throw Error(ErrorCode::usage, "quantize: " + std::to_string(bits) + " bits; expected 8 or 4");
  return bits == 8 ? DType::int8 : DType::int4;
}

DType unsigned_type(int bits) { return signed_type(bits) == DType::int8 ? DType::uint8 : DType::uint4; }

ScaleZero asymmetric(const ValueRange& range, int bits) {
  const float low = std::min(range.low, 0.0f);
  const float high = std::max(range.high, 0.0f);
  const float levels = static_cast<float>((1 << bits) - 1);
  const float scale = (high - low) / levels;
  if (!(scale > 0) || !std::isfinite(1.0f / scale)) return {};
  const int64_t zero = std::llrint(std::nearbyint(-low / scale));
  return {scale, std::clamp<int64_t>(zero, 0, static_cast<int64_t>(levels))};
}

std::vector<float> largest_magnitudes(const Tensor& tensor, int axis) {
  const auto data = tensor.data<float>();
  std::vector<float> largest(axis < 0 ? 1 : static_cast<size_t>(tensor.dims()[static_cast<size_t>(axis)]), 0.0f);
  each_in_group(tensor.dims(), axis, [&](int64_t i, int64_t group) {
    float& m = largest[static_cast<size_t>(group)];
    m = std::max(m, std::abs(data[static_cast<size_t>(i)]));
  });
  return largest;
}

std::vector<float> least_error_scales(const Tensor& tensor, int axis, int bits) {
  const auto data = tensor.data<float>();
  const double levels = (1 << (bits - 1)) - 1;
  const std::vector<float> largest = largest_magnitudes(tensor, axis);
  std::vector<float> best(largest.size());
  std::vector<double> least(largest.size(), INFINITY);
  for (int step = 0; step < 60; ++step) {
    const double ratio = 1.0 - 0.01 * step;
    std::vector<double> cost(largest.size());
    each_in_group(tensor.dims(), axis, [&](int64_t i, int64_t group) {
      const auto g = static_cast<size_t>(group);
      const double scale = ratio * largest[g] / levels;
      if (!(scale > 0)) return;
      const double x = data[static_cast<size_t>(i)];
      const double error = std::clamp(std::nearbyint(x / scale), -levels, levels) * scale - x;
      cost[g] += error * error;
    });
    for (size_t g = 0; g < best.size(); ++g) {
      if (cost[g] >= least[g]) continue;
      least[g] = cost[g];
      best[g] = static_cast<float>(ratio * largest[g] / levels);
    }
  }
  return best;
}

Tensor quantize_tensor(const Tensor& tensor, const std::vector<float>& scales, const std::vector<int64_t>& zeros, int axis,
                       DType to) {
  Tensor result(to, tensor.dims());
  const auto data = tensor.data<float>();
  each_in_group(tensor.dims(), axis, [&](int64_t i, int64_t group) {
    const auto g = static_cast<size_t>(group);
    const double zero = zeros.empty() ? 0.0 : static_cast<double>(zeros[g]);
    result.set_double(i, std::nearbyint(data[static_cast<size_t>(i)] / scales[g]) + zero);
  });
  return result;
}

}  // namespace pare
