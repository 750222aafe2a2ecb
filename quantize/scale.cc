#include "quantize/scale.h"

#include <algorithm>
#include <cmath>

namespace pare {

std::pair<int64_t, int64_t> limits(DType dtype) {
  const int width = bits(dtype);
  if (is_signed_integer(dtype)) return {-(int64_t{1} << (width - 1)), (int64_t{1} << (width - 1)) - 1};
  return {0, (int64_t{1} << width) - 1};
}

ActivationQuant activation_quant(const ValueRange& range, DType dtype, bool symmetric) {
  const auto [lowest, highest] = limits(dtype);
  const double low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  const int64_t middle = is_signed_integer(dtype) ? 0 : (highest + 1) / 2;
  const double steps = symmetric ? static_cast<double>(highest - middle) : static_cast<double>(highest - lowest);
  const auto scale = static_cast<float>((symmetric ? std::max(-low, high) : high - low) / steps);
  if (!(scale > 0) || !std::isfinite(1.0f / scale)) return {dtype, 1, symmetric ? middle : std::max<int64_t>(lowest, 0)};
  if (symmetric) return {dtype, scale, middle};
  const int64_t zero = lowest + std::llrint(std::nearbyint(-low / scale));
  return {dtype, scale, std::clamp(zero, lowest, highest)};
}

}  // namespace pare
