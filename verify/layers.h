// Where a candidate departs from its reference: value by value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verify/compare.h"

namespace pare {

struct LayerError {
  std::string value;     // the name that both graphs give it
  std::string node;      // what computes it in the candidate: "node 'conv1' (Conv)"
  int64_t position = 0;  // in the candidate's order
  // Each model on its own activations.
  double sqnr = 0;  // dB; infinite where the two are the same
  double cosine = 1;
  // The candidate's nodes since the nearest shared values, on the reference's activations: what is lost right here.
  std::optional<double> local_sqnr;
  std::optional<double> local_cosine;
};

struct LayerView {
  std::vector<LayerError> layers;  // most damaged first: by local error, then by position
  int64_t samples = 0;
  int64_t matched = 0;         // shared values that are compared
  int64_t reference_only = 0;  // computed values of the reference without a partner of that name and shape
  std::string first_break;     // one sentence
};

struct LayerOptions {
  int64_t samples = 32;
  int64_t batch = 8;
  int threads = 1;
};

// Values are matched by name, where both graphs compute one of that name, of float type and the same dims: the passes
// keep the names of values that they keep. Not matched are those that a pass fused away or renamed.
LayerView compare_layers(const Graph& reference, const Graph& candidate, const Dataset& dataset,
                         const LayerOptions& options = {});

}  // namespace pare
