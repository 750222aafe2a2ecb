// Transposing blocks of floats between rows of any stride. Included once per instruction set.
#if defined(PARE_RUNTIME_FAST_FLOAT_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PARE_RUNTIME_FAST_FLOAT_TRANSPOSE_INL_H_
#undef PARE_RUNTIME_FAST_FLOAT_TRANSPOSE_INL_H_
#else
#define PARE_RUNTIME_FAST_FLOAT_TRANSPOSE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
HWY_INLINE void transpose_four(const float* in, int64_t in_step, float* out, int64_t out_step) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::FixedTag<float, 4> d;
  const auto a0 = hn::LoadU(d, in), a1 = hn::LoadU(d, in + in_step);
  const auto a2 = hn::LoadU(d, in + 2 * in_step), a3 = hn::LoadU(d, in + 3 * in_step);
  const auto low0 = hn::InterleaveLower(d, a0, a1), low1 = hn::InterleaveLower(d, a2, a3);
  const auto high0 = hn::InterleaveUpper(d, a0, a1), high1 = hn::InterleaveUpper(d, a2, a3);
  hn::StoreU(hn::ConcatLowerLower(d, low1, low0), d, out);
  hn::StoreU(hn::ConcatUpperUpper(d, low1, low0), d, out + out_step);
  hn::StoreU(hn::ConcatLowerLower(d, high1, high0), d, out + 2 * out_step);
  hn::StoreU(hn::ConcatUpperUpper(d, high1, high0), d, out + 3 * out_step);
}
#endif

// out[c * out_step + r] = in[r * in_step + c]
inline void transpose_block(const float* in, int64_t in_step, float* out, int64_t out_step, int64_t rows,
                            int64_t columns) {
  int64_t whole_rows = 0, whole_columns = 0;
#if HWY_TARGET != HWY_SCALAR
  whole_rows = rows / 4 * 4;
  whole_columns = columns / 4 * 4;
  for (int64_t c = 0; c < whole_columns; c += 4)
    for (int64_t r = 0; r < whole_rows; r += 4)
      transpose_four(in + r * in_step + c, in_step, out + c * out_step + r, out_step);
#endif
  for (int64_t c = whole_columns; c < columns; ++c)
    for (int64_t r = 0; r < whole_rows; ++r) out[c * out_step + r] = in[r * in_step + c];
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = whole_rows; r < rows; ++r) out[c * out_step + r] = in[r * in_step + c];
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#endif
