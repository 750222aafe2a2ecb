// Recognizes activations that an exporter spelled out.
//
//   Clip(x + 3, 0, 6) / 6            ->   HardSigmoid(x; 1/6, 1/2)
//   x * Clip(x + 3, 0, 6) / 6        ->   HardSwish(x)             (Howard et al., arXiv 1905.02244, section 5.2)
//   x * HardSigmoid(x; 1/6, 1/2)     ->   HardSwish(x)
//   x * (1 + Erf(x / sqrt 2)) / 2    ->   Gelu(x)                  (Hendrycks and Gimpel, arXiv 1606.08415)
//
// Division by 6 may be a product with 1/6 and may stand before or after the product with x. Equal but for rounding. HardSwish
// needs opset 14 and Gelu opset 20 when the graph is written as ONNX. Only float32 values are matched.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_activations(Graph& graph);

}  // namespace pare
