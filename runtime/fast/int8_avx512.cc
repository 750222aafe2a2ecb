// The int8 kernels for AVX-512 without VNNI: 16-bit products, because the 8-bit multiply-add saturates.
#include "runtime/fast/int8_simd512-inl.h"
// The vector type comes first.
#include "runtime/fast/int8_set-inl.h"

namespace pare {
namespace {

// Exact: a uint8 times at most +-255, two of them, is far below 2^31.
struct WordsDot {
  static Simd::I dot(Simd::I acc, Simd::I a, Simd::I w) {
    Simd::I sum = Simd::add(acc, Simd::madd(a, w));
    asm("" : "+v"(sum));  // keeps the compiler from regrouping the sums, which would spill them
    return sum;
  }
};

}  // namespace

const Int8Micro& int8_micro_avx512() {
  static constexpr Int8Micro kMicro = words_micro<WordsDot>();
  return kMicro;
}

}  // namespace pare
