// Elementwise functions on contiguous arrays, and softmax.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_elementwise.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <cmath>

#include "runtime/fast/float_math-inl.h"
#include "runtime/fast/float_parts.h"
#include "runtime/fast/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kGrain = 16 * 1024;

template <ElementwiseOp kOp>
HWY_INLINE FloatVec combine(FloatVec a, FloatVec b) {
  if constexpr (kOp == ElementwiseOp::add) return hn::Add(a, b);
  if constexpr (kOp == ElementwiseOp::sub) return hn::Sub(a, b);
  if constexpr (kOp == ElementwiseOp::mul) return hn::Mul(a, b);
  if constexpr (kOp == ElementwiseOp::div) return hn::Div(a, b);
  // NaN from either side stays.
  if constexpr (kOp == ElementwiseOp::max) return hn::IfThenElse(hn::IsNaN(a), a, at_least(b, a));
  if constexpr (kOp == ElementwiseOp::min) return hn::IfThenElse(hn::IsNaN(a), a, at_most(b, a));
}

template <class Visitor>
HWY_INLINE void with_op(ElementwiseOp op, const Visitor& visit) {
  switch (op) {
    case ElementwiseOp::add:
      return visit.template operator()<ElementwiseOp::add>();
    case ElementwiseOp::sub:
      return visit.template operator()<ElementwiseOp::sub>();
    case ElementwiseOp::mul:
      return visit.template operator()<ElementwiseOp::mul>();
    case ElementwiseOp::div:
      return visit.template operator()<ElementwiseOp::div>();
    case ElementwiseOp::max:
      return visit.template operator()<ElementwiseOp::max>();
    case ElementwiseOp::min:
      return visit.template operator()<ElementwiseOp::min>();
  }
}

void activate_range(const Activation& activation, const float* in, float* out, int64_t count) {
  with_activation(activation.kind, [&]<ActivationKind kKind>() { activate_span<kKind>(activation, in, out, count); });
}

// out = clip(a op b); kScalar: b is one value.
template <ElementwiseOp kOp, bool kScalar>
void combine_span(const float* a, const float* b, float* out, int64_t count, ClipRange clip) {
  const FloatTag d;
  const FloatVec low = hn::Set(d, clip.low), high = hn::Set(d, clip.high);
  const FloatVec scalar = kScalar ? hn::Set(d, *b) : hn::Zero(d);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const FloatVec right = kScalar ? scalar : hn::LoadU(d, b + i);
    hn::StoreU(clamp(combine<kOp>(hn::LoadU(d, a + i), right), low, high), d, out + i);
  }
  if (i == count) return;
  const FloatVec right = kScalar ? scalar : load_partial(d, b + i, count - i);
  store_partial(d, clamp(combine<kOp>(load_partial(d, a + i, count - i), right), low, high), out + i, count - i);
}

template <bool kScalar>
void combine_range(ElementwiseOp op, const float* a, const float* b, float* out, int64_t count,
                   const Activation& activation) {
  const ClipRange clip = clip_of(activation);
  with_op(op, [&]<ElementwiseOp kOp>() { combine_span<kOp, kScalar>(a, b, out, count, clip); });
  if (!is_clip(activation)) activate_range(activation, out, out, count);
}

void elementwise(ElementwiseOp op, const float* a, const float* b, float* out, int64_t count, Activation activation,
                 ThreadPool& pool) {
  parallel_pieces(pool, count, kGrain, [&](int64_t begin, int64_t end) {
    combine_range<false>(op, a + begin, b + begin, out + begin, end - begin, activation);
  });
}

void elementwise_rows(ElementwiseOp op, const float* a, const float* b, float* out, int64_t rows, int64_t columns,
                      Activation activation, ThreadPool& pool) {
  if (columns == 1) {
    parallel_pieces(pool, rows, kGrain, [&](int64_t begin, int64_t end) {
      combine_range<true>(op, a + begin, b, out + begin, end - begin, activation);
    });
    return;
  }
  const int64_t grain = std::max<int64_t>(kGrain / std::max<int64_t>(columns, 1), 1);
  parallel_pieces(pool, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      combine_range<false>(op, a + r * columns, b, out + r * columns, columns, activation);
  });
}

void activate_all(Activation activation, const float* in, float* out, int64_t count, ThreadPool& pool) {
  parallel_pieces(pool, count, kGrain, [&](int64_t begin, int64_t end) {
    activate_range(activation, in + begin, out + begin, end - begin);
  });
}

void exp_all(const float* in, float* out, int64_t count, ThreadPool& pool) {
  parallel_pieces(pool, count, kGrain, [&](int64_t begin, int64_t end) {
    const FloatTag d;
    for (int64_t i = begin; i < end; i += kLanes)
      store_up_to(d, exp_of(d, load_up_to(d, in + i, end - i)), out + i, end - i);
  });
}

void softmax_row(const float* in, float* out, int64_t columns) {
  const FloatTag d;
  const int64_t whole = columns / kLanes * kLanes, rest = columns - whole;
  const auto there = hn::FirstN(d, static_cast<size_t>(rest));
  const FloatVec lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  FloatVec most = lowest;
  for (int64_t i = 0; i < whole; i += kLanes) most = hn::Max(most, hn::LoadU(d, in + i));
  if (rest > 0) most = hn::Max(most, hn::IfThenElse(there, load_partial(d, in + whole, rest), lowest));
  const FloatVec shift = hn::MaxOfLanes(d, most);
  FloatVec sum = hn::Zero(d);
  for (int64_t i = 0; i < whole; i += kLanes) {
    const FloatVec e = exp_of(d, hn::Sub(hn::LoadU(d, in + i), shift));
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, out + i);
  }
  if (rest > 0) {
    const FloatVec e = exp_of(d, hn::Sub(load_partial(d, in + whole, rest), shift));
    sum = hn::Add(sum, hn::IfThenElseZero(there, e));
    store_partial(d, e, out + whole, rest);
  }
  const float total = hn::GetLane(hn::SumOfLanes(d, sum));
  combine_span<ElementwiseOp::div, true>(out, &total, out, columns, ClipRange{});
}

void softmax(const float* in, float* out, int64_t rows, int64_t columns, ThreadPool& pool) {
  const int64_t grain = std::max<int64_t>(kGrain / 4 / std::max<int64_t>(columns, 1), 1);
  parallel_pieces(pool, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) softmax_row(in + r * columns, out + r * columns, columns);
  });
}

}  // namespace

void fill_elementwise(FloatKernels& kernels) {
  kernels.elementwise = &elementwise;
  kernels.elementwise_rows = &elementwise_rows;
  kernels.activate = &activate_all;
  kernels.exp = &exp_all;
  kernels.softmax = &softmax;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(elementwise)
}  // namespace pare
#endif
