// Text as NumPy keeps it: every element as many UTF-32 code units as the longest has, padded with zeros.
#pragma once

#include <vector>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

struct NpyText {
  size_t width = 1;  // code points of an element, at least 1: the N of '<UN'
  std::vector<char32_t> units;
};

// Of a string tensor. Fails (unsupported) where an element is not UTF-8.
Result<NpyText> npy_text(const Tensor& tensor);

}  // namespace pare
