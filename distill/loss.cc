#include "distill/loss.h"

namespace pare {

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, int64_t axis, double smoothing) {
  const at::Tensor logs = logits.log_softmax(axis);
  const at::Tensor chosen = -logs.gather(axis, labels.unsqueeze(axis)).mean();
  if (smoothing == 0) return chosen;
  return chosen * (1 - smoothing) - logs.mean() * smoothing;
}

at::Tensor distillation_loss(const at::Tensor& student, const at::Tensor& teacher, int64_t axis, double temperature) {
  const at::Tensor targets = (teacher / temperature).log_softmax(axis);
  const at::Tensor logs = (student / temperature).log_softmax(axis);
  return (targets.exp() * (targets - logs)).sum(axis).mean() * (temperature * temperature);
}

int64_t class_axis(const at::Tensor& output) {
  return output.dim() == 2 || output.dim() == 4 ? 1 : output.dim() - 1;
}

at::Tensor total_loss(const LossTerms& terms, const TrainOptions& options) {
  at::Tensor loss = at::zeros({}, terms.student[0].options());
  if (terms.labels.defined() && options.label_weight != 0) {
    loss = loss + cross_entropy(terms.student[0], terms.labels, class_axis(terms.student[0]), options.label_smoothing) *
                      options.label_weight;
  }
  for (size_t i = 0; i < terms.teacher.size(); ++i) {
    const at::Tensor &mine = terms.student[i], &its = terms.teacher[i];
    if (options.teacher_weight != 0) {
      loss = loss + distillation_loss(mine, its, class_axis(mine), options.temperature) * options.teacher_weight;
    }
    if (options.output_weight != 0) loss = loss + at::mse_loss(mine, its) * options.output_weight;
  }
  for (size_t i = 0; i < terms.student_features.size(); ++i) {
    loss = loss + at::mse_loss(terms.student_features[i], terms.teacher_features[i]) * options.feature_weight;
  }
  return loss;
}

}  // namespace pare
