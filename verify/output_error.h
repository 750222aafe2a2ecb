// How far a candidate's outputs are from the reference's, whatever they mean.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/tensor.h"
#include "verify/statistics.h"

namespace pare {

// Of one sample: sums over the elements of its output.
struct ErrorSums {
  double signal = 0;   // reference^2
  double noise = 0;    // (candidate - reference)^2
  double product = 0;  // reference * candidate
  double other = 0;    // candidate^2
  double largest = 0;  // |candidate - reference|
};

struct OutputError {
  std::vector<ErrorSums> samples;
  int64_t not_finite = 0;  // samples of the candidate with a NaN or an infinity where the reference has a number

  // Rows of two tensors of the same dims; throws Error (input) where they differ in shape.
  void add(const Tensor& reference, const Tensor& candidate);
  // 10 log10(signal / noise) over all samples, in dB; infinite where the two are the same.
  double sqnr(std::span<const uint32_t> counts = {}) const;
  double cosine() const;   // of all elements as one vector; 1 where both are zero
  double largest() const;  // largest absolute difference
};

}  // namespace pare
