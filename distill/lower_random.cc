// Operators that draw random numbers: training would draw others than the executor.
#include "distill/lower.h"

namespace pare {

Result<void> lower(const RandomNormal&, LowerContext&) { return unsupported("draws numbers, which training does not"); }
Result<void> lower(const RandomNormalLike&, LowerContext&) {
  return unsupported("draws numbers, which training does not");
}
Result<void> lower(const RandomUniform&, LowerContext&) {
  return unsupported("draws numbers, which training does not");
}
Result<void> lower(const RandomUniformLike&, LowerContext&) {
  return unsupported("draws numbers, which training does not");
}
Result<void> lower(const Multinomial&, LowerContext&) { return unsupported("draws classes, which has no gradient"); }
Result<void> lower(const Bernoulli&, LowerContext&) { return unsupported("draws bits, which has no gradient"); }

}  // namespace pare
