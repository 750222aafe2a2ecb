// 256-bit vectors for the int8 kernels (AVX2). Internal linkage: see int8_micro.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "runtime/fast/int8_micro.h"

namespace pare {
namespace {

struct Simd {
  using I = __m256i;
  using F = __m256;
  static constexpr int kLanes = 8;    // of 32 bits
  static constexpr int kVectors = 2;  // to a panel of 16 channels
  static constexpr int kMaxPanels = 1;
  static constexpr int kRows[kMaxPanels + 1] = {0, 6};  // most rows of a tile by its panels

  static I load(const void* p) { return _mm256_loadu_si256(static_cast<const I*>(p)); }
  static void store(void* p, I v) { _mm256_storeu_si256(static_cast<I*>(p), v); }
  static I zero() { return _mm256_setzero_si256(); }
  static I set(int32_t v) { return _mm256_set1_epi32(v); }
  static I set8(uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static I broadcast4(const void* p) {
    int32_t v;
    __builtin_memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
  }
  static I add(I a, I b) { return _mm256_add_epi32(a, b); }
  static I sub(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I mul(I a, I b) { return _mm256_mullo_epi32(a, b); }
  static I exclusive_or(I a, I b) { return _mm256_xor_si256(a, b); }
  static I madd(I a, I b) { return _mm256_madd_epi16(a, b); }
  static I max_u8(I a, I b) { return _mm256_max_epu8(a, b); }
  static I max_s8(I a, I b) { return _mm256_max_epi8(a, b); }
  static I sub8(I a, I b) { return _mm256_sub_epi8(a, b); }
  static I add_saturated_u8(I a, I b) { return _mm256_adds_epu8(a, b); }
  static I shuffle(I table, I index) { return _mm256_shuffle_epi8(table, index); }
  static I either(I a, I b) { return _mm256_or_si256(a, b); }
  static I load16(const uint8_t* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static I low8(I a, I b) { return _mm256_unpacklo_epi8(a, b); }
  static I high8(I a, I b) { return _mm256_unpackhi_epi8(a, b); }
  static I low16(I a, I b) { return _mm256_unpacklo_epi16(a, b); }
  static I high16(I a, I b) { return _mm256_unpackhi_epi16(a, b); }
  static I widen8(const uint8_t* p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }

  static F loadf(const float* p) { return _mm256_loadu_ps(p); }
  static F setf(float v) { return _mm256_set1_ps(v); }
  static F addf(F a, F b) { return _mm256_add_ps(a, b); }
  static F mulf(F a, F b) { return _mm256_mul_ps(a, b); }
  static F divf(F a, F b) { return _mm256_div_ps(a, b); }
  // The second operand where either is NaN.
  static F clampf(F v, F low, F high) { return _mm256_min_ps(_mm256_max_ps(v, low), high); }
  static F to_float(I v) { return _mm256_cvtepi32_ps(v); }
  static I to_int(F v) { return _mm256_cvtps_epi32(v); }
  static I bits(F v) { return _mm256_castps_si256(v); }
  static I both(I a, I b) { return _mm256_and_si256(a, b); }
  static I max32(I a, I b) { return _mm256_max_epi32(a, b); }
  static int32_t largest32(I v) {
    __m128i part = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    part = _mm_max_epi32(part, _mm_shuffle_epi32(part, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(part, _mm_shuffle_epi32(part, 0xb1)));
  }
  static I upper_byte(I v) { return _mm256_srli_epi32(v, 8); }
  static F roundf(F v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

  // Up to 16 elements, n of them valid.
  static void load_bytes(const uint8_t* p, int is_signed, int64_t n, I* out) {
    __m128i bytes;
    if (n >= 16) {
      bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    } else {
      alignas(16) uint8_t part[16] = {};
      for (int64_t i = 0; i < n; ++i) part[i] = p[i];
      bytes = _mm_load_si128(reinterpret_cast<const __m128i*>(part));
    }
    const __m128i upper = _mm_unpackhi_epi64(bytes, bytes);
    out[0] = is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    out[1] = is_signed ? _mm256_cvtepi8_epi32(upper) : _mm256_cvtepu8_epi32(upper);
  }
  static __m128i to_bytes(const I* v) {
    const I keep = _mm256_set1_epi32(255);
    const I words = _mm256_packs_epi32(_mm256_and_si256(v[0], keep), _mm256_and_si256(v[1], keep));
    const I ordered = _mm256_permute4x64_epi64(words, 0xd8);
    return _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
  }
  static void store_bytes(uint8_t* p, const I* v, int64_t n) {
    const __m128i bytes = to_bytes(v);
    if (n >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
    } else {
      alignas(16) uint8_t part[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(part), bytes);
      for (int64_t i = 0; i < n; ++i) p[i] = part[i];
    }
  }
  static void load_floats(const float* p, int64_t n, F* out) {
    alignas(32) float part[16] = {};
    if (n < 16) {
      for (int64_t i = 0; i < n; ++i) part[i] = p[i];
      p = part;
    }
    out[0] = loadf(p);
    out[1] = loadf(p + 8);
  }
  static void store_floats(float* p, const F* v, int64_t n) {
    alignas(32) float part[16];
    float* to = n >= 16 ? p : part;
    _mm256_storeu_ps(to, v[0]);
    _mm256_storeu_ps(to + 8, v[1]);
    if (n < 16)
      for (int64_t i = 0; i < n; ++i) p[i] = part[i];
  }
  static void store_ints(int32_t* p, const I* v, int64_t n) {
    alignas(32) int32_t part[16];
    int32_t* to = n >= 16 ? p : part;
    store(to, v[0]);
    store(to + 8, v[1]);
    if (n < 16)
      for (int64_t i = 0; i < n; ++i) p[i] = part[i];
  }

  // Four vectors of integers in the order that low8/high8, low16/high16 leave, to bytes in memory order. Values plus
  // zero point must be in range.
  static I pack(I a, I b, I c, I d, int32_t zero_point, int is_signed) {
    const I zero16 = _mm256_set1_epi16(static_cast<short>(zero_point));
    const I low = _mm256_add_epi16(_mm256_packs_epi32(a, b), zero16);
    const I high = _mm256_add_epi16(_mm256_packs_epi32(c, d), zero16);
    return is_signed ? _mm256_packs_epi16(low, high) : _mm256_packus_epi16(low, high);
  }
  // The same for Int8EpilogueArgs::narrow: any integers, bounds applied here.
  static I pack_narrow(I a, I b, I c, I d, const Int8EpilogueArgs& e) {
    const I zero16 = _mm256_set1_epi16(static_cast<short>(e.zero_point));
    const I low = _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero16);
    const I high = _mm256_adds_epi16(_mm256_packs_epi32(c, d), zero16);
    const I least = _mm256_set1_epi8(static_cast<char>(e.least)), most = _mm256_set1_epi8(static_cast<char>(e.most));
    return e.is_signed ? _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(low, high), least), most)
                       : _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(low, high), least), most);
  }
  // pack_narrow for vectors of 8 channels in memory order: the bytes of kPackedPanels panels one after another.
  static constexpr int kPackedPanels = 2;
  static I pack_panels(const I* v, const Int8EpilogueArgs& e) {
    const I order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(pack_narrow(v[0], v[1], v[2], v[3], e), order);
  }
  static void store_panel(uint8_t* p, I packed, int panel, int64_t n) {
    const __m128i part = panel == 0 ? _mm256_castsi256_si128(packed) : _mm256_extracti128_si256(packed, 1);
    if (n >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(p), part);
    } else {
      alignas(16) uint8_t bytes[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(bytes), part);
      for (int64_t i = 0; i < n; ++i) p[i] = bytes[i];
    }
  }
  static void store_block(uint8_t* p, I v, int64_t n) {
    if (n >= 32) {
      store(p, v);
    } else {
      alignas(32) uint8_t part[32];
      store(part, v);
      for (int64_t i = 0; i < n; ++i) p[i] = part[i];
    }
  }
};

}  // namespace
}  // namespace pare
