#include "graph/minifloat.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

#include "graph/tensor.h"

namespace pare {
namespace {

enum class Specials : uint8_t {
  ieee,           // largest exponent: infinity and NaN
  all_ones_nan,   // no infinity; only S.1111.111 is NaN ("FN")
  sign_zero_nan,  // no infinity, no negative zero; 0x80 is NaN ("FNUZ")
  none,           // finite values only
};

struct Format {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Specials specials;
  double largest;
  bool saturates;

  int sign_bit() const { return exponent_bits + mantissa_bits; }
  uint16_t magnitude_mask() const { return static_cast<uint16_t>((1u << sign_bit()) - 1); }
};

Format format_of(DType dtype) {
  if (dtype == DType::float16) return {5, 10, 15, Specials::ieee, 65504.0, false};
  if (dtype == DType::bfloat16) return {8, 7, 127, Specials::ieee, 0x1.fep127, false};
  if (dtype == DType::float8e4m3fn) return {4, 3, 7, Specials::all_ones_nan, 448.0, true};
  if (dtype == DType::float8e4m3fnuz) return {4, 3, 8, Specials::sign_zero_nan, 240.0, true};
  if (dtype == DType::float8e5m2) return {5, 2, 15, Specials::ieee, 57344.0, true};
  if (dtype == DType::float8e5m2fnuz) return {5, 2, 16, Specials::sign_zero_nan, 57344.0, true};
  if (dtype == DType::float6e2m3) return {2, 3, 1, Specials::none, 7.5, true};
  if (dtype == DType::float6e3m2) return {3, 2, 3, Specials::none, 28.0, true};
  assert(dtype == DType::float4e2m1);
  return {2, 1, 1, Specials::none, 6.0, true};
}

bool is_nan_pattern(const Format& format, uint16_t bits) {
  const uint16_t magnitude = bits & format.magnitude_mask();
  const auto exponent_ones = static_cast<uint16_t>(((1u << format.exponent_bits) - 1) << format.mantissa_bits);
  if (format.specials == Specials::ieee) return magnitude > exponent_ones;
  if (format.specials == Specials::all_ones_nan) return magnitude == format.magnitude_mask();
  if (format.specials == Specials::sign_zero_nan) return magnitude == 0 && (bits >> format.sign_bit() & 1) != 0;
  return false;
}

uint16_t nan_pattern(const Format& format) {
  if (format.specials == Specials::ieee) {
    return static_cast<uint16_t>(((1u << (format.exponent_bits + 1)) - 1) << (format.mantissa_bits - 1));
  }
  if (format.specials == Specials::all_ones_nan) return format.magnitude_mask();
  if (format.specials == Specials::sign_zero_nan) return static_cast<uint16_t>(1u << format.sign_bit());
  return 0;
}

uint16_t magnitude_bits(const Format& format, double magnitude) {
  const int exponent = magnitude == 0 ? 1 - format.bias : std::max(std::ilogb(magnitude), 1 - format.bias);
  const double steps = std::nearbyint(std::ldexp(magnitude, format.mantissa_bits - exponent));
  const int hidden = 1 << format.mantissa_bits;
  if (steps < hidden) return static_cast<uint16_t>(steps);  // subnormal
  return static_cast<uint16_t>(((exponent + format.bias) << format.mantissa_bits) + (static_cast<int>(steps) - hidden));
}

double decode_e8m0(uint16_t bits) {
  return bits == 0xff ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, static_cast<int>(bits) - 127);
}

}  // namespace

double decode_minifloat(DType dtype, uint16_t bits) {
  if (dtype == DType::float8e8m0) return decode_e8m0(bits);
  const Format format = format_of(dtype);
  if (is_nan_pattern(format, bits)) return std::numeric_limits<double>::quiet_NaN();
  const bool negative = (bits >> format.sign_bit() & 1) != 0;
  const int exponent = (bits & format.magnitude_mask()) >> format.mantissa_bits;
  const int mantissa = bits & ((1 << format.mantissa_bits) - 1);
  double magnitude = 0;
  if (format.specials == Specials::ieee && exponent == (1 << format.exponent_bits) - 1) {
    magnitude = std::numeric_limits<double>::infinity();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, 1 - format.bias - format.mantissa_bits);
  } else {
    magnitude = std::ldexp(mantissa + (1 << format.mantissa_bits), exponent - format.bias - format.mantissa_bits);
  }
  return negative ? -magnitude : magnitude;
}

uint16_t encode_power(double value, PowerRounding rounding, bool saturate) {
  constexpr uint16_t kNan = 0xff;
  constexpr int kBias = 127;
  if (std::isnan(value)) return kNan;
  const double magnitude = std::fabs(value);
  if (magnitude < 0x1p-127) return saturate ? 0 : kNan;
  if (std::isinf(magnitude)) return saturate ? 0xfe : kNan;
  int exponent = std::ilogb(magnitude);
  const double part = std::ldexp(magnitude, -exponent);  // 1 to below 2
  const double least = rounding == PowerRounding::up ? 1.0 : rounding == PowerRounding::nearest ? 1.5 : 2.0;
  if (part > least || (rounding == PowerRounding::nearest && part == least)) ++exponent;
  if (exponent > kBias) return saturate ? 0xfe : kNan;
  return static_cast<uint16_t>(exponent + kBias);
}

uint16_t encode_minifloat(DType dtype, double value, bool saturate) {
  if (dtype == DType::float8e8m0) return encode_power(value, PowerRounding::up, saturate);
  const Format format = format_of(dtype);
  if (std::isnan(value)) {
    const uint16_t nan = nan_pattern(format);
    const bool signed_nan = format.specials == Specials::ieee || format.specials == Specials::all_ones_nan;
    return signed_nan && std::signbit(value) ? static_cast<uint16_t>(nan | 1u << format.sign_bit()) : nan;
  }
  const auto sign = static_cast<uint16_t>((std::signbit(value) ? 1u : 0u) << format.sign_bit());
  const double magnitude = std::fabs(value);
  const uint16_t largest = magnitude_bits(format, format.largest);
  uint16_t bits = largest + 1;  // where IEEE formats keep infinity
  if (std::isfinite(magnitude) && magnitude < 2 * format.largest) {
    bits = std::min<uint16_t>(bits, magnitude_bits(format, magnitude));
  }
  if (bits > largest && format.saturates) {
    if (saturate || format.specials == Specials::none) {
      bits = largest;
    } else if (format.specials != Specials::ieee) {
      const uint16_t nan = nan_pattern(format);
      return format.specials == Specials::all_ones_nan ? nan | sign : nan;
    }
  }
  if (bits == 0 && format.specials == Specials::sign_zero_nan) return 0;
  return bits | sign;
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = bits >> 10 & 0x1fu;
  const uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide_exponent = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide_exponent << 23 | mantissa << 13);
}

uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;   // NaN, quiet
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // from 65520 up rounds to infinity
  if (magnitude < 0x38800000u) {                        // below 2^-14: a multiple of 2^-24
    const float steps = std::bit_cast<float>(magnitude) * 0x1p24f;
    return sign | static_cast<uint16_t>(std::nearbyint(steps));
  }
  const uint32_t rebased = magnitude - ((127 - 15) << 23);
  return sign | static_cast<uint16_t>((rebased + 0xfffu + (rebased >> 13 & 1u)) >> 13);
}

float bfloat16_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t float_to_bfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x0040u);  // NaN, quiet
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace pare
