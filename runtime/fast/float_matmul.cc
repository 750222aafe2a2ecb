// Products of matrices that are met once: operands are read where they lie, with any strides.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_matmul.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "runtime/fast/float_parts.h"
#include "runtime/fast/float_product-inl.h"
#include "runtime/fast/float_transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kWidth = kPanelVectors * kLanes;  // columns of a panel
constexpr int64_t kFewRows = 3;                     // up to which packing a panel costs more than it saves

int64_t scratch_size(const MatmulShape& shape, int threads) {
  return shape.m <= kFewRows ? 0 : threads * shape.k * (kWidth + kLanes);
}

// One panel of B as [k][width], times `scale`; missing columns are zero.
void pack_panel(const MatmulShape& s, const float* b, int64_t columns, int64_t width, float* to) {
  const FloatTag d;
  if (s.b_row == 1 && s.k > 1) {
    if (columns < width) std::fill(to, to + s.k * width, 0.0f);
    transpose_block(b, s.b_column, to, width, columns, s.k);
  } else {
    for (int64_t k = 0; k < s.k; ++k) {
      const float* row = b + k * s.b_row;
      if (s.b_column == 1) {
        for (int64_t j = 0; j < width; j += kLanes)
          hn::StoreU(j < columns ? load_up_to(d, row + j, columns - j) : hn::Zero(d), d, to + k * width + j);
      } else {
        for (int64_t j = 0; j < width; ++j) to[k * width + j] = j < columns ? row[j * s.b_column] : 0.0f;
      }
    }
  }
  if (s.scale == 1) return;
  const FloatVec scale = hn::Set(d, s.scale);
  for (int64_t i = 0; i < s.k * width; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, to + i), scale), d, to + i);
}

void finish_row(const MatmulShape& s, const float* bias, float* c, int64_t columns) {
  const FloatTag d;
  const FloatVec scale = hn::Set(d, s.scale);
  for (int64_t j = 0; j < columns; j += kLanes) {
    FloatVec x = hn::Mul(load_up_to(d, c + j, columns - j), scale);
    if (bias != nullptr) x = hn::Add(x, load_up_to(d, bias + j, columns - j));
    store_up_to(d, x, c + j, columns - j);
  }
  if (s.activation.kind != ActivationKind::none) finish_tile(s.activation, c, 0, 1, columns);
}

// One row of A by the columns of a panel whose rows are contiguous.
template <int kV>
HWY_INLINE void row_by_rows(const MatmulShape& s, const float* a, const float* b, int64_t columns, float* c) {
  const FloatTag d;
  FloatVec even[kV], odd[kV];
  for (int v = 0; v < kV; ++v) even[v] = odd[v] = hn::Zero(d);
  int64_t k = 0;
  for (; k + 2 <= s.k; k += 2) {
    const float* row = b + k * s.b_row;
    const FloatVec x = hn::Set(d, a[k]), y = hn::Set(d, a[k + 1]);
    PARE_UNROLL(4)
    for (int v = 0; v < kV; ++v) {
      even[v] = hn::MulAdd(x, load_up_to(d, row + v * kLanes, columns - v * kLanes), even[v]);
      odd[v] = hn::MulAdd(y, load_up_to(d, row + s.b_row + v * kLanes, columns - v * kLanes), odd[v]);
    }
  }
  for (; k < s.k; ++k)
    for (int v = 0; v < kV; ++v)
      even[v] =
          hn::MulAdd(hn::Set(d, a[k]), load_up_to(d, b + k * s.b_row + v * kLanes, columns - v * kLanes), even[v]);
  for (int v = 0; v < kV; ++v) store_up_to(d, hn::Add(even[v], odd[v]), c + v * kLanes, columns - v * kLanes);
}

