// Builds an Int8Conv: quantization parameters into factors, weights into the order of the kernels.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "runtime/fast/int8_state.h"

namespace pare {
namespace {

// Depthwise weights of one instance may take this much before a row is cut into pixels.
constexpr int64_t kMaxFlatWeights = 48 * 1024;

class Weights {
 public:
  explicit Weights(const Int8ConvParams& params) : p_(params), per_group_(p_.shape.in_channels / p_.shape.groups) {}

  // Less its zero point; in is counted within the group.
  int32_t at(int64_t out, int64_t in, int64_t h, int64_t w) const {
    const int64_t i = p_.weights_io ? in * p_.shape.out_channels + out
                                    : ((out * per_group_ + in) * p_.shape.kernel_h + h) * p_.shape.kernel_w + w;
    const auto* bytes = static_cast<const uint8_t*>(p_.weights);
    const int32_t value = p_.weights_signed ? static_cast<int8_t>(bytes[i]) : bytes[i];
    return value - of_channel(p_.weight_zero_point, out, 0);
  }
  float scale(int64_t out) const { return of_channel(p_.weight_scale, out, 1.0f); }

  bool fit_in_int8() const {
    const int64_t taps = p_.shape.kernel_h * p_.shape.kernel_w;
    for (int64_t o = 0; o < p_.shape.out_channels; ++o)
      for (int64_t i = 0; i < per_group_; ++i)
        for (int64_t t = 0; t < taps; ++t) {
          const int32_t value = at(o, i, t / p_.shape.kernel_w, t % p_.shape.kernel_w);
          if (value < -128 || value > 127) return false;
        }
    return true;
  }

 private:
  template <class T>
  static T of_channel(std::span<const T> values, int64_t channel, T none) {
    if (values.empty()) return none;
    return values[values.size() == 1 ? 0 : static_cast<size_t>(channel)];
  }

