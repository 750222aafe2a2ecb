// SmoothQuant: moves outliers from activations, which share one scale, to weights, which have one per output channel.
//
//   s_c = max|x_c|^a / max|w_c|^(1 - a),   x / s,   s w        for each channel c of what a layer reads
//
// G. Xiao et al. 2022, "SmoothQuant", arXiv 2211.10438, section 4. Here a is searched for each place: the one with the
// least squared error of the layers' outputs on sampled rows of the data, activations and weights rounded to 8 bits. A
// place is left alone unless the error falls to `gain` of what it was, so the graph computes what it did before, to the
// rounding of float32, and no layer gets worse on the data.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/observe.h"
#include "quantize/range.h"

namespace pare {

struct SmoothOptions {
  bool insert = false;          // also where the scale cannot be folded into what is there: costs a Mul
  double gain = 0.9;            // least improvement: error after / error before
  double insert_gain = 0.5;     // the same where a Mul is needed
  int64_t weight_levels = 254;  // -127..127
  RangeTarget activation;
  ObserveOptions observe;
};

struct SmoothedPlace {
  std::string value;
  double exponent = 0;                 // a
  double before_db = 0, after_db = 0;  // output against error, both quantized
  bool inserted = false;
};

struct SmoothReport {
  std::vector<SmoothedPlace> places;
  std::vector<std::string> skipped;  // "'x': read by others too, and no Mul may be added"
};

// Throws Error as observe() does.
SmoothReport smooth_quant(Graph& graph, const Batches& batches, const SmoothOptions& options = {});

}  // namespace pare
