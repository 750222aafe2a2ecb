#include "distill/lower.h"

namespace pare {

Result<void> lower(const QLinearConv&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearMatMul&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearBinary&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearSigmoid&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearLeakyRelu&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearSoftmax&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearAveragePool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearGlobalAveragePool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QLinearConcat&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QGemm&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
