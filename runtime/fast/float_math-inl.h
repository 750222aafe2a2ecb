// Vector forms of exp and of the activations. Included once per instruction set.
#if defined(PARE_RUNTIME_FAST_FLOAT_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PARE_RUNTIME_FAST_FLOAT_MATH_INL_H_
#undef PARE_RUNTIME_FAST_FLOAT_MATH_INL_H_
#else
#define PARE_RUNTIME_FAST_FLOAT_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

#include "runtime/fast/activation.h"
#include "runtime/fast/float_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {

// exp(x) = 2^n exp(r) with |r| <= ln(2) / 2 and the Taylor polynomial of degree 7, whose remainder is below 6e-9. The
// power is applied in two halves so that results overflow to infinity and underflow through the subnormals to zero.
HWY_INLINE FloatVec exp_of(FloatTag d, FloatVec x) {
  const hn::RebindToSigned<FloatTag> di;
  x = clamp(x, hn::Set(d, -105.0f), hn::Set(d, 90.0f));
  const auto n = hn::NearestInt(hn::Mul(x, hn::Set(d, 1.44269504f)));
  const FloatVec nf = hn::ConvertTo(d, n);
  // ln(2) in two parts, the first with few enough bits that its product with n is exact.
  const FloatVec r = hn::NegMulAdd(nf, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(nf, hn::Set(d, 0.693359375f), x));
  FloatVec p = hn::Set(d, 1.0f / 5040);
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 720));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 120));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 24));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 6));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  const auto bias = hn::Set(di, 127);
  const auto half = hn::ShiftRight<1>(n);
  const FloatVec first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const FloatVec second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(n, half), bias)));
  return hn::Mul(hn::Mul(p, first), second);
}

HWY_INLINE FloatVec sigmoid_of(FloatTag d, FloatVec x) {
  const FloatVec one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, exp_of(d, hn::Neg(x))));
}

// Polynomials in x^2 near zero, where the quotient of exponentials would cancel; least squares on Chebyshev nodes,
// relative error about 1e-7.
HWY_INLINE FloatVec tanh_of(FloatTag d, FloatVec x) {
  const FloatVec one = hn::Set(d, 1.0f);
  const FloatVec size = hn::Abs(x), square = hn::Mul(x, x);
  FloatVec p = hn::Set(d, -5.668607077e-03f);
  p = hn::MulAdd(p, square, hn::Set(d, 2.059904499e-02f));
  p = hn::MulAdd(p, square, hn::Set(d, -5.372370089e-02f));
  p = hn::MulAdd(p, square, hn::Set(d, 1.333116262e-01f));
  p = hn::MulAdd(p, square, hn::Set(d, -3.333326216e-01f));
  const FloatVec inner = hn::MulAdd(hn::Mul(p, square), x, x);
  const FloatVec power = exp_of(d, hn::Add(size, size));
  const FloatVec outer = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(power, one)));
  return hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.6245f)), inner, hn::CopySignToAbs(outer, x));
}

// x P(x^2) up to one; beyond, 1 - exp(-Q(x)) with Q fitted to -log(erfc(x)). Relative error below 2e-7.
HWY_INLINE FloatVec erf_of(FloatTag d, FloatVec x) {
  const FloatVec one = hn::Set(d, 1.0f);
  const FloatVec square = hn::Mul(x, x);
  FloatVec p = hn::Set(d, 7.882497103e-05f);
  p = hn::MulAdd(p, square, hn::Set(d, -8.018854990e-04f));
  p = hn::MulAdd(p, square, hn::Set(d, 5.189311942e-03f));
  p = hn::MulAdd(p, square, hn::Set(d, -2.685432880e-02f));
  p = hn::MulAdd(p, square, hn::Set(d, 1.128359746e-01f));
  p = hn::MulAdd(p, square, hn::Set(d, -3.761262690e-01f));
  p = hn::MulAdd(p, square, hn::Set(d, 1.128379166e+00f));
  const FloatVec inner = hn::Mul(x, p);
  const FloatVec size = at_most(hn::Abs(x), hn::Set(d, 4.0f));
  FloatVec q = hn::Set(d, -1.873752535e-04f);
  q = hn::MulAdd(q, size, hn::Set(d, 2.957140076e-03f));
  q = hn::MulAdd(q, size, hn::Set(d, -2.187488257e-02f));
  q = hn::MulAdd(q, size, hn::Set(d, 1.031814553e-01f));
  q = hn::MulAdd(q, size, hn::Set(d, 6.380612469e-01f));
  q = hn::MulAdd(q, size, hn::Set(d, 1.127138140e+00f));
  q = hn::MulAdd(q, size, hn::Set(d, 3.297906832e-04f));
  const FloatVec outer = hn::Sub(one, exp_of(d, hn::Neg(q)));
  return hn::IfThenElse(hn::Lt(size, one), inner, hn::CopySignToAbs(outer, x));
}

