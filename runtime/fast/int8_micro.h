// The part of the int8 kernels that is compiled once per instruction set. Internal to runtime/fast/int8*.
//
// Activations reach these as uint8 (signed ones with their top bit flipped, and 128 on their zero point) in groups of
// 4 bytes along the sum: four uint8, or two int16 that hold a uint8 value each where an instruction set lacks the 8-bit
// dot product or weights minus zero point do not fit in int8. A group of weights for a panel of 16 output channels is
// 64 bytes. Files that see this header are compiled with flags of their set: no inline functions here, plain data only.
#pragma once

#include <cstdint>

#include "runtime/cpu.h"

namespace pare {

inline constexpr int kInt8Panel = 16;     // output channels
inline constexpr int kInt8MaxTile = 384;  // most accumulators of a tile: rows * channels

enum class Int8Format : uint8_t { bytes, words };

// How accumulators become results; see int8.h. Pointers are at the first channel of the call.
struct Int8EpilogueArgs {
  int kind;            // of Int8Output
  int is_signed;       // of y
  float low, high;     // bounds minus zero point, or float bounds
  int32_t zero_point;  // of y
  int least, most;     // bounds of a quantized y itself
  // Every real result is far below 2^31, so bounds may be applied after the conversion to integers, as saturation and
  // then as bytes. Quantized results without residual only.
  int narrow;
  int has_addend;           // some addend is not 0
  const float* multiplier;  // per channel, padded to whole panels
  const float* addend;      // per channel, padded
  const uint8_t* residual;  // null: none
  int residual_signed;
  int32_t residual_zero_point;
  float residual_multiplier;
  int has_middle;
  float middle_low, middle_high, middle_multiplier;
};

// Output pixels [first, first + count) of a group's panels [panel_begin, panel_end), channels in [0, channels).
struct Int8BlockArgs {
  const uint8_t* base;  // of output pixel 0
  int64_t width;        // output pixels per row
  int64_t pixel_step;   // bytes from an output pixel's window to the next one's
  int64_t row_step;     // bytes from a row's first window to the next row's
  const int64_t* runs;  // byte offsets of the runs in a window; of 4 bytes readable each, `run_groups` times
  int64_t run_count;
  int64_t run_groups;
  const uint8_t* weights;  // [panel][run][group][64]
  int64_t panel_bytes;
  const int32_t* start;      // per channel: bias and zero point corrections; padded to whole panels
  const int32_t* row_start;  // per output pixel, added to every sum; null: none, as always in words
  int64_t first, count;
  int64_t panel_begin, panel_end;
  int64_t channels;
  uint8_t* y;        // of output pixel 0, channel 0
  int64_t y_stride;  // elements from pixel to pixel, also of the residual
  Int8EpilogueArgs epilogue;
};

// Rows of 16-bit values times panels of weights, each row as two of bytes: q = 256 * (upper - 128) + (lower - 128).
//   v = (256 * float(acc of upper) + float(acc of lower)) * (multiplier[c] * row_scale[r]) + addend[c] (+ residual)
// `block` says the rest: its windows, runs and output kind are not used, `start` is for a zero point of 128, and y is
// float32. `first` and `count` are rows.
struct Int8WideArgs {
  Int8BlockArgs block;
  const uint8_t* rows;  // [row][upper, lower][plane_bytes]
  int64_t plane_bytes;
  const float* row_scale;
  const float* residual;  // null: none
  int64_t residual_stride;
};

inline constexpr float kInt8WideLargest = 32639;  // 127 * 256 + 127: q fits into two bytes

// A stretch of one output row of a depthwise convolution. The row is cut into `steps` stretches of `flat` elements
// (stride 1: one stretch of width * channels; else one stretch of `channels` per pixel).
// Blocks of depthwise_block elements take the parameter block (index of the block modulo `phases`). In `paired` weights
// the taps of a group are rows of one kernel column, and each group has its weights twice: for an output row, and moved
// down by one tap for the output row below, whose windows start one input row lower.
struct Int8DepthwiseArgs {
  const uint8_t* base;  // window of the first output
  const int64_t* taps;  // byte offsets, `tap_groups` * 4 of them
  int64_t tap_groups;
  int64_t flat, steps;
  int64_t step_bytes;  // input
  int64_t phases;
  int paired;
  int rows;                // 1, or 2 with paired weights
  int64_t next_row;        // elements from a result to the one below
  const uint8_t* weights;  // [phase][tap group][paired: 2][block]
  const int32_t* start;    // [phase][block], in the order of the block's channels
  uint8_t* y;
  const uint8_t* residual;
  Int8EpilogueArgs epilogue;  // multiplier and addend: [phase][block]
};

// y = round(float(a - za) * ma + float(b - zb) * mb), or as a product round(float((a - za) * (b - zb)) * ma); bounds
// and zero point follow.
struct Int8BinaryArgs {
  const uint8_t* a;
  const uint8_t* b;
  uint8_t* y;
  int64_t count;
  int a_signed, b_signed, y_signed;
  int32_t a_zero_point, b_zero_point, y_zero_point;
  float a_multiplier, b_multiplier;
  float low, high;  // minus zero point
  int product;
};

struct Int8Micro {
  Int8Format format;                               // the better one for weights that fit in int8
  void (*block_bytes)(const Int8BlockArgs& args);  // null where format is words
  void (*block_words)(const Int8BlockArgs& args);

  void (*wide_bytes)(const Int8WideArgs& args);  // null where format is words
  void (*wide_words)(const Int8WideArgs& args);

  int depthwise_block;  // elements of a block, a multiple of 16
  // Bytes of weights of a block's four taps: int8 [channel][4] in lane order, or int16 [2 taps][channel][2].
  void (*depthwise_bytes)(const Int8DepthwiseArgs& args);  // null where format is words
  void (*depthwise_words)(const Int8DepthwiseArgs& args);

  void (*flip)(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count);   // out = in ^ flip
  void (*widen)(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count);  // uint16 of in ^ flip
  void (*binary)(const Int8BinaryArgs& args);
  // y = clamp(round(x / scale), low, high) + zero_point; NaN becomes low.
  void (*quantize)(const float* x, float scale, float low, float high, int32_t zero_point, uint8_t* y, int64_t count);
  void (*dequantize)(const uint8_t* x, int is_signed, float scale, int32_t zero_point, float* y, int64_t count);
  // y[i] = the largest cells[c][i]; at least one cell.
  void (*maximum)(const uint8_t* const* cells, int64_t cell_count, int is_signed, uint8_t* y, int64_t count);
  void (*accumulate)(const uint8_t* x, int is_signed, int32_t* sum, int64_t count);   // sum += x
  void (*lookup)(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count);  // y = table[x]
  // The two bytes of each round(x / scale), see Int8WideArgs, and the scale: max |x| / kInt8WideLargest, or NaN where a
  // value is infinite or NaN.
  float (*split)(const float* x, uint8_t* upper, uint8_t* lower, int64_t count);
};

const Int8Micro& int8_micro_plain();
const Int8Micro& int8_micro_avx2();
const Int8Micro& int8_micro_avx512();
const Int8Micro& int8_micro_avx2_vnni();
const Int8Micro& int8_micro_avx512_vnni();
const Int8Micro& int8_micro(Isa isa);  // the machine must have it

}  // namespace pare
