// Axis permutations of raw elements.
#pragma once

#include <cstddef>

#include "graph/type.h"

namespace pare {

// Writes the elements of a row-major array of `dims` one after another to `out`; element (i0, i1, ...) is read from
// `in`, i0*strides[0] + i1*strides[1] + ... elements of `width` bytes on.
void gather_strided(const Dims& dims, const Dims& strides, size_t width, const std::byte* in, std::byte* out);

}  // namespace pare
