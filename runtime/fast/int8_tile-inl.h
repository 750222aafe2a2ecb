// Blocks of output pixels by output channels over `Simd` of the including file. Internal linkage: see int8_micro.h.
#pragma once

#include <cstdint>

#include "runtime/fast/int8_micro.h"

namespace pare {
namespace {

// Accumulators of `kTileRows` windows by `kPanels` panels, channels of a row together. Sums are taken modulo 2^32, so
// their order does not matter; few rows are summed in `kParts` interleaved parts to keep the units busy.
template <class Dot, int kTileRows, int kPanels>
void tile(const Int8BlockArgs& args, const uint8_t* const* windows, int64_t panel, int32_t* acc) {
  using I = Simd::I;
  constexpr int kVectors = kPanels * Simd::kVectors;
  constexpr int kParts = kTileRows * kVectors <= 4 ? 2 : 1;
  I sum[kParts][kTileRows][kVectors];
  const int32_t* start = args.start + panel * kInt8Panel;
#pragma GCC unroll 32
  for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sum[0][r][v] = Simd::load(start + v * Simd::kLanes);
      if constexpr (kParts == 2) sum[1][r][v] = Simd::zero();
    }

  const int64_t panel_bytes = args.panel_bytes;
  const uint8_t* weights = args.weights + panel * panel_bytes;
  const auto group = [&](int64_t k, I(&part)[kTileRows][kVectors]) __attribute__((always_inline)) {
    I w[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
      w[v] = Simd::load(weights + (v / Simd::kVectors) * panel_bytes + (v % Simd::kVectors) * Simd::kLanes * 4);
    weights += 64;
#pragma GCC unroll 32
    for (int r = 0; r < kTileRows; ++r) {
      const I a = Simd::broadcast4(windows[r] + k);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) part[r][v] = Dot::dot(part[r][v], a, w[v]);
    }
  };
  for (int64_t run = 0; run < args.run_count; ++run) {
    int64_t k = args.runs[run];
    const int64_t end = k + args.run_groups * 4;
    for (; k + 8 <= end; k += 8) {
      asm("" : "+r"(k));  // one index for all windows: not one running pointer each
      group(k, sum[0]);
      group(k + 4, sum[kParts - 1]);
    }
    if (k < end) group(k, sum[0]);
  }
#pragma GCC unroll 32
  for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      if constexpr (kParts == 2) sum[0][r][v] = Simd::add(sum[0][r][v], sum[1][r][v]);
      Simd::store(acc + r * kPanels * kInt8Panel + v * Simd::kLanes, sum[0][r][v]);
    }
}

using TileFunction = void (*)(const Int8BlockArgs&, const uint8_t* const*, int64_t, int32_t*);

struct TileTable {
  TileFunction entry[Simd::kMaxPanels + 1][Simd::kRows[1] + 1] = {};
};

template <class Dot, int kPanels, int kTileRows>
constexpr void fill_rows(TileTable& table) {
  table.entry[kPanels][kTileRows] = tile<Dot, kTileRows, kPanels>;
  if constexpr (kTileRows > 1) fill_rows<Dot, kPanels, kTileRows - 1>(table);
}

template <class Dot, int kPanels = Simd::kMaxPanels>
constexpr void fill_panels(TileTable& table) {
  fill_rows<Dot, kPanels, Simd::kRows[kPanels]>(table);
  if constexpr (kPanels > 1) fill_panels<Dot, kPanels - 1>(table);
}

template <class Dot>
constexpr TileTable tile_table() {
  TileTable table;
  fill_panels<Dot>(table);
  return table;
}

// The parameters of 16 channels.
struct Factors {
  Simd::F multiplier[Simd::kVectors];
  Simd::F addend[Simd::kVectors];
};

// The real result of 16 accumulators before its own bounds.
inline void scaled(const Int8EpilogueArgs& e, const int32_t* acc, const Factors& factors, const uint8_t* residual,
                   int64_t valid, Simd::F* out) {
  for (int v = 0; v < Simd::kVectors; ++v) {
    out[v] = Simd::mulf(Simd::to_float(Simd::load(acc + v * Simd::kLanes)), factors.multiplier[v]);
    out[v] = Simd::addf(out[v], factors.addend[v]);
  }
  if (e.has_middle)
    for (int v = 0; v < Simd::kVectors; ++v)
      out[v] = Simd::mulf(Simd::roundf(Simd::clampf(out[v], Simd::setf(e.middle_low), Simd::setf(e.middle_high))),
                          Simd::setf(e.middle_multiplier));
  if (residual) {
    Simd::I r[Simd::kVectors];
    Simd::load_bytes(residual, e.residual_signed, valid, r);
    for (int v = 0; v < Simd::kVectors; ++v)
      out[v] = Simd::addf(out[v], Simd::mulf(Simd::to_float(Simd::sub(r[v], Simd::set(e.residual_zero_point))),
                                             Simd::setf(e.residual_multiplier)));
  }
  for (int v = 0; v < Simd::kVectors; ++v) out[v] = Simd::clampf(out[v], Simd::setf(e.low), Simd::setf(e.high));
}

