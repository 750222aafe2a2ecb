// Lets one Gemm do what stands around a matrix product of two matrices.
//
//   MatMul(x, w) + c                       ->   Gemm(x, w, c)            c constant, broadcast to the product
//   Gemm(x, w) + c                         ->   Gemm(x, w, c)
//   MatMul(x, Transpose(w))                ->   Gemm(x, w) {transB}      also of the first operand, also of a Gemm
//   Gemm(x, w, c) * 2                      ->   Gemm(x, w, c) {alpha, beta} doubled
//
// The value in between must have no other use. Equal but for rounding.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_gemm(Graph& graph);

}  // namespace pare