HWY_INLINE FloatVec gelu_of(FloatTag d, FloatVec x) {
  const FloatVec half = hn::Mul(x, hn::Set(d, 0.5f));
  return hn::MulAdd(half, erf_of(d, hn::Mul(x, hn::Set(d, 0.70710678118654752f))), half);
}

HWY_INLINE FloatVec gelu_tanh_of(FloatTag d, FloatVec x) {
  const FloatVec half = hn::Mul(x, hn::Set(d, 0.5f));
  const FloatVec cube = hn::Mul(hn::Mul(x, x), x);
  const FloatVec inner = hn::Mul(hn::Set(d, 0.79788456080286536f), hn::MulAdd(cube, hn::Set(d, 0.044715f), x));
  return hn::MulAdd(half, tanh_of(d, inner), half);
}

// What the register tile can do itself.
struct ClipRange {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

inline ClipRange clip_of(const Activation& activation) {
  ClipRange range;
  if (activation.kind == ActivationKind::relu) range.low = 0;
  if (activation.kind == ActivationKind::clip) range = {activation.a, activation.b};
  return range;
}

inline bool is_clip(const Activation& activation) {
  return activation.kind == ActivationKind::none || activation.kind == ActivationKind::relu ||
         activation.kind == ActivationKind::clip;
}

template <ActivationKind kKind>
HWY_INLINE FloatVec activate(FloatTag d, FloatVec x, FloatVec a, FloatVec b) {
  const FloatVec zero = hn::Zero(d), one = hn::Set(d, 1.0f);
  if constexpr (kKind == ActivationKind::relu) return at_least(x, zero);
  if constexpr (kKind == ActivationKind::clip) return clamp(x, a, b);
  if constexpr (kKind == ActivationKind::hard_swish)
    return hn::Mul(x, clamp(hn::MulAdd(x, hn::Set(d, 1.0f / 6), hn::Set(d, 0.5f)), zero, one));
  if constexpr (kKind == ActivationKind::hard_sigmoid) return clamp(hn::MulAdd(x, a, b), zero, one);
  if constexpr (kKind == ActivationKind::sigmoid) return sigmoid_of(d, x);
  if constexpr (kKind == ActivationKind::leaky_relu) return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(x, a), x);
  if constexpr (kKind == ActivationKind::tanh) return tanh_of(d, x);
  if constexpr (kKind == ActivationKind::silu) return hn::Mul(x, sigmoid_of(d, hn::Mul(a, x)));
  if constexpr (kKind == ActivationKind::gelu) return gelu_of(d, x);
  if constexpr (kKind == ActivationKind::gelu_tanh) return gelu_tanh_of(d, x);
  return x;
}

// Calls visit<kind>(): one instantiation of a loop per activation.
template <class Visitor>
HWY_INLINE void with_activation(ActivationKind kind, const Visitor& visit) {
  switch (kind) {
    case ActivationKind::none:
      return visit.template operator()<ActivationKind::none>();
    case ActivationKind::relu:
      return visit.template operator()<ActivationKind::relu>();
    case ActivationKind::clip:
      return visit.template operator()<ActivationKind::clip>();
    case ActivationKind::hard_swish:
      return visit.template operator()<ActivationKind::hard_swish>();
    case ActivationKind::hard_sigmoid:
      return visit.template operator()<ActivationKind::hard_sigmoid>();
    case ActivationKind::sigmoid:
      return visit.template operator()<ActivationKind::sigmoid>();
    case ActivationKind::leaky_relu:
      return visit.template operator()<ActivationKind::leaky_relu>();
    case ActivationKind::tanh:
      return visit.template operator()<ActivationKind::tanh>();
    case ActivationKind::silu:
      return visit.template operator()<ActivationKind::silu>();
    case ActivationKind::gelu:
      return visit.template operator()<ActivationKind::gelu>();
    case ActivationKind::gelu_tanh:
      return visit.template operator()<ActivationKind::gelu_tanh>();
  }
}

template <ActivationKind kKind>
HWY_INLINE void activate_span(const Activation& activation, const float* in, float* out, int64_t count) {
  const FloatTag d;
  const FloatVec a = hn::Set(d, activation.a), b = hn::Set(d, activation.b);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(activate<kKind>(d, hn::LoadU(d, in + i), a, b), d, out + i);
  if (i < count) store_partial(d, activate<kKind>(d, load_partial(d, in + i, count - i), a, b), out + i, count - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#endif
