// Recognizes activations that an exporter spelled out, however it arranged products and sums.
//
//   Clip(x + 3, 0, 6) / 6                            ->   HardSigmoid(x; 1/6, 1/2)
//   x * Clip(x + 3, 0, 6) / 6, x * HardSigmoid(x)    ->   HardSwish(x), opset 14     (Howard et al., arXiv
//   1905.02244, 5.2) x * Tanh(Softplus(x))                            ->   Mish(x), opset 18          (Misra, arXiv
//   1908.08681) x * (1 + Erf(x / sqrt 2)) / 2                    ->   Gelu(x), opset 20          (Hendrycks and Gimpel,
//   arXiv 1606.08415) x * (1 + Tanh(sqrt(2/pi) (x + .044715 x^3))) / 2 ->   Gelu(x; tanh), opset 20    (the same) x *
//   Sigmoid(x), x * Sigmoid(1.702 x)             ->   Swish(x; alpha), opset 24  (Ramachandran et al., arXiv
//   1710.05941)
//
// Equal but for rounding. Only operators that `opset` has are put in; only float32 values are matched.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_activations(Graph& graph, int64_t opset);

}  // namespace pare
