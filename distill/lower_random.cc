#include "distill/lower.h"

namespace pare {

Result<void> lower(const RandomNormal&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RandomNormalLike&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RandomUniform&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RandomUniformLike&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Multinomial&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Bernoulli&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
