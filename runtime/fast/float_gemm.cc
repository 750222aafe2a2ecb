// GEMM: one image of one row of pixels in the register tiles of convolution, and matrix times vector.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_gemm.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "runtime/fast/float_parts.h"
#include "runtime/fast/float_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

int64_t packed_size(int64_t k, int64_t n) { return k * Panels{n}.padded_columns(); }

// Whole rows of a panel are copied when the columns of B are contiguous, as those of a product's second operand are.
void pack(const float* b, int64_t row_stride, int64_t column_stride, int64_t k, int64_t n, float* packed) {
  const Panels panels{n};
  if (column_stride != 1) {
    pack_panels(panels, k, packed,
                [&](int64_t row, int64_t column) { return b[row * row_stride + column * column_stride]; });
    return;
  }
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    const int64_t begin = panels.begin(panel), width = panels.vectors_of(panel) * kLanes;
    const int64_t columns = std::min(width, n - begin);
    for (int64_t row = 0; row < k; ++row, packed += width) {
      std::copy_n(b + row * row_stride + begin, columns, packed);
      std::fill(packed + columns, packed + width, 0.0f);
    }
  }
}

// One row: four sums per vector, so that the weights stream at the speed of memory and not of one addition.
template <int kV>
HWY_NOINLINE void row_panel(const float* a, int64_t k, const float* HWY_RESTRICT b, int64_t columns,
                            const Epilogue& epilogue, float* c) {
  const FloatTag d;
  FloatVec acc[4][kV];
  PARE_UNROLL(4)
  for (int s = 0; s < 4; ++s) PARE_UNROLL(4)
  for (int v = 0; v < kV; ++v) acc[s][v] = hn::Zero(d);
  int64_t i = 0;
  for (; i + 4 <= k; i += 4, b += 4 * kV * kLanes) {
    PARE_UNROLL(4)
    for (int s = 0; s < 4; ++s) {
      const FloatVec x = hn::Set(d, a[i + s]);
      PARE_UNROLL(4)
      for (int v = 0; v < kV; ++v) acc[s][v] = hn::MulAdd(x, hn::LoadU(d, b + (s * kV + v) * kLanes), acc[s][v]);
    }
  }
  for (; i < k; ++i, b += kV * kLanes) {
    const FloatVec x = hn::Set(d, a[i]);
    PARE_UNROLL(4)
    for (int v = 0; v < kV; ++v) acc[0][v] = hn::MulAdd(x, hn::LoadU(d, b + v * kLanes), acc[0][v]);
  }
  const ClipRange clip = clip_of(epilogue.activation);
  const FloatVec low = hn::Set(d, clip.low), high = hn::Set(d, clip.high);
  PARE_UNROLL(4)
  for (int v = 0; v < kV; ++v) {
    const int64_t here = columns - v * kLanes;
    FloatVec sum = hn::Add(hn::Add(acc[0][v], acc[1][v]), hn::Add(acc[2][v], acc[3][v]));
    if (epilogue.bias != nullptr) sum = hn::Add(sum, load_up_to(d, epilogue.bias + v * kLanes, here));
    if (epilogue.residual != nullptr) sum = hn::Add(sum, load_up_to(d, epilogue.residual + v * kLanes, here));
    store_up_to(d, clamp(sum, low, high), c + v * kLanes, here);
  }
  if (!is_clip(epilogue.activation)) finish_tile(epilogue.activation, c, 0, 1, columns);
}

void multiply_row(const GemmShape& shape, const float* a, const float* packed, float* c, const Epilogue& epilogue,
                  ThreadPool& pool) {
  const Panels panels{shape.n};
  const int64_t grain = std::max<int64_t>(16 * 1024 / std::max<int64_t>(shape.k * kPanelVectors * kLanes, 1), 1);
  parallel_pieces(pool, panels.count(), grain, [&](int64_t first, int64_t last) {
    for (int64_t panel = first; panel < last; ++panel) {
      const int64_t begin = panels.begin(panel);
      const int vectors = panels.vectors_of(panel);
      const int64_t columns = std::min<int64_t>(shape.n - begin, vectors * kLanes);
      Epilogue part = epilogue;
      if (part.bias != nullptr) part.bias += begin;
      if (part.residual != nullptr) part.residual += begin;
      const auto run = vectors == 1 ? row_panel<1> : vectors == 2 ? row_panel<2> : row_panel<3>;
      run(a, shape.k, packed + begin * shape.k, columns, part, c + begin);
    }
  });
}

void multiply(const GemmShape& shape, const float* a, const float* packed, float* c, const Epilogue& epilogue,
              ThreadPool& pool) {
  if (shape.n == 0) return;
  if (shape.m == 1) return multiply_row(shape, a, packed, c, epilogue, pool);
  Product job;
  job.grid.base = a;
  job.grid.out_w = std::max<int64_t>(shape.m, 1);
  job.grid.step_w = shape.lda;
  job.pixels = shape.m;
  job.run = shape.k;
  job.panels = Panels{shape.n};
  job.packed = packed;
  job.c = c;
  job.ldc = shape.ldc;
  job.epilogue = epilogue;
  product(job, pool);
}

}  // namespace

void fill_gemm(FloatKernels& kernels) {
  kernels.gemm_packed_size = &packed_size;
  kernels.gemm_pack = &pack;
  kernels.gemm = &multiply;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(gemm)
}  // namespace pare
#endif
