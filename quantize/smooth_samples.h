// What scale searches compare candidates on: rows that the readers of a site multiply, and how far its channels reach.
#pragma once

#include <span>
#include <vector>

#include "quantize/layer_matrix.h"
#include "quantize/observe.h"
#include "quantize/smooth_scale.h"

namespace pare {

struct SiteSamples {
  int64_t columns = 0;                 // of a row; columns / channels neighbours belong to one channel
  std::vector<float> rows;             // [n, columns], at most `rows` of all batches together
  std::vector<float> low, high, mean;  // by channel, over all data: least, greatest, mean magnitude
  int64_t outputs = 0;
  std::vector<float> weights;  // [columns, outputs]: those of the readers, at most `outputs` of them, evenly

  int64_t count() const { return columns > 0 ? static_cast<int64_t>(rows.size()) / columns : 0; }
  size_t channel(size_t column) const { return column * low.size() / static_cast<size_t>(columns); }
  // sum over rows and outputs of |x w - x' w'|^2, where x' and w' are quantized rows and weights of the same form.
  double error(std::span<const float> other_rows, std::span<const float> other_weights) const;
  // sum of |x w|^2.
  double energy() const;
  // Rows with each channel over its scale, and weights with it times its scale: the same product.
  std::vector<float> divided_rows(std::span<const float> scales) const;
  std::vector<float> multiplied_weights(std::span<const float> scales) const;
};

// In the order of the sites; a site whose readers are no matrix products of one group gets no columns. One pass over
// the data; memory does not depend on the number of batches.
std::vector<SiteSamples> sample_sites(const Graph& graph, const std::vector<ScaleSite>& sites, const Batches& batches,
                                      int64_t rows, int64_t outputs, const ObserveOptions& options);

// Output against error; infinite where there is no error.
double decibels(double energy, double error);

// base, rounded to three binary digits after the leading one: the same on every machine, whatever computed `base`.
float round_scale(double base);

}  // namespace pare
