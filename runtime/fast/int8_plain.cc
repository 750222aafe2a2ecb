// The int8 kernels in portable C++: the definition that every instruction set matches bit for bit.
#include <algorithm>
#include <cstring>

#include "runtime/fast/int8_micro.h"
#include "runtime/fast/int8_scalar-inl.h"

namespace pare {
namespace {

uint32_t wrap_multiply_add(uint32_t acc, int32_t a, int32_t b) { return acc + static_cast<uint32_t>(a * b); }

// Activations uint16, weights int16, two of a sum at a time.
void pixel_words(const Int8BlockArgs& args, const uint8_t* window, int64_t panel, int32_t* acc) {
  uint32_t sum[kInt8Panel];
  std::memcpy(sum, args.start + panel * kInt8Panel, sizeof(sum));
  const uint8_t* weights = args.weights + panel * args.panel_bytes;
  for (int64_t run = 0; run < args.run_count; ++run) {
    const uint8_t* in = window + args.runs[run];
    for (int64_t group = 0; group < args.run_groups; ++group, in += 4, weights += 64) {
      uint16_t a[2];
      int16_t w[2 * kInt8Panel];
      std::memcpy(a, in, sizeof(a));
      std::memcpy(w, weights, sizeof(w));
      for (int i = 0; i < kInt8Panel; ++i)
        sum[i] = wrap_multiply_add(wrap_multiply_add(sum[i], a[0], w[2 * i]), a[1], w[2 * i + 1]);
    }
  }
  std::memcpy(acc, sum, sizeof(sum));
}

void block_words(const Int8BlockArgs& args) {
  for (int64_t pixel = args.first; pixel < args.first + args.count; ++pixel) {
    const uint8_t* window = args.base + pixel / args.width * args.row_step + pixel % args.width * args.pixel_step;
    for (int64_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
      int32_t acc[kInt8Panel];
      pixel_words(args, window, panel, acc);
      const int64_t channel = panel * kInt8Panel;
      const int64_t valid = std::min<int64_t>(kInt8Panel, args.channels - channel);
      for (int64_t i = 0; i < valid; ++i)
        finish_scalar(args.epilogue, acc[i], channel + i, args.y, args.epilogue.residual,
                      pixel * args.y_stride + channel + i);
    }
  }
}

void wide_words(const Int8WideArgs& args) {
  const Int8BlockArgs& b = args.block;
  for (int64_t row = b.first; row < b.first + b.count; ++row) {
    const uint8_t* planes = args.rows + row * 2 * args.plane_bytes;
    for (int64_t panel = b.panel_begin; panel < b.panel_end; ++panel) {
      int32_t upper[kInt8Panel], lower[kInt8Panel];
      pixel_words(b, planes, panel, upper);
      pixel_words(b, planes + args.plane_bytes, panel, lower);
      const int64_t channel = panel * kInt8Panel;
      for (int64_t c = channel; c < std::min(channel + kInt8Panel, b.channels); ++c)
        finish_wide_scalar(args, upper[c - channel], lower[c - channel], row, c);
    }
  }
}

constexpr int kBlock = 16;

void depthwise_row(const Int8DepthwiseArgs& args, int row) {
  const int64_t blocks = (args.flat + kBlock - 1) / kBlock;
  const int64_t group_bytes = kBlock * 8 * (args.paired ? 2 : 1);
  const int64_t phase_bytes = args.tap_groups * group_bytes;
  for (int64_t step = 0; step < args.steps; ++step) {
    for (int64_t block = 0; block < blocks; ++block) {
      const uint8_t* in = args.base + step * args.step_bytes + block * kBlock;
      const int64_t phase = block % args.phases;
      uint32_t sum[kBlock];
      std::memcpy(sum, args.start + phase * kBlock, sizeof(sum));
      for (int64_t pair = 0; pair < args.tap_groups * 2; ++pair) {
        int16_t w[2 * kBlock];
        std::memcpy(w, args.weights + phase * phase_bytes + pair / 2 * group_bytes + row * kBlock * 8 + pair % 2 * 64,
                    sizeof(w));
        const uint8_t* first = in + args.taps[2 * pair];
        const uint8_t* second = in + args.taps[2 * pair + 1];
        for (int i = 0; i < kBlock; ++i)
          sum[i] = wrap_multiply_add(wrap_multiply_add(sum[i], first[i], w[2 * i]), second[i], w[2 * i + 1]);
      }
      const int64_t valid = std::min<int64_t>(kBlock, args.flat - block * kBlock);
      for (int64_t i = 0; i < valid; ++i)
        finish_scalar(args.epilogue, static_cast<int32_t>(sum[i]), phase * kBlock + i, args.y, args.residual,
                      row * args.next_row + step * args.flat + block * kBlock + i);
    }
  }
}

void depthwise_words(const Int8DepthwiseArgs& args) {
  for (int row = 0; row < args.rows; ++row) depthwise_row(args, row);
}

void flip_bytes(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i] ^ flip;
}

void widen_bytes(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t wide = in[i] ^ flip;
    std::memcpy(out + 2 * i, &wide, sizeof(wide));
  }
}

