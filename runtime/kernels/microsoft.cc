#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const FusedMatMul&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FusedGemm&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FusedConv&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FusedGelu&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SkipNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SimplifiedLayerNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const EmbedLayerNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FusedAttention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QAttention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MultiHeadAttention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GroupQueryAttention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FusedRotaryEmbedding&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
