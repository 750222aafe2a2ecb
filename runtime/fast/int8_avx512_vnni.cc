// The int8 kernels for AVX-512 with VNNI.
#include "runtime/fast/int8_simd512-inl.h"
// The vector type comes first.
#include "runtime/fast/int8_set-inl.h"

namespace pare {
namespace {

// The forms that wrap, not those that saturate.
struct BytesDot {
  static Simd::I dot(Simd::I acc, Simd::I a, Simd::I w) { return _mm512_dpbusd_epi32(acc, a, w); }
};
struct WordsDot {
  static Simd::I dot(Simd::I acc, Simd::I a, Simd::I w) { return _mm512_dpwssd_epi32(acc, a, w); }
};

}  // namespace

const Int8Micro& int8_micro_avx512_vnni() {
  static constexpr Int8Micro kMicro = bytes_micro<BytesDot, WordsDot>();
  return kMicro;
}

}  // namespace pare
