// The one training loop: train(graph, loss, data, constraint). Distilling is a loss against a teacher, quantization-aware
// training is fine-tuning a graph with QuantizeLinear in it, recovering from pruning is fine-tuning, under a mask
// (keep_zeros) where the zeros are spread.
#pragma once

#include "distill/distill.h"

namespace pare {

// See Trainer::train in distill.h.
TrainResult train(Graph& student, const Graph* teacher, const TrainingData& data, const TrainOptions& options);

// The value that classes are scored in: output `index` of the graph, or what a Softmax or LogSoftmax (and Identity) in
// front of it reads, so that a loss need not take logarithms of rounded probabilities.
ValueId scores_of(const Graph& graph, size_t index);

// Throws Error (input), naming both, unless teacher and student take the same inputs and give the same outputs, as far as
// their types are known.
void check_match(const Graph& student, const Graph& teacher);

// Gives each BatchNormalization, and each bias, a constant of its own where an exporter or a pass shares equal ones.
void unshare_vectors(Graph& graph);

}  // namespace pare
