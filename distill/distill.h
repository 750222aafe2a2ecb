// Training, as the rest of the program sees it: plain C++ types and one abstract class, implemented in the module
// libpare_distill.so, which loader.h opens on first use. Nothing here includes LibTorch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/error.h"
#include "graph/graph.h"

namespace pare {

// Samples by index. `inputs` are in the order of graph.inputs, first axis the batch, of the dtypes the graph declares.
struct TrainingBatch {
  std::vector<Tensor> inputs;
  std::vector<int64_t> labels;  // empty when the data has none
};
struct TrainingData {
  int64_t samples = 0;
  bool labelled = false;
  std::function<Result<TrainingBatch>(std::span<const int64_t> indices)> fetch;
};

enum class Optimizer : uint8_t {
  sgd,    // momentum, optionally Nesterov's, decay added to the gradient
  adamw,  // Loshchilov and Hutter 2019: decay apart from the gradient; beta 0.9, 0.999
};

struct TrainProgress {
  int epoch = 0, epochs = 0;  // from 0
  int64_t step = 0, steps = 0;  // optimizer steps over the whole run; `step` are done
  double loss = 0;            // mean over this epoch so far
  double accuracy = -1;       // of the training batches of this epoch so far, in 0..1; -1 without labels
  double learning_rate = 0;
};

struct TrainOptions {
  int epochs = 6;
  int batch_size = 128;
  Optimizer optimizer = Optimizer::sgd;
  double learning_rate = 0.01;  // at its peak; a linear warmup leads to it, half a cosine from it to 0
  double warmup = 0.05;         // part of all steps
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 5e-4;   // of weights with two axes or more; never of biases, normalization and scales
  double clip_norm = 1;         // the gradient's Euclidean norm is cut to this; 0: never. Tuning of trained weights needs it:
                                // the distillation term is large where a pruned or 4-bit student starts

  // The loss: label_weight * cross entropy + teacher_weight * T^2 KL(teacher || student) at temperature T (Hinton,
  // Vinyals and Dean 2015) + output_weight * mean squared error of the outputs + feature_weight * that of `features`.
  // Terms without labels or without a teacher drop out.
  double label_weight = 1;
  double label_smoothing = 0;
  double teacher_weight = 1;
  double temperature = 2;
  double output_weight = 0;
  double feature_weight = 0;
  std::vector<std::pair<std::string, std::string>> features;  // names of values of equal shape: student's, teacher's

  // Augmentation of inputs [N,C,H,W].
  bool crop = false;     // zero padding by crop_padding on each side, then a random window of the old size
  int crop_padding = 4;
  bool flip = false;     // mirrored left to right with probability 1/2

  bool initialize = false;         // draws all weights anew before training (He et al. 2015; see initialize.h)
  bool freeze_batch_norm = false;  // normalizes with the stored statistics and leaves them alone
  bool learn_scales = true;        // scales of QuantizeLinear and DequantizeLinear are trained too (Esser et al. 2020)
  bool fit_scales = true;          // and start where rounding a first batch costs least (Program::fit_scales)
  bool keep_zeros = false;         // weights that are zero stay zero

  uint64_t seed = 0;
  int threads = 0;  // 0: all cores
  std::function<void(const TrainProgress&)> progress;  // after every step; may throw to stop
};

struct TrainResult {
  int64_t steps = 0;
  int64_t parameters = 0;         // trained numbers
  std::vector<double> loss;       // mean of each epoch
  std::vector<double> accuracy;   // of each epoch's training batches, as trained; empty without labels
  double seconds = 0;
};

class Trainer {
 public:
  virtual ~Trainer() = default;
  // "1.13.1"
  virtual std::string torch_version() const = 0;
  // Trains `student` in place: weights, normalization statistics and quantized constants are replaced, nothing else
  // changes. Integer constants behind DequantizeLinear are trained as floats (starting from the teacher's own constant
  // where one of that shape lies within a step) and rounded back at the end. Same inputs, same seed and same number of
  // threads give the same bytes. Throws Error: usage (options, neither labels nor teacher), input (teacher and student
  // whose inputs or outputs differ, labels out of range, a loss that is no longer finite), unsupported (an operator
  // without a gradient, named).
  virtual TrainResult train(Graph& student, const Graph* teacher, const TrainingData& data,
                            const TrainOptions& options) const = 0;
};

}  // namespace pare