// One panel's results for `rows` pixels that follow each other; acc rows are acc_stride apart.
void finish_panel(const Int8BlockArgs& args, const int32_t* acc, int64_t acc_stride, int rows, int64_t pixel,
                  int64_t channel) {
  const Int8EpilogueArgs& e = args.epilogue;
  const int64_t valid = args.channels - channel < kInt8Panel ? args.channels - channel : kInt8Panel;
  int64_t at = pixel * args.y_stride + channel;
  Factors factors{};
  if (e.kind != 2)
    for (int v = 0; v < Simd::kVectors; ++v) {
      factors.multiplier[v] = Simd::loadf(e.multiplier + channel + v * Simd::kLanes);
      factors.addend[v] = Simd::loadf(e.addend + channel + v * Simd::kLanes);
    }
  for (int r = 0; r < rows; ++r, acc += acc_stride, at += args.y_stride) {
    if (e.kind == 2) {
      Simd::I raw[Simd::kVectors];
      for (int v = 0; v < Simd::kVectors; ++v) raw[v] = Simd::load(acc + v * Simd::kLanes);
      Simd::store_ints(reinterpret_cast<int32_t*>(args.y) + at, raw, valid);
      continue;
    }
    Simd::F real[Simd::kVectors];
    scaled(e, acc, factors, e.residual ? e.residual + at : nullptr, valid, real);
    if (e.kind == 1) {
      Simd::store_floats(reinterpret_cast<float*>(args.y) + at, real, valid);
      continue;
    }
    Simd::I q[Simd::kVectors];
    for (int v = 0; v < Simd::kVectors; ++v) q[v] = Simd::add(Simd::to_int(real[v]), Simd::set(e.zero_point));
    Simd::store_bytes(args.y + at, q, valid);
  }
}

// The results of a tile of `wide` panels where they are narrow: several panels, of one row or more, packed together.
void finish_narrow(const Int8BlockArgs& args, const int32_t* acc, int wide, int rows, int64_t pixel, int64_t channel) {
  constexpr int kTogether = Simd::kPackedPanels;
  const Int8EpilogueArgs e = args.epilogue;
  const int64_t y_stride = args.y_stride, channels = args.channels;
  uint8_t* y = args.y + pixel * y_stride + channel;
  const int count = rows * wide;
  int panel = 0;
  for (int i = 0; i < count; i += kTogether) {
    uint8_t* to[kTogether];
    int64_t valid[kTogether];
    Simd::I q[4];
#pragma GCC unroll 4
    for (int p = 0; p < kTogether; ++p) {
      const int64_t c = channel + panel * kInt8Panel;
      to[p] = y + panel * kInt8Panel;
      valid[p] = i + p < count ? channels - c : 0;
#pragma GCC unroll 2
      for (int v = 0; v < Simd::kVectors; ++v) {
        const int64_t at = c + v * Simd::kLanes;
        const Simd::I sum = Simd::load(acc + (i + p) * kInt8Panel + v * Simd::kLanes);
        Simd::F real = Simd::mulf(Simd::to_float(sum), Simd::loadf(e.multiplier + at));
        if (e.has_addend) real = Simd::addf(real, Simd::loadf(e.addend + at));
        q[p * Simd::kVectors + v] = Simd::to_int(real);
      }
      if (++panel == wide) {
        panel = 0;
        y += y_stride;
      }
    }
    const Simd::I packed = Simd::pack_panels(q, e);
#pragma GCC unroll 4
    for (int p = 0; p < kTogether; ++p)
      if (valid[p] > 0) Simd::store_panel(to[p], packed, p, valid[p]);
  }
}

inline void add_row_start(const int32_t* start, int rows, int wide, int32_t* acc) {
  for (int r = 0; r < rows; ++r) {
    const Simd::I term = Simd::set(start[r]);
    for (int v = 0; v < wide * Simd::kVectors; ++v, acc += Simd::kLanes)
      Simd::store(acc, Simd::add(Simd::load(acc), term));
  }
}

