// Arithmetic on integers that inference follows without knowing them: elements of Known::contents, and extents. What is
// not a number is a symbol that spells its formula, "2*seq + 1", "min(seq, 512)", "floor((seq + 62)/128)", in one
// canonical form: equal text is an equal value. Symbols without arithmetic in them stand for extents, so they are 0 or
// more. Where an operand is unknown, a number overflows or a formula would become long, the result is unknown.
#pragma once

#include "graph/type.h"

namespace pare {

Dim symbolic_sum(const Dim& a, const Dim& b);
Dim symbolic_difference(const Dim& a, const Dim& b);
Dim symbolic_product(const Dim& a, const Dim& b);
Dim symbolic_quotient(const Dim& a, const Dim& b);  // a / b for a >= 0 and a number b > 0, rounded down; else unknown
Dim symbolic_minimum(const Dim& a, const Dim& b);
Dim symbolic_maximum(const Dim& a, const Dim& b);

// Provable bounds; infinite where there are none.
struct Interval {
  double low, high;
};
Interval symbolic_interval(const Dim& a);

// Whether `b` is min(a, k) for a number k >= 1: where both broadcast against each other, the result has extent a.
bool is_clipped(const Dim& b, const Dim& a);

}  // namespace pare
