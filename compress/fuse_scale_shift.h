// Folds products and sums with per-channel constants into the layer before or behind them.
//
//   Conv(x, w, b) * a + s         ->   Conv(x, w * a, b * a + s)
//   Conv(x * a, w, b)             ->   Conv(x, w * a, b)
//   Gemm(x * a + s, w, b)         ->   Gemm(x, w * a, b + w * s)
//   MatMul(x, w) + s, x [M,K]     ->   Gemm(x, w, s)
//
// Add, Sub, Mul and Div behind Conv, ConvTranspose, Gemm and MatMul; in front of a Conv a shift only where nothing is
// padded. The value in between must have no other use. Equal but for rounding.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_scale_shift(Graph& graph);

}  // namespace pare
