#include "runtime/cpu.h"

#include <array>
#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#define PARE_X86 1
#include <cpuid.h>
#endif

namespace pare {
namespace {

constexpr std::array<Isa, 5> kIsas = {Isa::plain, Isa::avx2, Isa::avx512, Isa::avx2_vnni, Isa::avx512_vnni};

struct Features {
  bool avx2 = false;
  bool avx512 = false;
  bool avx_vnni = false;
  bool avx512_vnni = false;
};

#ifdef PARE_X86
bool all(uint32_t word, std::initializer_list<int> bits) {
  for (int bit : bits)
    if (((word >> bit) & 1u) == 0) return false;
  return true;
}

uint64_t read_xcr0() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

// Bit numbers from the Intel 64 manual, volume 2A, CPUID, leaves 1, 7.0, 7.1 and 80000001H. The kernels are compiled
// for everything listed, so a set counts only when all of it is there.
Features detect() {
  Features features;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return features;
  const uint32_t leaf1_c = c;
  if (!all(leaf1_c, {27, 28})) return features;  // OSXSAVE, AVX
  const uint64_t xcr0 = read_xcr0();
  if ((xcr0 & 0x6) != 0x6) return features;  // XMM and YMM state are saved
  uint32_t b7 = 0, c7 = 0, a71 = 0;
  if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d)) return features;
  const uint32_t max_subleaf = a;
  if (max_subleaf >= 1 && !__get_cpuid_count(7, 1, &a71, &b, &c, &d)) a71 = 0;
  uint32_t extended_c = 0;
  if (!__get_cpuid(0x80000001u, &a, &b, &extended_c, &d)) extended_c = 0;

  // SSE3, PCLMUL, SSSE3, FMA, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, F16C; BMI1, AVX2, BMI2; LZCNT.
  features.avx2 = all(leaf1_c, {0, 1, 9, 12, 19, 20, 22, 23, 25, 29}) && all(b7, {3, 5, 8}) && all(extended_c, {5});
  // AVX512 F, DQ, CD, BW, VL; opmask, upper ZMM and high ZMM state are saved.
  features.avx512 = features.avx2 && (xcr0 & 0xe0) == 0xe0 && all(b7, {16, 17, 28, 30, 31});
  features.avx_vnni = features.avx2 && all(a71, {4});
  features.avx512_vnni = features.avx512 && all(c7, {11});
  return features;
}
#else
Features detect() { return {}; }
#endif

const Features& features() {
  static const Features found = detect();
  return found;
}

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::plain:
      return "plain";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx2_vnni:
      return "avx2-vnni";
    case Isa::avx512_vnni:
      return "avx512-vnni";
  }
  return "plain";
}

std::optional<Isa> isa_from_name(std::string_view text) {
  for (Isa isa : kIsas)
    if (name(isa) == text) return isa;
  return std::nullopt;
}

bool machine_has(Isa isa) {
  switch (isa) {
    case Isa::plain:
      return true;
    case Isa::avx2:
      return features().avx2;
    case Isa::avx512:
      return features().avx512;
    case Isa::avx2_vnni:
      return features().avx_vnni;
    case Isa::avx512_vnni:
      return features().avx512_vnni;
  }
  return false;
}

std::vector<Isa> machine_isas() {
  std::vector<Isa> found;
  for (Isa isa : kIsas)
    if (machine_has(isa)) found.push_back(isa);
  return found;
}

Isa best_isa() { return machine_isas().back(); }

}  // namespace pare