  const Int8ConvParams& p_;
  int64_t per_group_;
};

void put(uint8_t* base, int64_t index, int32_t value, Int8Format format) {
  if (format == Int8Format::bytes) {
    base[index] = static_cast<uint8_t>(value);
  } else {
    const auto word = static_cast<int16_t>(value);
    std::memcpy(base + 2 * index, &word, sizeof(word));
  }
}

void resize_parameters(Int8Conv::State& state, int64_t count) {
  const auto size = static_cast<size_t>(count);
  state.bias.assign(size, 0);
  state.weight_sum.assign(size, 0);
  state.weight_scale.assign(size, 0);
  state.addend.assign(size, 0);
  state.start.assign(size, 0);
  state.multiplier.assign(size, 0);
}

void set_channel(Int8Conv::State& state, const Int8ConvParams& params, const Weights& weights, int64_t at,
                 int64_t channel, uint32_t sum, double magnitude) {
  const auto i = static_cast<size_t>(at);
  const auto c = static_cast<size_t>(channel);
  state.weight_sum[i] = static_cast<int32_t>(sum);
  state.weight_scale[i] = weights.scale(channel);
  const double bias = params.bias.empty() ? 0.0 : std::abs(static_cast<double>(params.bias[c]));
  state.largest = std::max(state.largest, (255.0 * magnitude + bias) * weights.scale(channel));
  if (!params.bias.empty()) state.bias[i] = params.bias[c];
  if (!params.float_bias.empty()) {
    state.addend[i] = params.float_bias[c] / state.target_scale;
    state.largest_addend = std::max(state.largest_addend, static_cast<double>(std::abs(state.addend[i])));
    state.epilogue.has_addend = state.largest_addend > 0;
  }
}

// [group][panel][run][group of 4 bytes][16 channels][4 bytes]
void pack_panels(Int8Conv::State& state, const Int8ConvParams& params, const Weights& weights) {
  const ConvShape& s = params.shape;
  const int64_t out = s.out_channels / s.groups, in = s.in_channels / s.groups;
  const bool rows = state.runs_are_rows();
  const int64_t each = state.format == Int8Format::bytes ? 4 : 2;  // activations in 4 bytes
  state.run_count = rows ? s.kernel_h : s.kernel_h * s.kernel_w;
  state.run_length = rows ? s.kernel_w * in : in;
  state.run_groups = (state.run_length + each - 1) / each;
  state.panels = (out + kInt8Panel - 1) / kInt8Panel;
  const int64_t panel_groups = state.run_count * state.run_groups;
  state.weights.resize(static_cast<size_t>(s.groups * state.panels * panel_groups));
  resize_parameters(state, s.groups * state.panels * kInt8Panel);
  for (int64_t channel = 0; channel < s.out_channels; ++channel) {
    const int64_t panel = channel / out * state.panels + channel % out / kInt8Panel;
    const int64_t lane = channel % out % kInt8Panel;
    uint32_t sum = 0;
    double magnitude = 0;
    for (int64_t run = 0; run < state.run_count; ++run)
      for (int64_t k = 0; k < state.run_length; ++k) {
        const int64_t cell = rows ? run * s.kernel_w + k / in : run;
        const int32_t value = weights.at(channel, k % in, cell / s.kernel_w, cell % s.kernel_w);
        const int64_t line = panel * panel_groups + run * state.run_groups + k / each;
        put(state.weights[static_cast<size_t>(line)].bytes, lane * each + k % each, value, state.format);
        sum += static_cast<uint32_t>(value);
        magnitude += std::abs(value);
      }
    set_channel(state, params, weights, panel * kInt8Panel + lane, channel, sum, magnitude);
  }
}

// [phase][4 taps][paired: 2][block][4] int8, or [phase][4 taps][paired: 2][2 taps][block][2] int16
void pack_depthwise(Int8Conv::State& state, const Int8ConvParams& params, const Weights& weights) {
  const ConvShape& s = params.shape;
  const int64_t block = state.micro->depthwise_block;
  const int64_t taps = s.kernel_h * s.kernel_w;
  const int64_t element = state.format == Int8Format::bytes ? 1 : 2;
  // Two output rows share the interleaved rows of their windows where they overlap in all but one.
  state.paired = s.stride_h == 1 && s.dilation_h == 1 && s.kernel_h > 1;
  const int64_t column_groups = (s.kernel_h + 1 + 3) / 4;
  state.tap_groups = state.paired ? s.kernel_w * column_groups : (taps + 3) / 4;
  const int64_t group_bytes = block * 4 * element * (state.paired ? 2 : 1);
  const int64_t phase_bytes = state.tap_groups * group_bytes;
  state.phases = s.out_channels / std::gcd(s.out_channels, block);
  state.flat = s.stride_w == 1 && state.phases * phase_bytes <= kMaxFlatWeights;
  if (!state.flat) state.phases = (s.out_channels + block - 1) / block;
  state.weights.resize(static_cast<size_t>((state.phases * phase_bytes + 63) / 64));
  resize_parameters(state, state.phases * block);
  for (int64_t at = 0; at < state.phases * block; ++at) {
    const int64_t phase = at / block, position = at % block;
    int64_t channel = phase * block + int8_block_element(position, block);
    if (state.flat) channel %= s.out_channels;
    if (channel >= s.out_channels) continue;
    uint8_t* base = state.weights.data()->bytes + phase * phase_bytes;
    uint32_t sum = 0;
    double magnitude = 0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int32_t value = weights.at(channel, 0, tap / s.kernel_w, tap % s.kernel_w);
      for (int64_t below = 0; below < (state.paired ? 2 : 1); ++below) {
        const int64_t row = tap / s.kernel_w + below;
        const int64_t slot = state.paired ? tap % s.kernel_w * column_groups * 4 + row : tap;
        const int64_t index = state.format == Int8Format::bytes ? position * 4 + slot % 4
                                                                : (slot % 4 / 2 * block + position) * 2 + slot % 2;
        put(base + slot / 4 * group_bytes + below * block * 4 * element, index, value, state.format);
      }
      sum += static_cast<uint32_t>(value);
      magnitude += std::abs(value);
    }
    set_channel(state, params, weights, at, channel, sum, magnitude);
  }
}

float lower_bound(const Int8Quant& quant, float bound) {
  return static_cast<float>(std::max(quant.lowest(), quant.quantize(bound)) - quant.zero_point);
}
float upper_bound(const Int8Quant& quant, float bound) {
  return static_cast<float>(std::min(quant.highest(), quant.quantize(bound)) - quant.zero_point);
}

void set_epilogue(Int8Conv::State& state, const Int8ConvParams& params) {
  const float output_scale = params.output_kind == Int8Output::quantized ? params.output.scale : 1.0f;
  state.epilogue = int8_epilogue(params.output_kind, params.output, params.bounds);
  Int8EpilogueArgs& e = state.epilogue;
  state.target_scale = output_scale;
  if (!params.residual) return;
  state.has_residual = true;
  e.residual_signed = params.residual->is_signed;
  e.residual_zero_point = params.residual->zero_point;
  e.residual_multiplier = params.residual->scale / output_scale;
  if (!params.middle) return;
  e.has_middle = 1;
  e.middle_low = lower_bound(*params.middle, params.middle_bounds.low);
  e.middle_high = upper_bound(*params.middle, params.middle_bounds.high);
  e.middle_multiplier = params.middle->scale / output_scale;
  state.target_scale = params.middle->scale;
}

}  // namespace

