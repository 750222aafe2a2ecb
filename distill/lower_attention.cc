#include "distill/lower.h"

namespace pare {

Result<void> lower(const Attention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RotaryEmbedding&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const LinearAttention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const CausalConvWithState&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const TensorScatter&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FlexAttention&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
