// The instruction sets that Highway compiles the kernels for: the baseline (Isa::plain), AVX2 and AVX-512 (its AVX3).
// Include before any header of Highway.
#pragma once

#include <hwy/detect_targets.h>

#undef HWY_DISABLED_TARGETS
#if HWY_ARCH_X86
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#else
#define HWY_DISABLED_TARGETS 0
#endif
