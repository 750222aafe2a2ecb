// Expressions as the formulas that they spell, however an exporter arranged them.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare {

// coefficient * factors[0] * factors[1] * ...
struct Factored {
  double coefficient = 1;
  std::vector<ValueId> factors;
};
// The value as a product, through Mul, Neg and Div by numbers, in any order. Constants of one element, or of equal
// ones, are numbers as long as they leave the shape of the other operand. `whole` is taken for one factor however it
// came about.
Factored factored(const Graph& graph, ValueId id, ValueId whole = ValueId::none);
// The same without the first factor that is `factor`; nullopt where none is.
std::optional<Factored> without(Factored product, ValueId factor);

// c[0] + c[1] x + c[2] x^2 + c[3] x^3, where the value is such a polynomial in `x` by Add, Sub, Mul, Div, Neg and Pow.
using Cubic = std::vector<double>;  // four coefficients
std::optional<Cubic> polynomial(const Graph& graph, ValueId id, ValueId x);

// number + coefficient * term, where the value is such a sum.
struct Shifted {
  double number = 0, coefficient = 1;
  ValueId term = ValueId::none;
};
std::optional<Shifted> shifted(const Graph& graph, ValueId id);

// The values that an element-wise expression is made of, itself left out, the nearest first.
std::vector<ValueId> ingredients(const Graph& graph, ValueId id);

// Equal but for the rounding of float32.
bool close(double a, double b);
bool close(const Cubic& a, const Cubic& b);

}  // namespace pare
