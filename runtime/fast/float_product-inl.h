// Shares the outputs of a GEMM or convolution out over register tiles. Included once per instruction set.
#if defined(PARE_RUNTIME_FAST_FLOAT_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PARE_RUNTIME_FAST_FLOAT_PRODUCT_INL_H_
#undef PARE_RUNTIME_FAST_FLOAT_PRODUCT_INL_H_
#else
#define PARE_RUNTIME_FAST_FLOAT_PRODUCT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "runtime/fast/float_math-inl.h"
#include "runtime/fast/float_tile-inl.h"
#include "runtime/fast/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {

// Columns are cut into panels of two vectors; an odd last vector joins the panel before it, or is a panel of its own.
inline constexpr int kPanelVectors = 2;

struct Panels {
  int64_t columns;

  int64_t vectors() const { return (columns + kLanes - 1) / kLanes; }
  int64_t padded_columns() const { return vectors() * kLanes; }
  int64_t count() const { return std::max<int64_t>(vectors() / kPanelVectors, 1); }
  int64_t begin(int64_t panel) const { return panel * kPanelVectors * kLanes; }
  int vectors_of(int64_t panel) const {
    return static_cast<int>(panel + 1 == count() ? vectors() - panel * kPanelVectors : kPanelVectors);
  }
};

// Writes the weights of `depth` inputs by panels.columns outputs as [panel][depth][vectors * kLanes]; missing columns
// are zero. weight(depth, column) is called once for each pair.
template <class Weight>
void pack_panels(const Panels& panels, int64_t depth, float* packed, const Weight& weight) {
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    const int64_t begin = panels.begin(panel), width = panels.vectors_of(panel) * kLanes;
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t j = 0; j < width; ++j) *packed++ = begin + j < panels.columns ? weight(k, begin + j) : 0.0f;
  }
}

// Where the windows of the output pixels begin; a GEMM is one image of one row.
struct PixelGrid {
  const float* base = nullptr;
  int64_t out_w = 1, out_h = 1;
  int64_t step_w = 0, step_h = 0, step_image = 0;
};

struct Product {
  PixelGrid grid;
  int64_t pixels = 0;  // out_w * out_h * images
  int64_t taps_h = 1, taps_w = 1, tap_step_h = 0, tap_step_w = 0, run = 0;
  int64_t groups = 1, group_step = 0;  // floats of input between groups
  Panels panels{0};                    // of one group
  const float* packed = nullptr;       // [group] panels
  float* c = nullptr;
  int64_t ldc = 0;
  Epilogue epilogue;

  int64_t depth() const { return taps_h * taps_w * run; }
};

HWY_INLINE void finish_tile(const Activation& activation, float* c, int64_t ldc, int rows, int64_t columns) {
  with_activation(activation.kind, [&]<ActivationKind kKind>() {
    for (int r = 0; r < rows; ++r) activate_span<kKind>(activation, c + r * ldc, c + r * ldc, columns);
  });
}

// The pixels [begin, end) of one panel of one group.
inline void product_block(const Product& job, int64_t group, int64_t panel, int64_t begin, int64_t end) {
  const PixelGrid& grid = job.grid;
  const int vectors = job.panels.vectors_of(panel);
  const int64_t column = job.panels.begin(panel);
  const int64_t channel = group * job.panels.columns + column;
  const ClipRange clip = clip_of(job.epilogue.activation);
  const float* pixels[kMaxRows];
  TileArgs args{};
  args.pixels = pixels;
  args.taps_h = job.taps_h;
  args.taps_w = job.taps_w;
  args.tap_step_h = job.tap_step_h;
  args.tap_step_w = job.tap_step_w;
  args.run = job.run;
  args.panel = job.packed + job.depth() * (group * job.panels.padded_columns() + column);
  args.bias = job.epilogue.bias == nullptr ? nullptr : job.epilogue.bias + channel;
  args.ldc = job.ldc;
  args.residual_stride = job.epilogue.residual_stride == 0 ? job.ldc : job.epilogue.residual_stride;
  args.columns = std::min<int64_t>(job.panels.columns - column, vectors * kLanes);
  args.low = clip.low;
  args.high = clip.high;

  int64_t x = begin % grid.out_w, y = begin / grid.out_w % grid.out_h, image = begin / grid.out_w / grid.out_h;
  const float* base = grid.base + group * job.group_step;
  int64_t tiles = (end - begin + kRows[vectors] - 1) / kRows[vectors];
  for (int64_t p = begin; p < end; --tiles) {
    const int rows = static_cast<int>((end - p + tiles - 1) / tiles);
    for (int r = 0; r < rows; ++r) {
      pixels[r] = base + image * grid.step_image + y * grid.step_h + x * grid.step_w;
      if (++x == grid.out_w) {
        x = 0;
        if (++y == grid.out_h) {
          y = 0;
          ++image;
        }
      }
    }
    args.c = job.c + p * job.ldc + channel;
    if (job.epilogue.residual != nullptr) args.residual = job.epilogue.residual + p * args.residual_stride + channel;
    kTiles[vectors - 1][rows - 1](args);
    if (!is_clip(job.epilogue.activation)) finish_tile(job.epilogue.activation, args.c, args.ldc, rows, args.columns);
    p += rows;
  }
}

// Blocks of pixels whose inputs stay in the second-level cache while the panels pass over them.
inline void product(const Product& job, ThreadPool& pool) {
  if (job.pixels == 0 || job.panels.columns == 0) return;
  constexpr int64_t kBlockFloats = 32 * 1024;
  const int64_t rows = kRows[std::min(kPanelVectors, kMaxVectors)];
  const int64_t per_pixel = std::max<int64_t>(job.taps_w * job.run, 1);
  int64_t block = std::max<int64_t>(kBlockFloats / per_pixel, 4 * rows);
  const int64_t columns = job.groups * job.panels.count();
  if (pool.threads() > 1) {
    const int64_t wanted = (4 * pool.threads() + columns - 1) / columns;
    block = std::min(block, (job.pixels + wanted - 1) / wanted);
  }
  block = (block + rows - 1) / rows * rows;
  const int64_t blocks = (job.pixels + block - 1) / block;
  parallel_for(pool, blocks * columns, [&](int64_t unit) {
    const int64_t begin = unit / columns * block, column = unit % columns;
    product_block(job, column / job.panels.count(), column % job.panels.count(), begin,
                  std::min(begin + block, job.pixels));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#endif