// Panels and pixels are dealt out evenly: 7 panels are 4 and 3, 49 pixels by at most 12 are five tiles of 9 or 10.
template <class Dot>
void block(const Int8BlockArgs& args) {
  static constexpr TileTable kTiles = tile_table<Dot>();
  // Read in groups of panels, so a little past the last.
  alignas(64) int32_t acc[kInt8MaxTile + 4 * kInt8Panel];
  const uint8_t* windows[Simd::kRows[1]];
  const int64_t panels = args.panel_end - args.panel_begin;
  const int64_t chunks = (panels + Simd::kMaxPanels - 1) / Simd::kMaxPanels;
  const int64_t most_rows = Simd::kRows[(panels + chunks - 1) / chunks];
  const int64_t tiles = (args.count + most_rows - 1) / most_rows;
  int64_t x = args.first % args.width;
  const uint8_t* row = args.base + args.first / args.width * args.row_step;
  int64_t pixel = args.first;
  for (int64_t t = 1; t <= tiles; ++t) {
    const int rows = static_cast<int>(args.first + args.count * t / tiles - pixel);
    for (int r = 0; r < rows; ++r) {
      windows[r] = row + x * args.pixel_step;
      if (++x == args.width) {
        x = 0;
        row += args.row_step;
      }
    }
    int64_t panel = args.panel_begin;
    for (int64_t c = 1; c <= chunks; ++c) {
      const int64_t next = args.panel_begin + panels * c / chunks;
      const int wide = static_cast<int>(next - panel);
      kTiles.entry[wide][rows](args, windows, panel, acc);
      if (args.row_start) add_row_start(args.row_start + pixel, rows, wide, acc);
      if (args.epilogue.narrow) {
        finish_narrow(args, acc, wide, rows, pixel, panel * kInt8Panel);
        panel = next;
        continue;
      }
      for (int p = 0; p < wide; ++p)
        finish_panel(args, acc + p * kInt8Panel, wide * kInt8Panel, rows, pixel, (panel + p) * kInt8Panel);
      panel = next;
    }
    pixel += rows;
  }
}

// `width` panels of a row of 16-bit values from its two rows of accumulators.
inline void finish_wide(const Int8WideArgs& args, const int32_t* upper, int width, int64_t row, int64_t channel) {
  const int32_t* lower = upper + width * kInt8Panel;
  const float* multiplier = args.block.epilogue.multiplier + channel;
  const float* addend = args.block.epilogue.addend + channel;
  const float* residual = args.residual ? args.residual + row * args.residual_stride + channel : nullptr;
  float* y = reinterpret_cast<float*>(args.block.y) + row * args.block.y_stride + channel;
  const int64_t channels = args.block.channels - channel;
  const Simd::F scale = Simd::setf(args.row_scale[row]), two_to_8 = Simd::setf(256.0f);
  for (int64_t p = 0; p < width * kInt8Panel; p += kInt8Panel) {
    Simd::F out[Simd::kVectors], more[Simd::kVectors];
    if (residual) Simd::load_floats(residual + p, channels - p, more);
    for (int v = 0; v < Simd::kVectors; ++v) {
      const int64_t at = p + v * Simd::kLanes;
      out[v] = Simd::mulf(Simd::to_float(Simd::load(upper + at)), two_to_8);
      out[v] = Simd::addf(out[v], Simd::to_float(Simd::load(lower + at)));
      out[v] = Simd::mulf(out[v], Simd::mulf(Simd::loadf(multiplier + at), scale));
      out[v] = Simd::addf(out[v], Simd::loadf(addend + at));
      if (residual) out[v] = Simd::addf(out[v], more[v]);
    }
    Simd::store_floats(y + p, out, channels - p);
  }
}

// Dealt out as in block(); one row is the common case and needs no division.
template <class Dot>
void wide(const Int8WideArgs& args) {
  static constexpr TileTable kTiles = tile_table<Dot>();
  alignas(64) int32_t acc[kInt8MaxTile];
  const uint8_t* windows[Simd::kRows[1]];
  const Int8BlockArgs& b = args.block;
  const auto panels = static_cast<uint32_t>(b.panel_end - b.panel_begin);
  const uint32_t chunks = (panels + Simd::kMaxPanels - 1) / Simd::kMaxPanels;
  const uint32_t most_rows = Simd::kRows[panels <= Simd::kMaxPanels ? panels : (panels + chunks - 1) / chunks] / 2;
  const auto count = static_cast<uint32_t>(b.count);
  int64_t row = b.first;
  for (uint32_t tiles = count <= most_rows ? 1 : (count + most_rows - 1) / most_rows; tiles > 0; --tiles) {
    const auto left = static_cast<uint32_t>(b.first + b.count - row);
    const auto rows = static_cast<int>(tiles == 1 ? left : (left + tiles - 1) / tiles);
    for (int r = 0; r < 2 * rows; ++r) windows[r] = args.rows + (2 * row + r) * args.plane_bytes;
    int64_t panel = b.panel_begin;
    for (uint32_t c = chunks; c > 0; --c) {
      const auto rest = static_cast<uint32_t>(b.panel_end - panel);
      const auto width = static_cast<int>(c == 1 ? rest : (rest + c - 1) / c);
      kTiles.entry[width][2 * rows](b, windows, panel, acc);
      for (int r = 0; r < rows; ++r)
        finish_wide(args, acc + 2 * r * width * kInt8Panel, width, row + r, panel * kInt8Panel);
      panel += width;
    }
    row += rows;
  }
}

}  // namespace
}  // namespace pare
