#include "distill/lower.h"

namespace pare {
namespace {

constexpr char kIsAStep[] = "is a step of a training loop inside the model; train the graph of the model alone";

// Means over no weight at all are NaN, as the operator's definition gives.
template <class O>
at::Tensor loss_of(const O& op, const LowerContext& context, const at::Tensor& log_prob) {
  const int64_t reduction = op.reduction == "none"   ? at::Reduction::None
                            : op.reduction == "mean" ? at::Reduction::Mean
                                                     : at::Reduction::Sum;
  constexpr int64_t kIgnoreNothing = -100;  // LibTorch's default
  const c10::optional<at::Tensor> weight =
      context.has(2) ? c10::optional<at::Tensor>(context.inputs[2]) : c10::optional<at::Tensor>();
  return at::nll_loss_nd(log_prob, context.inputs[1].to(at::kLong), weight, reduction,
                         op.ignore_index.value_or(kIgnoreNothing));
}

}  // namespace

Result<void> lower(const NegativeLogLikelihoodLoss& op, LowerContext& context) {
  context.outputs[0] = loss_of(op, context, context.inputs[0]);
  return {};
}

Result<void> lower(const SoftmaxCrossEntropyLoss& op, LowerContext& context) {
  const at::Tensor log_prob = at::log_softmax(context.inputs[0], 1);
  context.outputs[0] = loss_of(op, context, log_prob);
  if (context.outputs.size() > 1) context.outputs[1] = log_prob;
  return {};
}

Result<void> lower(const Adagrad&, LowerContext&) { return unsupported(kIsAStep); }
Result<void> lower(const Adam&, LowerContext&) { return unsupported(kIsAStep); }
Result<void> lower(const Momentum&, LowerContext&) { return unsupported(kIsAStep); }

}  // namespace pare