void binary(const Int8BinaryArgs& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    const int32_t a = load_scalar(args.a + i, args.a_signed) - args.a_zero_point;
    const int32_t b = load_scalar(args.b + i, args.b_signed) - args.b_zero_point;
    float v = static_cast<float>(args.product ? a * b : a) * args.a_multiplier;
    if (!args.product) v = v + static_cast<float>(b) * args.b_multiplier;
    v = round_scalar(clamp_scalar(v, args.low, args.high));
    args.y[i] = static_cast<uint8_t>(static_cast<int32_t>(v) + args.y_zero_point);
  }
}

void quantize(const float* x, float scale, float low, float high, int32_t zero_point, uint8_t* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float v = round_scalar(clamp_scalar(x[i] / scale, low, high));
    y[i] = static_cast<uint8_t>(static_cast<int32_t>(v) + zero_point);
  }
}

void dequantize(const uint8_t* x, int is_signed, float scale, int32_t zero_point, float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(load_scalar(x + i, is_signed) - zero_point) * scale;
}

void maximum(const uint8_t* const* cells, int64_t cell_count, int is_signed, uint8_t* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = maximum_scalar(cells, cell_count, is_signed, i);
}

void accumulate(const uint8_t* x, int is_signed, int32_t* sum, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sum[i] += load_scalar(x + i, is_signed);
}

void lookup(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = table[x[i]];
}

float split(const float* x, uint8_t* upper, uint8_t* lower, int64_t count) {
  int32_t most = 0;
  for (int64_t i = 0; i < count; ++i) most = std::max(most, magnitude_scalar(x[i]));
  const WideScale scale = wide_scale(most);
  for (int64_t i = 0; i < count; ++i) {
    const auto q =
        static_cast<int32_t>(round_scalar(clamp_scalar(x[i] * scale.factor, -kInt8WideLargest, kInt8WideLargest)));
    const auto bits = static_cast<uint32_t>(q + 0x8080);
    upper[i] = static_cast<uint8_t>(bits >> 8);
    lower[i] = static_cast<uint8_t>(bits);
  }
  return scale.scale;
}

constexpr Int8Micro kPlain = {
    .format = Int8Format::words,
    .block_words = block_words,
    .wide_words = wide_words,
    .depthwise_block = kBlock,
    .depthwise_words = depthwise_words,
    .flip = flip_bytes,
    .widen = widen_bytes,
    .binary = binary,
    .quantize = quantize,
    .dequantize = dequantize,
    .maximum = maximum,
    .accumulate = accumulate,
    .lookup = lookup,
    .split = split,
};

}  // namespace

const Int8Micro& int8_micro_plain() { return kPlain; }

}  // namespace pare
