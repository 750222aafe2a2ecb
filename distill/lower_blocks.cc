#include "distill/lower.h"

namespace pare {

Result<void> lower(const DynamicQuantizeMatMul&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MatMulIntegerToFloat&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MatMulNBits&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GatherBlockQuantized&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const DynamicQuantizeLSTM&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
