// The equation of an Einsum, taken apart.
#pragma once

#include <string_view>
#include <vector>

#include "graph/result.h"

namespace pare {

// Labels are numbers: one for each letter and one for each axis that an ellipsis stands for (counted from the last, as
// they broadcast). Equal numbers are one axis.
struct EinsumTerms {
  std::vector<std::vector<int>> inputs;  // one label per axis
  std::vector<int> output;
  int labels = 0;
};

// `ranks` has one entry per operand. Fails when the equation is malformed or does not fit them.
Result<EinsumTerms> einsum_terms(std::string_view equation, const std::vector<size_t>& ranks);

// The same without ranks, where no term has an ellipsis; an equation with one gives terms without labels.
Result<EinsumTerms> einsum_terms(std::string_view equation, size_t operands);

}  // namespace pare
