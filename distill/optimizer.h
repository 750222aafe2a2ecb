// Gradient descent on a list of parameters.
#pragma once

#include <vector>

#include "distill/distill.h"
#include "distill/program.h"

namespace pare {

// lr(step) of `steps`: rises linearly over the first `warmup` of them, then falls as half a cosine to 0 (Loshchilov and
// Hutter 2017, without restarts).
double learning_rate(const TrainOptions& options, int64_t step, int64_t steps);

class Descent {
 public:
  Descent(std::vector<Parameter>& parameters, const TrainOptions& options);

  void zero_gradients();
  // SGD: v = momentum v + g, w -= lr (g + momentum v) with Nesterov, else lr v; g includes decay * w.
  // AdamW: Algorithm 2 of Loshchilov and Hutter 2019, epsilon 1e-8.
  // Then masked weights return to zero and scales to their floor.
  void step(double learning_rate);
  // Whether all gradients of the last pass are finite, clipped on the way.
  bool clip(double norm);

 private:
  struct State {
    at::Tensor momentum, second, mask;
    bool decays = false;
  };
  std::vector<Parameter>& parameters_;
  const TrainOptions& options_;
  std::vector<State> states_;
  int64_t steps_ = 0;
};

}  // namespace pare
