// Scale and zero point of an activation.
#pragma once

#include <cstdint>
#include <utility>

#include "quantize/qdq_writer.h"
#include "quantize/range.h"

namespace pare {

// The least and the greatest value of an integer type.
std::pair<int64_t, int64_t> limits(DType dtype);

// scale and zero point that map `range`, widened to hold zero, onto the whole type; symmetric: onto the same distance on
// both sides of its middle. A range without extent gets scale 1.
ActivationQuant activation_quant(const ValueRange& range, DType dtype, bool symmetric);

}  // namespace pare
