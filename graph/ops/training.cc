// Inference and links of losses and optimizer steps.
#include "graph/ops/training.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

// The losses share their operands: scores [N, C, d...], classes [N, d...] and a weight per class. The type of output 0.
Result<std::optional<Shape>> loss_shape(const InferContext& context, const std::string& reduction,
                                        std::string_view scores, std::string_view classes) {
  PARE_TRY(need_one_of("reduction", reduction, {"none", "sum", "mean"}));
  PARE_TRY(need_float(context, 0, scores));
  PARE_TRY(need_dtype(context, 1, classes, {DType::int32, DType::int64}));
  PARE_TRY(need_same_dtype(context, {0, 2}));
  PARE_TRY(need_rank(context, 0, scores, 2));
  PARE_TRY(need_rank(context, 1, classes, 1));
  PARE_TRY(need_rank(context, 2, "weight", 1, 1));
  const auto& x = context.shape(0);
  std::optional<Shape> each = context.shape(1);
  if (x && each) {
    PARE_TRY(need_rank(context, 1, classes, x->size() - 1, x->size() - 1));
    for (size_t i = 0; i < each->size(); ++i) {
      const std::string what =
          std::string(scores) + " and " + std::string(classes) + " along axis " + std::to_string(i);
      PARE_ASSIGN((*each)[i], unify((*each)[i], (*x)[i == 0 ? 0 : i + 1], what));
    }
  } else if (x) {
    each = *x;
    each->erase(each->begin() + 1);
  }
  if (x && context.has(2) && context.shape(2))
    PARE_TRY(unify((*x)[1], context.shape(2)->front(), "the number of classes and weights"));
  if (reduction != "none") return std::optional<Shape>(Shape{});
  return each;
}

// R, T, then `kinds` tensors of each of n variables: all X, all G and so on. All kinds but G come out again.
Result<void> infer_step(InferContext& context, size_t kinds) {
  PARE_TRY(need_dtype(context, 0, "R", {DType::float32, DType::float64}));
  PARE_TRY(need_dtype(context, 1, "T", {DType::int64}));
  const size_t tensors = context.inputs.size() - 2;
  if (tensors % kinds != 0)
    return input_error("has " + std::to_string(tensors) + " tensors after R and T, expected a multiple of " +
                       std::to_string(kinds));
  const size_t variables = tensors / kinds;
  if (context.outputs.size() != variables * (kinds - 1))
    return input_error("has " + std::to_string(context.outputs.size()) + " outputs, expected " +
                       std::to_string(variables * (kinds - 1)) + " for " + std::to_string(variables) + " variables");
  for (size_t k = 0; k < tensors; ++k)
    PARE_TRY(need_dtype(context, 2 + k, "an input", {DType::float32, DType::float64}));
  for (size_t v = 0; v < variables; ++v) {
    std::optional<Shape> shape;
    for (size_t kind = 0; kind < kinds; ++kind) {
      const auto& other = context.shape(2 + kind * variables + v);
      if (!other) continue;
      if (!shape) shape = *other;
      if (shape->size() != other->size())
        return input_error("tensors of variable " + std::to_string(v) + " differ in rank, expected one shape");
      for (size_t i = 0; i < other->size(); ++i) {
        PARE_ASSIGN((*shape)[i], unify((*shape)[i], (*other)[i], "extents of the tensors of one variable"));
      }
    }
    for (size_t kind = 0; kind + 1 < kinds; ++kind) context.set(kind * variables + v, context.type(2 + v).dtype, shape);
  }
  return {};
}

// Every tensor of a variable is the same axes.
void link_step(LinkContext& context, size_t kinds) {
  const size_t variables = context.inputs.size() < 2 ? 0 : (context.inputs.size() - 2) / kinds;
  for (size_t v = 0; v < variables; ++v) {
    const int x = static_cast<int>(2 + v);
    for (int axis = 0; axis < context.rank(AxisRef::Side::input, x); ++axis) {
      for (size_t kind = 1; kind < kinds; ++kind)
        context.link(in(x, axis), in(static_cast<int>(2 + kind * variables + v), axis));
      for (size_t kind = 0; kind + 1 < kinds; ++kind)
        context.link(in(x, axis), out(static_cast<int>(kind * variables + v), axis));
    }
  }
}

// Classes are counted by the labels, so the axis of the classes stays whole; a mean counts all the others too.
void link_loss(LinkContext& context, const std::string& reduction) {
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 2) return;
  context.fix(in(0, 1));
  if (context.has(2)) context.fix(in(2, 0));
  for (int axis = 0; axis + 1 < rank; ++axis) {
    const AxisRef scores = in(0, axis == 0 ? 0 : axis + 1);
    context.link(scores, in(1, axis));
    if (reduction == "none")
      context.link(scores, out(0, axis));
    else
      context.fix(scores);
  }
}

}  // namespace

Result<void> NegativeLogLikelihoodLoss::infer(InferContext& context) const {
  PARE_ASSIGN(auto shape, loss_shape(context, reduction, "input", "target"));
  context.set(0, context.type(0).dtype, std::move(shape));
  return {};
}

Result<void> SoftmaxCrossEntropyLoss::infer(InferContext& context) const {
  PARE_ASSIGN(auto shape, loss_shape(context, reduction, "scores", "labels"));
  context.set(0, context.type(0).dtype, std::move(shape));
  context.set(1, context.type(0).dtype, context.shape(0));
  return {};
}

Result<void> Adagrad::infer(InferContext& context) const { return infer_step(context, 3); }
Result<void> Adam::infer(InferContext& context) const { return infer_step(context, 4); }
Result<void> Momentum::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"standard", "nesterov"}));
  return infer_step(context, 3);
}

void NegativeLogLikelihoodLoss::links(LinkContext& context) const { link_loss(context, reduction); }
void SoftmaxCrossEntropyLoss::links(LinkContext& context) const { link_loss(context, reduction); }
void Adagrad::links(LinkContext& context) const { link_step(context, 3); }
void Adam::links(LinkContext& context) const { link_step(context, 4); }
void Momentum::links(LinkContext& context) const { link_step(context, 3); }

}  // namespace pare
