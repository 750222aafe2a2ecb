// The parts of a FloatKernels table, each compiled for every instruction set in its own source file.
#pragma once

#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"

namespace pare {

void fill_float_gemm(Isa isa, FloatKernels& kernels);
void fill_float_conv(Isa isa, FloatKernels& kernels);
void fill_float_pool(Isa isa, FloatKernels& kernels);
void fill_float_elementwise(Isa isa, FloatKernels& kernels);
void fill_float_expression(Isa isa, FloatKernels& kernels);
void fill_float_matmul(Isa isa, FloatKernels& kernels);
void fill_float_norm(Isa isa, FloatKernels& kernels);
void fill_float_recurrent(Isa isa, FloatKernels& kernels);

}  // namespace pare

// Defines fill_float_PART(isa, kernels) as the fill(kernels) of the instruction set's namespace; in `#if HWY_ONCE`.
// A compiler told to assume AVX2 or more leaves out the sets below it, so those that exist are asked for.
#if HWY_TARGETS & HWY_AVX3
#define PARE_FLOAT_FILL_AVX512(part, kernels) N_AVX3::fill_##part(kernels)
#else
#define PARE_FLOAT_FILL_AVX512(part, kernels) HWY_STATIC_DISPATCH(fill_##part)(kernels)
#endif
#if HWY_TARGETS & HWY_AVX2
#define PARE_FLOAT_FILL_AVX2(part, kernels) N_AVX2::fill_##part(kernels)
#else
#define PARE_FLOAT_FILL_AVX2(part, kernels) HWY_STATIC_DISPATCH(fill_##part)(kernels)
#endif
#define PARE_DEFINE_FLOAT_FILL(part)                       \
  void fill_float_##part(Isa isa, FloatKernels& kernels) { \
    switch (isa) {                                         \
      case Isa::plain:                                     \
        return HWY_STATIC_DISPATCH(fill_##part)(kernels);  \
      case Isa::avx2:                                      \
      case Isa::avx2_vnni:                                 \
        return PARE_FLOAT_FILL_AVX2(part, kernels);        \
      case Isa::avx512:                                    \
      case Isa::avx512_vnni:                               \
        return PARE_FLOAT_FILL_AVX512(part, kernels);      \
    }                                                      \
  }