// A dot product: two sums of vectors, then their lanes in order.
HWY_INLINE float dot(const float* a, const float* b, int64_t count) {
  const FloatTag d;
  FloatVec even = hn::Zero(d), odd = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
    odd = hn::MulAdd(hn::LoadU(d, a + i + kLanes), hn::LoadU(d, b + i + kLanes), odd);
  }
  for (; i < count; i += kLanes)
    even = hn::MulAdd(load_up_to(d, a + i, count - i), load_up_to(d, b + i, count - i), even);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

void few_rows(const MatmulShape& s, const float* a, const float* b, int64_t columns, const float* bias, float* c) {
  for (int64_t r = 0; r < s.m; ++r, a += s.a_row, c += s.c_row) {
    if (s.b_row == 1 && (s.b_column != 1 || columns == 1)) {
      for (int64_t j = 0; j < columns; ++j) c[j] = dot(a, b + j * s.b_column, s.k);
    } else if (s.b_column == 1) {
      if (columns > kLanes)
        row_by_rows<kPanelVectors>(s, a, b, columns, c);
      else
        row_by_rows<1>(s, a, b, columns, c);
    } else {
      for (int64_t j = 0; j < columns; ++j) {
        float sum = 0;
        for (int64_t k = 0; k < s.k; ++k) sum += a[k] * b[k * s.b_row + j * s.b_column];
        c[j] = sum;
      }
    }
    finish_row(s, bias, c, columns);
  }
}

void many_rows(const MatmulShape& s, const float* a, const float* packed, int64_t columns, int vectors,
               const float* bias, float* c) {
  const ClipRange clip = clip_of(s.activation);
  const float* rows_of[kMaxRows];
  TileArgs args{};
  args.pixels = rows_of;
  args.taps_h = args.taps_w = 1;
  args.run = s.k;
  args.panel = packed;
  args.bias = bias;
  args.ldc = s.c_row;
  args.columns = columns;
  args.low = clip.low;
  args.high = clip.high;
  int64_t tiles = (s.m + kRows[vectors] - 1) / kRows[vectors];
  for (int64_t begin = 0; begin < s.m; --tiles) {
    const int rows = static_cast<int>((s.m - begin + tiles - 1) / tiles);
    for (int r = 0; r < rows; ++r) rows_of[r] = a + (begin + r) * s.a_row;
    args.c = c + begin * s.c_row;
    kTiles[vectors - 1][rows - 1](args);
    if (!is_clip(s.activation)) finish_tile(s.activation, args.c, s.c_row, rows, columns);
    begin += rows;
  }
}

// A unit of work is one panel of columns of one product.
void matmul(const MatmulShape& s, const MatmulOffsets& at, const float* a, const float* b, const float* bias, float* c,
            float* scratch, ThreadPool& pool) {
  const Panels panels{s.n};
  const int64_t count = panels.count();
  const auto work = [&](int64_t unit, int thread) {
    const int64_t product = unit / count, panel = unit % count, first = panels.begin(panel);
    const int vectors = panels.vectors_of(panel);
    const int64_t columns = std::min<int64_t>(s.n - first, vectors * kLanes);
    const float* left = a + at.a[product];
    const float* right = b + at.b[product] + first * s.b_column;
    const float* start = bias == nullptr ? nullptr : bias + first;
    float* out = c + at.c[product] + first;
    if (s.m <= kFewRows) {
      for (int64_t j = 0; j < columns; j += kWidth)
        few_rows(s, left, right + j * s.b_column, std::min(columns - j, kWidth), start == nullptr ? start : start + j,
                 out + j);
      return;
    }
    float* packed = scratch + thread * s.k * (kWidth + kLanes);
    pack_panel(s, right, columns, vectors * kLanes, packed);
    many_rows(s, left, packed, columns, vectors, start, out);
  };
  if (pool.threads() == 1) {
    for (int64_t unit = 0; unit < s.count * count; ++unit) work(unit, 0);
    return;
  }
  pool.run(s.count * count, std::cref(work));
}

}  // namespace

void fill_matmul(FloatKernels& kernels) {
  kernels.matmul_scratch_size = &scratch_size;
  kernels.matmul = &matmul;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(matmul)
}  // namespace pare
#endif
