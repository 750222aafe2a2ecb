// 512-bit vectors for the int8 kernels (AVX-512 F, BW, DQ, VL). Internal linkage: see int8_micro.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "runtime/fast/int8_micro.h"

namespace pare {
namespace {

struct Simd {
  using I = __m512i;
  using F = __m512;
  static constexpr int kLanes = 16;   // of 32 bits
  static constexpr int kVectors = 1;  // to a panel of 16 channels
  static constexpr int kMaxPanels = 4;
  static constexpr int kRows[kMaxPanels + 1] = {0, 16, 12, 8, 6};  // most rows of a tile by its panels

  static I load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(void* p, I v) { _mm512_storeu_si512(p, v); }
  static I zero() { return _mm512_setzero_si512(); }
  static I set(int32_t v) { return _mm512_set1_epi32(v); }
  static I set8(uint8_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static I broadcast4(const void* p) {
    int32_t v;
    __builtin_memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
  }
  static I add(I a, I b) { return _mm512_add_epi32(a, b); }
  static I sub(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I mul(I a, I b) { return _mm512_mullo_epi32(a, b); }
  static I exclusive_or(I a, I b) { return _mm512_xor_si512(a, b); }
  static I madd(I a, I b) { return _mm512_madd_epi16(a, b); }
  static I max_u8(I a, I b) { return _mm512_max_epu8(a, b); }
  static I max_s8(I a, I b) { return _mm512_max_epi8(a, b); }
  static I sub8(I a, I b) { return _mm512_sub_epi8(a, b); }
  static I add_saturated_u8(I a, I b) { return _mm512_adds_epu8(a, b); }
  static I shuffle(I table, I index) { return _mm512_shuffle_epi8(table, index); }
  static I either(I a, I b) { return _mm512_or_si512(a, b); }
  static I load16(const uint8_t* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static I low8(I a, I b) { return _mm512_unpacklo_epi8(a, b); }
  static I high8(I a, I b) { return _mm512_unpackhi_epi8(a, b); }
  static I low16(I a, I b) { return _mm512_unpacklo_epi16(a, b); }
  static I high16(I a, I b) { return _mm512_unpackhi_epi16(a, b); }
  static I widen8(const uint8_t* p) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }

  static F loadf(const float* p) { return _mm512_loadu_ps(p); }
  static F setf(float v) { return _mm512_set1_ps(v); }
  static F addf(F a, F b) { return _mm512_add_ps(a, b); }
  static F mulf(F a, F b) { return _mm512_mul_ps(a, b); }
  static F divf(F a, F b) { return _mm512_div_ps(a, b); }
  // The second operand where either is NaN.
  static F clampf(F v, F low, F high) { return _mm512_min_ps(_mm512_max_ps(v, low), high); }
  static F to_float(I v) { return _mm512_cvtepi32_ps(v); }
  static I to_int(F v) { return _mm512_cvtps_epi32(v); }
  static I bits(F v) { return _mm512_castps_si512(v); }
  static I both(I a, I b) { return _mm512_and_si512(a, b); }
  static I max32(I a, I b) { return _mm512_max_epi32(a, b); }
  static int32_t largest32(I v) { return _mm512_reduce_max_epi32(v); }
  static I upper_byte(I v) { return _mm512_srli_epi32(v, 8); }
  static F roundf(F v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

  static __mmask16 mask16(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

  // Up to 16 elements, n of them valid.
  static void load_bytes(const uint8_t* p, int is_signed, int64_t n, I* out) {
    const __m128i bytes =
        n >= 16 ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)) : _mm_maskz_loadu_epi8(mask16(n), p);
    out[0] = is_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
  }
  static void store_bytes(uint8_t* p, const I* v, int64_t n) {
    if (n >= 16)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v[0]));
    else
      _mm_mask_storeu_epi8(p, mask16(n), _mm512_cvtepi32_epi8(v[0]));
  }
  static void load_floats(const float* p, int64_t n, F* out) {
    out[0] = n >= 16 ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask16(n), p);
  }
  static void store_floats(float* p, const F* v, int64_t n) {
    if (n >= 16)
      _mm512_storeu_ps(p, v[0]);
    else
      _mm512_mask_storeu_ps(p, mask16(n), v[0]);
  }
  static void store_ints(int32_t* p, const I* v, int64_t n) {
    if (n >= 16)
      _mm512_storeu_si512(p, v[0]);
    else
      _mm512_mask_storeu_epi32(p, mask16(n), v[0]);
  }

  // Four vectors of integers in the order that low8/high8, low16/high16 leave, to bytes in memory order. Values plus
  // zero point must be in range.
  static I pack(I a, I b, I c, I d, int32_t zero_point, int is_signed) {
    const I zero16 = _mm512_set1_epi16(static_cast<short>(zero_point));
    const I low = _mm512_add_epi16(_mm512_packs_epi32(a, b), zero16);
    const I high = _mm512_add_epi16(_mm512_packs_epi32(c, d), zero16);
    return is_signed ? _mm512_packs_epi16(low, high) : _mm512_packus_epi16(low, high);
  }
  // The same for Int8EpilogueArgs::narrow: any integers, bounds applied here.
  static I pack_narrow(I a, I b, I c, I d, const Int8EpilogueArgs& e) {
    const I zero16 = _mm512_set1_epi16(static_cast<short>(e.zero_point));
    const I low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero16);
    const I high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero16);
    const I least = _mm512_set1_epi8(static_cast<char>(e.least)), most = _mm512_set1_epi8(static_cast<char>(e.most));
    return e.is_signed ? _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(low, high), least), most)
                       : _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), least), most);
  }
  // pack_narrow for vectors of 16 channels in memory order: the bytes of kPackedPanels panels one after another.
  static constexpr int kPackedPanels = 4;
  static I pack_panels(const I* v, const Int8EpilogueArgs& e) {
    const I order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, pack_narrow(v[0], v[1], v[2], v[3], e));
  }
  static void store_panel(uint8_t* p, I packed, int panel, int64_t n) {
    const __m128i part = panel == 0   ? _mm512_castsi512_si128(packed)
                         : panel == 1 ? _mm512_extracti32x4_epi32(packed, 1)
                         : panel == 2 ? _mm512_extracti32x4_epi32(packed, 2)
                                      : _mm512_extracti32x4_epi32(packed, 3);
    if (n >= 16)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(p), part);
    else
      _mm_mask_storeu_epi8(p, mask16(n), part);
  }
  static void store_block(uint8_t* p, I v, int64_t n) {
    if (n >= 64)
      _mm512_storeu_si512(p, v);
    else
      _mm512_mask_storeu_epi8(p, (1ull << n) - 1ull, v);
  }
};

}  // namespace
}  // namespace pare
