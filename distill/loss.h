// What training makes small.
#pragma once

#include <vector>

#include "distill/distill.h"
#include "distill/torch.h"

namespace pare {

// Mean over all positions of the cross entropy between the classes along `axis` and the labels (int64, the dims of
// logits without `axis`), each label sharing `smoothing` of its mass equally among all classes (Szegedy et al. 2016).
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, int64_t axis, double smoothing);

// T^2 KL(softmax(teacher / T) || softmax(student / T)) along `axis`, mean over all other positions (Hinton, Vinyals and
// Dean 2015, section 2; the factor keeps gradients of one size whatever T).
at::Tensor distillation_loss(const at::Tensor& student, const at::Tensor& teacher, int64_t axis, double temperature);

// The axis that holds the classes of an output: 1 for [N,C] and pictures [N,C,H,W], the last one otherwise.
int64_t class_axis(const at::Tensor& output);

// What the model gives as one output: the scores before a final Softmax, where there is one.
struct LossTerms {
  at::Tensor labels;                               // undefined: none
  std::vector<at::Tensor> student, teacher;        // outputs; teacher empty: none
  std::vector<at::Tensor> student_features, teacher_features;
};
at::Tensor total_loss(const LossTerms& terms, const TrainOptions& options);

}  // namespace pare