int32_t Int8Quant::quantize(float value) const {
  const auto low = static_cast<float>(lowest() - zero_point), high = static_cast<float>(highest() - zero_point);
  float v = value / scale;
  v = v > low ? v : low;
  v = v < high ? v : high;
  return static_cast<int32_t>(std::nearbyint(v)) + zero_point;
}

Int8EpilogueArgs int8_epilogue(Int8Output kind, const Int8Quant& output, const Int8Bounds& bounds) {
  const bool quantized = kind == Int8Output::quantized;
  Int8EpilogueArgs e{};
  e.kind = static_cast<int>(kind);
  e.is_signed = output.is_signed;
  e.zero_point = quantized ? output.zero_point : 0;
  e.low = quantized ? lower_bound(output, bounds.low) : bounds.low;
  e.high = quantized ? upper_bound(output, bounds.high) : bounds.high;
  e.least = quantized ? static_cast<int>(e.low) + e.zero_point : 0;
  e.most = quantized ? static_cast<int>(e.high) + e.zero_point : 0;
  return e;
}

bool Int8Conv::State::narrow(float input_scale) const {
  return output_kind == Int8Output::quantized && !has_residual &&
         largest * input_scale / target_scale + largest_addend < 1e9;
}

void Int8Conv::State::prepare(const Int8Quant& of, int32_t* starts, float* multipliers) const {
  const auto zero = static_cast<uint32_t>(int8_unsigned_zero(of));
  for (size_t i = 0; i < bias.size(); ++i) {
    starts[i] = static_cast<int32_t>(static_cast<uint32_t>(bias[i]) - zero * static_cast<uint32_t>(weight_sum[i]));
    multipliers[i] = of.scale * weight_scale[i] / target_scale;
  }
}

Int8Conv::Int8Conv(const Int8ConvParams& params, Isa isa) {
  const ConvShape& s = params.shape;
  assert(s.groups > 0 && s.in_channels % s.groups == 0 && s.out_channels % s.groups == 0);
  assert(!params.weights_io || (s.kernel_h * s.kernel_w == 1 && s.groups == 1));
  auto state = std::make_unique<State>();
  const Weights weights(params);
  state->shape = s;
  state->micro = &int8_micro(isa);
  state->format = weights.fit_in_int8() ? state->micro->format : Int8Format::words;
  state->depthwise = s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
  state->input = params.input;
  state->output_kind = params.output_kind;
  set_epilogue(*state, params);
  if (state->depthwise)
    pack_depthwise(*state, params, weights);
  else
    pack_panels(*state, params, weights);
  state->prepare(params.input, state->start.data(), state->multiplier.data());
  state_ = std::move(state);
}

Int8Conv::~Int8Conv() = default;
Int8Conv::Int8Conv(Int8Conv&&) noexcept = default;
Int8Conv& Int8Conv::operator=(Int8Conv&&) noexcept = default;

size_t Int8Conv::packed_bytes() const { return state_->weights.size() * sizeof(Int8Line); }

}  // namespace pare
