// The fused operators of transformers that people train, through the plain operators that they stand for.
#include "distill/lower.h"

namespace pare {
namespace {

// What transBatch and trans do to an operand: the first axis goes behind the batch, then the last two are swapped.
at::Tensor transposed(at::Tensor x, bool trans, bool batch) {
  if (x.dim() < 2) return x;
  if (batch) x = x.movedim(0, x.dim() - 2);
  return trans ? x.transpose(-1, -2) : x;
}

}  // namespace

Result<void> lower(const FusedMatMul& op, LowerContext& context) {
  const at::Tensor a = transposed(context.inputs[0], op.transA != 0, op.transBatchA != 0);
  const at::Tensor b = transposed(context.inputs[1], op.transB != 0, op.transBatchB != 0);
  context.outputs[0] = a.matmul(b) * op.alpha;
  return {};
}

Result<void> lower(const FusedGemm&, LowerContext&) {
  return unsupported("is not trained: it is what optimizers make of Gemm and an activation, which are");
}

Result<void> lower(const FusedConv&, LowerContext&) {
  return unsupported("is not trained: it is what optimizers make of Conv and an activation, which are");
}

Result<void> lower(const FusedGelu& op, LowerContext& context) {
  const at::Tensor x = context.has(1) ? context.inputs[0] + context.inputs[1] : context.inputs[0];
  switch (op.kind) {
    case FusedGelu::Kind::BiasGelu:
    case FusedGelu::Kind::Gelu:
      context.outputs[0] = at::gelu(x, "none");
      break;
    case FusedGelu::Kind::FastGelu:
      context.outputs[0] = at::gelu(x, "tanh");
      break;
    case FusedGelu::Kind::QuickGelu:
      context.outputs[0] = x * (op.alpha * x).sigmoid();
      break;
  }
  return {};
}

Result<void> lower(const SkipNormalization& op, LowerContext& context) {
  if (context.wants(1) || context.wants(2)) return unsupported("its statistics are not given in training");
  const bool layer = op.kind == SkipNormalization::Kind::Layer;
  const size_t bias = layer ? 4 : 3;
  at::Tensor sum = context.inputs[0] + context.inputs[1];
  if (context.has(bias)) sum = sum + context.inputs[bias];
  const at::Tensor centred = layer ? sum - sum.mean(-1, true) : sum;
  at::Tensor y = centred * ((centred * centred).mean(-1, true) + op.epsilon).rsqrt() * context.inputs[2];
  if (layer && context.has(3)) y = y + context.inputs[3];
  context.outputs[0] = y;
  if (context.outputs.size() > 3) context.outputs[3] = sum;
  return {};
}

Result<void> lower(const SimplifiedLayerNormalization& op, LowerContext& context) {
  if (context.wants(1)) return unsupported("its output inv_std_var is not given in training");
  RMSNormalization norm;
  norm.axis = op.axis;
  norm.epsilon = op.epsilon;
  return lower(norm, context);
}

Result<void> lower(const EmbedLayerNormalization&, LowerContext&) {
  return unsupported("is not trained: train the embeddings and LayerNormalization that it was made of");
}
Result<void> lower(const FusedAttention&, LowerContext&) {
  return unsupported("is not trained: train the matrix products and the Softmax that it was made of");
}
Result<void> lower(const QAttention&, LowerContext&) { return unsupported("is not trained: its weights are integers"); }
Result<void> lower(const MultiHeadAttention&, LowerContext&) {
  return unsupported("is not trained: train the matrix products and the Softmax that it was made of");
}
Result<void> lower(const GroupQueryAttention&, LowerContext&) {
  return unsupported("is not trained: it writes into a cache of inference");
}
Result<void> lower(const FusedRotaryEmbedding&, LowerContext&) {
  return unsupported("is not trained: RotaryEmbedding of ai.onnx is");
}

}  // namespace pare
