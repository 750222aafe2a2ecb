// Which way to round the weights of one layer, or of one group of it: AdaRound (Nagel, Amjad, van Baalen, Louizos and
// Blankevoort, "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020, arXiv 2004.10568).
//
// With W~ = step * q, q integers, the layer computes z = W~ x + bias + residual and then f(z) = min(max(z, low), high).
// Each row is judged by itself:
//
//   loss(r) = mean over samples of (f(z_r) - f(target_r))^2  +  ridge * sum over c of E[x_c^2] (W~_rc - W_rc)^2
//
// The target comes from the float network and x from the quantized one (their eq. 25, asymmetric reconstruction, with the
// activation function inside the loss).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/fast/float_kernels.h"

namespace pare {

struct RoundingProblem {
  int64_t rows = 0, columns = 0, samples = 0;
  std::vector<float> weight;    // [rows, columns]
  std::vector<float> step;      // [rows, columns]: what one integer is worth
  std::vector<float> least;     // [rows, columns]: bounds of the integers, counted from the zero point
  std::vector<float> greatest;
  std::vector<float> x;         // [columns, samples]
  std::vector<float> target;    // [rows, samples], before f
  std::vector<float> residual;  // [rows, samples], or empty
  std::vector<float> bias;      // [rows]; refitted where free_bias
  bool free_bias = false;
  bool free_steps = false;      // a row has one step, which may be refitted: all of its elements change together
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  double ridge = 0;

  std::vector<float> integers;  // [rows, columns], counted from the zero point: start and result
};

struct RelaxOptions {
  int iterations = 1000;
  int64_t batch = 256;          // samples per iteration
  double rate = 0.02;           // Adam's
  double pull = 0.5;            // weight of the regularizer that drives h to 0 and 1
};

// The loss of a row with the problem's integers; what the functions below lower.
double rounding_loss(const RoundingProblem& problem, int64_t row);

// To nearest.
void round_nearest(RoundingProblem& problem);

// Steps of least sum over c of E[x_c^2] (W - W~)^2 on a grid from the given ones downwards; needs free_steps.
void search_steps(RoundingProblem& problem, const std::vector<float>& least_step);

// Relaxes q to floor(W / step) + h(V), h(V) = min(max(sigmoid(V) (zeta - gamma) + gamma, 0), 1), and descends on V and the
// bias with Adam, under pull * sum (1 - |2h - 1|^beta) with beta falling from 20 to 2 after a fifth of the iterations
// (their eq. 21 to 24; zeta 1.1, gamma -0.1). Each row's error is counted in units of what rounding costs it on average.
// Ends with q rounded; rows that came out worse than they were keep what they had.
void relax_rounding(RoundingProblem& problem, const RelaxOptions& options, const FloatKernels& kernels, ThreadPool& pool);

// d loss(row) / d (step * q) for every element, without the ridge, over samples [first, first + count): [rows, columns].
// `relaxed` holds q, not necessarily integer.
std::vector<float> rounding_gradient(const RoundingProblem& problem, const std::vector<float>& relaxed, int64_t first,
                                     int64_t count, const FloatKernels& kernels, ThreadPool& pool);

// Tries every way to round each row down and up and keeps the best, as long as a row has at most kEnumerated columns: 2^columns
// passes over the samples.
inline constexpr int64_t kEnumerated = 9;
void enumerate_rounding(RoundingProblem& problem, ThreadPool& pool);

// Moves single integers by one, and pairs of them in rows of at most 32, while that lowers the row's loss; at most `sweeps`
// times over the row. Then no single move helps.
void polish_rounding(RoundingProblem& problem, int sweeps, ThreadPool& pool);

// Bias and step of each row, where free, by Gauss-Newton on the loss.
void refit_rows(RoundingProblem& problem, ThreadPool& pool);

}  // namespace pare
