#include "runtime/fast/float_kernels.h"

#include "runtime/fast/float_parts.h"

namespace pare {
namespace {

FloatKernels table_of(Isa isa) {
  FloatKernels kernels{};
  fill_float_gemm(isa, kernels);
  fill_float_conv(isa, kernels);
  fill_float_pool(isa, kernels);
  fill_float_elementwise(isa, kernels);
  fill_float_expression(isa, kernels);
  fill_float_matmul(isa, kernels);
  fill_float_norm(isa, kernels);
  fill_float_recurrent(isa, kernels);
  return kernels;
}

}  // namespace

const FloatKernels& float_kernels(Isa isa) {
  static const FloatKernels plain = table_of(Isa::plain);
  static const FloatKernels avx2 = table_of(Isa::avx2);
  static const FloatKernels avx512 = table_of(Isa::avx512);
  switch (isa) {
    case Isa::plain:
      return plain;
    case Isa::avx2:
    case Isa::avx2_vnni:
      return avx2;
    case Isa::avx512:
    case Isa::avx512_vnni:
      return avx512;
  }
  return plain;
}

}  // namespace pare
