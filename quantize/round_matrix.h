// Rounding of matrices of weights so that the products with given inputs change least:
//
//   minimize the sum over rows of (w - s (q - z))^T H (w - s (q - z))      over integers q in [low, high]
//
// with H = E[x x^T]. GPTQ: Frantar, Ashkboos, Hoefler, Alistarh, "GPTQ: Accurate Post-Training Quantization for
// Generative Pre-trained Transformers", 2022 (arXiv 2210.17323): columns are rounded one after the other, the later
// ones make up for the errors so far. With H = M^T M, M lower triangular, column j is rounded from w_j + sum over k < j
// of (M_jk / M_jj) e_k, e = w - s (q - z): the paper's update through the Cholesky factor of the inverse, without the
// inverse (that the two agree and are Babai's nearest plane: Chen, Hoefler, Alistarh, 2025, arXiv 2507.18553). Then
// single integers move while that helps (coordinate descent: Behdin et al., "QuantEase", 2023, arXiv 2309.01885), and
// scales are fitted to the integers by least squares.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/thread_pool.h"

namespace pare {

// Matrices lie with rows as neighbours: element (row, column) at column * rows + row.
struct RoundingGroup {
  int64_t columns = 0;
  std::vector<float> hessian;     // [columns, columns], symmetric, positive semidefinite
  std::vector<float> target;      // w
  std::vector<int32_t> scale_of;  // which scale and zero point serve each element
  std::vector<int32_t> integers;  // the result q
};

struct MatrixProblem {
  int64_t rows = 0;
  std::vector<RoundingGroup> groups;
  std::vector<float> scales;
  std::vector<float> least_scales;  // may not be fitted below these; empty: no bounds
  std::vector<int32_t> zeros;
  int32_t low = -128, high = 127;
};

struct RoundingOptions {
  double damping = 0.01;         // added to H's diagonal, as a part of its mean
  bool activation_order = true;  // columns with the largest H_jj first
  // Multiples of each scale to choose from, by the least cost.
  std::vector<float> ratios{1.0f, 0.94f, 0.88f, 0.82f, 0.76f, 0.7f, 0.64f, 0.58f};
  int refinements = 2;     // rounds of coordinate descent
  bool fit_scales = true;  // between these, and at the end
};

// Fills every group's integers, and changes scales where options say so. Returns the cost, damping included. The same
// bits for any number of threads.
double round_matrix(MatrixProblem& problem, const RoundingOptions& options, ThreadPool& pool);

}  // namespace pare
