// Normalization of rows, and reductions over one axis.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_norm.cc"
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

constexpr int64_t kPiece = 16 * 1024;

// fold(accumulator, x) over a row: two accumulators of vectors, then their lanes.
template <class Fold, class Join>
HWY_INLINE float fold_row(const float* in, int64_t count, float start, const Fold& fold, const Join& join) {
  const FloatTag d;
  FloatVec even = hn::Set(d, start), odd = even;
  int64_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    even = fold(even, hn::LoadU(d, in + i));
    odd = fold(odd, hn::LoadU(d, in + i + kLanes));
  }
  for (; i + kLanes <= count; i += kLanes) even = fold(even, hn::LoadU(d, in + i));
  HWY_ALIGN float lanes[kLanes];
  hn::Store(join(even, odd), d, lanes);
  if (i < count) {
    // The lanes that exist join; the others keep what they have.
    HWY_ALIGN float folded[kLanes];
    hn::Store(fold(hn::Set(d, start), load_partial(d, in + i, count - i)), d, folded);
    HWY_ALIGN float rest[kLanes];
    for (int64_t k = 0; k < kLanes; ++k) rest[k] = k < count - i ? folded[k] : start;
    hn::Store(join(hn::Load(d, lanes), hn::Load(d, rest)), d, lanes);
  }
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    HWY_ALIGN float upper[kLanes] = {};
    for (int64_t k = 0; k < half; ++k) upper[k] = lanes[half + k];
    hn::Store(join(hn::Load(d, lanes), hn::Load(d, upper)), d, lanes);
  }
  return lanes[0];
}

HWY_INLINE FloatVec larger(FloatVec x, FloatVec y) { return hn::IfThenElse(hn::IsNaN(x), x, at_least(y, x)); }
HWY_INLINE FloatVec smaller(FloatVec x, FloatVec y) { return hn::IfThenElse(hn::IsNaN(x), x, at_most(y, x)); }

// Calls visit(fold, join, start) for the operation.
template <class Visitor>
HWY_INLINE void with_reduce(ReduceOp op, const Visitor& visit) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto add = [](FloatVec x, FloatVec y) { return hn::Add(x, y); };
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::mean:
      return visit(add, add, 0.0f);
    case ReduceOp::max:
      return visit(larger, larger, -kInfinity);
    case ReduceOp::min:
      return visit(smaller, smaller, kInfinity);
    case ReduceOp::sum_of_squares:
    case ReduceOp::l2:
      return visit([](FloatVec sum, FloatVec x) { return hn::MulAdd(x, x, sum); }, add, 0.0f);
    case ReduceOp::l1:
      return visit([](FloatVec sum, FloatVec x) { return hn::Add(sum, hn::Abs(x)); }, add, 0.0f);
  }
}

HWY_INLINE float finish(ReduceOp op, float value, int64_t size) {
  if (op == ReduceOp::mean) return value / static_cast<float>(size);
  return op == ReduceOp::l2 ? std::sqrt(value) : value;
}

// Folds the rows of [size, inner] into one, some vectors of columns at a time.
template <class Fold>
HWY_INLINE void fold_columns(ReduceOp op, int64_t size, int64_t inner, int64_t begin, int64_t end, float start,
                             const Fold& fold, const float* in, float* out) {
  const FloatTag d;
  constexpr int kV = 4;
  for (int64_t c = begin; c < end; c += kV * kLanes) {
    FloatVec acc[kV];
    for (int v = 0; v < kV; ++v) acc[v] = hn::Set(d, start);
    const int vectors = static_cast<int>(std::min<int64_t>((end - c + kLanes - 1) / kLanes, kV));
    for (int64_t r = 0; r < size; ++r)
      for (int v = 0; v < vectors; ++v)
        acc[v] = fold(acc[v], load_up_to(d, in + r * inner + c + v * kLanes, end - c - v * kLanes));
    for (int v = 0; v < vectors; ++v) {
      if (op == ReduceOp::mean) acc[v] = hn::Div(acc[v], hn::Set(d, static_cast<float>(size)));
      if (op == ReduceOp::l2) acc[v] = hn::Sqrt(acc[v]);
      store_up_to(d, acc[v], out + c + v * kLanes, end - c - v * kLanes);
    }
  }
}

void reduce(ReduceOp op, int64_t outer, int64_t size, int64_t inner, const float* in, float* out, ThreadPool& pool) {
  with_reduce(op, [&](const auto& fold, const auto& join, float start) {
    if (inner == 1) {
      const int64_t grain = std::max<int64_t>(kPiece / size, 1);
      parallel_pieces(pool, outer, grain, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r)
          out[r] = finish(op, fold_row(in + r * size, size, start, fold, join), size);
      });
      return;
    }
    constexpr int64_t kStrip = 256;
    const int64_t strips = (inner + kStrip - 1) / kStrip;
    const int64_t grain = std::max<int64_t>(kPiece / (size * std::min(inner, kStrip)), 1);
    parallel_pieces(pool, outer * strips, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t row = unit / strips, column = unit % strips * kStrip;
        fold_columns(op, size, inner, column, std::min(column + kStrip, inner), start, fold, in + row * size * inner,
                     out + row * inner);
      }
    });
  });
}

void normalize_row(bool centre, float epsilon, const float* in, const float* scale, const float* shift, float* out,
                   int64_t columns) {
  const FloatTag d;
  const auto add = [](FloatVec x, FloatVec y) { return hn::Add(x, y); };
  const float mean = centre ? fold_row(in, columns, 0.0f, add, add) / static_cast<float>(columns) : 0.0f;
  const FloatVec middle = hn::Set(d, mean);
  const auto square = [&](FloatVec sum, FloatVec x) {
    const FloatVec from = hn::Sub(x, middle);
    return hn::MulAdd(from, from, sum);
  };
  const float variance = fold_row(in, columns, 0.0f, square, add) / static_cast<float>(columns);
  const FloatVec factor = hn::Set(d, 1.0f / std::sqrt(variance + epsilon));
  for (int64_t i = 0; i < columns; i += kLanes) {
    const int64_t here = columns - i;
    FloatVec y = hn::Mul(hn::Sub(load_up_to(d, in + i, here), middle), factor);
    if (scale != nullptr) y = hn::Mul(y, load_up_to(d, scale + i, here));
    if (shift != nullptr) y = hn::Add(y, load_up_to(d, shift + i, here));
    store_up_to(d, y, out + i, here);
  }
}

void normalize(bool centre, float epsilon, const float* in, const float* scale, const float* shift, float* out,
               int64_t rows, int64_t columns, ThreadPool& pool) {
  const int64_t grain = std::max<int64_t>(kPiece / std::max<int64_t>(columns, 1), 1);
  parallel_pieces(pool, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      normalize_row(centre, epsilon, in + r * columns, scale, shift, out + r * columns, columns);
  });
}

}  // namespace

void fill_norm(FloatKernels& kernels) {
  kernels.normalize = &normalize;
  kernels.reduce = &reduce;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(norm)
}  // namespace pare
#endif
