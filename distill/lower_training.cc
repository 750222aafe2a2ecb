#include "distill/lower.h"

namespace pare {

Result<void> lower(const NegativeLogLikelihoodLoss&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SoftmaxCrossEntropyLoss&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Adagrad&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Adam&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Momentum&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
