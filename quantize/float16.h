// Halves what a float32 model stores: constants, and with float16 also arithmetic, in 16 bits.
//
//   constants    y = Conv(x, w)   ->   y = Conv(x, Cast(w16, to=float32)): float32 arithmetic; a runtime folds the Cast
//   arithmetic   y = Conv(x, w)   ->   y = Cast(Conv(Cast(x, to=float16), w16), to=float32), one Cast where types meet
//
// bfloat16 has the first form alone: below opset 22 ONNX defines convolution, pooling and others for float16 but not
// for bfloat16, and ONNX Runtime 1.32 has no kernels of it for the CPU.
//
// A node stays in float32 where
//   - its inference refuses 16 bits, or it holds a graph, or it works on integers of at most 8 bits (it is quantized);
//   - one of its float operands or results is not representable: the largest magnitude of a constant, or with batches
//     half of what an activation reached, lies above the largest finite number, or the largest magnitude is not zero
//     and below the smallest normal one. (An element of an operand that is small beside its largest may well vanish.)
//   - it computes numbers of indices: all its operands come from integers and its results end in integers.
// Infinities and flags beyond the range, such as the -3.4e38 of an attention mask, become the largest finite number of
// their sign; see ValueStatistics for what is a flag.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/observe.h"

namespace pare {

struct Float16Options {
  DType dtype = DType::float16;      // or bfloat16
  bool arithmetic = true;            // float16: false leaves it float32; bfloat16: not read
  bool keep_io = true;               // inputs and outputs of the model stay float32
  const Batches* batches = nullptr;  // to find what overflows; without, the constants alone tell
  ObserveOptions observe;
};

struct Float16Report {
  int64_t constants = 0;                      // that are 16 bits wide now
  int64_t bytes_before = 0, bytes_after = 0;  // of all float constants
  int64_t nodes = 0;                          // that compute in 16 bits
  int64_t clamped = 0;                        // elements of constants that became the largest finite number
  std::vector<std::string> kept_float;  // "node 'x' (Pow): its result 'y' reaches 1.2e+05, beyond the 65504 of float16"
};

// Throws Error: usage for another dtype; input for calibration values that are not finite.
Float16Report convert_to_float16(Graph& graph, const Float16Options& options = {});

}  // namespace pare
