#include "distill/lower.h"

namespace pare {

Result<void> lower(const FusedMatMul&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FusedGemm&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FusedConv&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FusedGelu&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SkipNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SimplifiedLayerNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const EmbedLayerNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FusedAttention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const QAttention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MultiHeadAttention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GroupQueryAttention&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FusedRotaryEmbedding&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
