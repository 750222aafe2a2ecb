// The element-wise half of LSTM and GRU steps.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_recurrent.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "runtime/fast/float_math-inl.h"
#include "runtime/fast/float_parts.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

// body(row, column, lanes) over all vectors of [rows, hidden].
template <class Body>
HWY_INLINE void each_vector(const CellShape& shape, const Body& body) {
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t i = 0; i < shape.hidden; i += kLanes) body(r, i, shape.hidden - i);
}

void lstm_cell(const CellShape& shape, const float* gates, const float* peepholes, float* c, float* h) {
  const FloatTag d;
  each_vector(shape, [&](int64_t r, int64_t i, int64_t n) {
    const auto gate = [&](int64_t k) { return load_up_to(d, gates + r * shape.in_row + k * shape.hidden + i, n); };
    const auto weight = [&](int64_t k) { return load_up_to(d, peepholes + k * shape.hidden + i, n); };
    const int64_t at = r * shape.hidden + i;
    const FloatVec before = load_up_to(d, c + at, n);
    FloatVec input = gate(0), output = gate(1), forget = gate(2);
    if (peepholes != nullptr) {
      input = hn::MulAdd(weight(0), before, input);
      forget = hn::MulAdd(weight(2), before, forget);
    }
    const FloatVec kept = hn::Mul(sigmoid_of(d, forget), before);
    const FloatVec now = hn::MulAdd(sigmoid_of(d, input), tanh_of(d, gate(3)), kept);
    if (peepholes != nullptr) output = hn::MulAdd(weight(1), now, output);
    store_up_to(d, now, c + at, n);
    store_up_to(d, hn::Mul(sigmoid_of(d, output), tanh_of(d, now)), h + at, n);
  });
}

// (1 - z) n + z h
HWY_INLINE FloatVec blend(FloatVec z, FloatVec n, FloatVec h) { return hn::MulAdd(z, hn::Sub(h, n), n); }

void gru_cell(const CellShape& shape, const float* in, const float* recurrent, const float* h, float* out) {
  const FloatTag d;
  each_vector(shape, [&](int64_t r, int64_t i, int64_t n) {
    const auto x = [&](int64_t k) { return load_up_to(d, in + r * shape.in_row + k * shape.hidden + i, n); };
    const auto y = [&](int64_t k) {
      return load_up_to(d, recurrent + r * shape.recurrent_row + k * shape.hidden + i, n);
    };
    const FloatVec z = sigmoid_of(d, hn::Add(x(0), y(0)));
    const FloatVec reset = sigmoid_of(d, hn::Add(x(1), y(1)));
    const FloatVec now = tanh_of(d, hn::MulAdd(reset, y(2), x(2)));
    const FloatVec before = load_up_to(d, h + r * shape.hidden + i, n);
    store_up_to(d, blend(z, now, before), out + r * shape.hidden + i, n);
  });
}

void gru_reset(const CellShape& shape, const float* in, const float* recurrent, const float* h, float* reset) {
  const FloatTag d;
  each_vector(shape, [&](int64_t r, int64_t i, int64_t n) {
    const int64_t at = shape.hidden + i, state = r * shape.hidden + i;
    const FloatVec sum = hn::Add(load_up_to(d, in + r * shape.in_row + at, n),
                                 load_up_to(d, recurrent + r * shape.recurrent_row + at, n));
    store_up_to(d, hn::Mul(sigmoid_of(d, sum), load_up_to(d, h + state, n)), reset + state, n);
  });
}

void gru_output(const CellShape& shape, const float* in, const float* recurrent, const float* hidden, const float* h,
                float* out) {
  const FloatTag d;
  each_vector(shape, [&](int64_t r, int64_t i, int64_t n) {
    const int64_t at = r * shape.in_row + i, state = r * shape.hidden + i;
    const FloatVec z =
        sigmoid_of(d, hn::Add(load_up_to(d, in + at, n), load_up_to(d, recurrent + r * shape.recurrent_row + i, n)));
    const FloatVec sum = hn::Add(load_up_to(d, in + at + 2 * shape.hidden, n), load_up_to(d, hidden + state, n));
    store_up_to(d, blend(z, tanh_of(d, sum), load_up_to(d, h + state, n)), out + state, n);
  });
}

}  // namespace

void fill_recurrent(FloatKernels& kernels) {
  kernels.lstm_cell = &lstm_cell;
  kernels.gru_cell = &gru_cell;
  kernels.gru_reset = &gru_reset;
  kernels.gru_output = &gru_output;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(recurrent)
}  // namespace pare
#endif
