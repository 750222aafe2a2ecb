// Compares what an executor gave with what a test expects.
#pragma once

#include <string>

#include "graph/tensor.h"

namespace pare::conformance {

// Empty when equal: same dtype and dims, and elements equal, floating-point ones within |expected| / 1000 + 1e-5
// (bfloat16: one step). Otherwise what differs, in words.
std::string difference(const Tensor& found, const Tensor& expected);

}  // namespace pare::conformance
