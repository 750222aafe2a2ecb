#include "quantize/smooth_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pare {
namespace {

// y[i, r] += x[i, c] w[c, r], called with y for each row.
template <class Visit>
void each_product(std::span<const float> rows, std::span<const float> weights, size_t columns, size_t outputs,
                  Visit visit) {
  std::vector<float> y(outputs);
  for (size_t i = 0; i * columns < rows.size(); ++i) {
    std::fill(y.begin(), y.end(), 0.0f);
    for (size_t c = 0; c < columns; ++c) {
      const float x = rows[i * columns + c];
      const float* w = weights.data() + c * outputs;
      for (size_t r = 0; r < outputs; ++r) y[r] += x * w[r];
    }
    visit(i, y);
  }
}

// The weights of all readers as [columns, outputs], evenly `limit` of their outputs.
void take_weights(const Graph& graph, const ScaleSite& site, const std::vector<LayerMatrix>& layers, int64_t limit,
                  SiteSamples& samples) {
  int64_t total = 0;
  for (const LayerMatrix& layer : layers) total += layer.rows;
  samples.outputs = std::min(limit, total);
  samples.weights.resize(static_cast<size_t>(samples.columns * samples.outputs));
  for (int64_t o = 0; o < samples.outputs; ++o) {
    int64_t row = o * total / samples.outputs;
    size_t reader = 0;
    while (row >= layers[reader].rows) row -= layers[reader++].rows;
    const ScaleSite::Reader& from = site.readers[reader];
    const auto data =
        graph.value(graph.node(from.node).inputs[static_cast<size_t>(1 - from.slot)]).constant->data<float>();
    for (int64_t c = 0; c < samples.columns; ++c) {
      samples.weights[static_cast<size_t>(c * samples.outputs + o)] =
          data[static_cast<size_t>(layers[reader].element(0, row, c))];
    }
  }
}

// Channel statistics of one batch's tensor.
void take_channels(const Tensor& tensor, int axis, SiteSamples& samples, std::vector<double>& sums, int64_t& counted) {
  const size_t channels = samples.low.size();
  size_t inner = 1;
  for (int i = axis + 1; i < tensor.rank(); ++i) inner *= static_cast<size_t>(tensor.dims()[static_cast<size_t>(i)]);
  const auto data = tensor.data<float>();
  for (size_t at = 0, c = 0; at < data.size(); at += inner, c = c + 1 == channels ? 0 : c + 1) {
    double sum = 0;
    for (size_t i = at; i < at + inner; ++i) {
      samples.low[c] = std::min(samples.low[c], data[i]);
      samples.high[c] = std::max(samples.high[c], data[i]);
      sum += std::abs(data[i]);
    }
    sums[c] += sum;
  }
  counted += tensor.size() / static_cast<int64_t>(channels);
}

}  // namespace

double SiteSamples::error(std::span<const float> other_rows, std::span<const float> other_weights) const {
  const auto c = static_cast<size_t>(columns), n = static_cast<size_t>(outputs);
  std::vector<float> exact(static_cast<size_t>(count()) * n);
  each_product(rows, weights, c, n, [&](size_t i, const std::vector<float>& y) {
    std::copy(y.begin(), y.end(), exact.begin() + static_cast<long>(i * n));
  });
  double sum = 0;
  each_product(other_rows, other_weights, c, n, [&](size_t i, const std::vector<float>& y) {
    for (size_t r = 0; r < n; ++r) sum += std::pow(double{y[r]} - exact[i * n + r], 2);
  });
  return sum;
}

double SiteSamples::energy() const {
  double sum = 0;
  each_product(rows, weights, static_cast<size_t>(columns), static_cast<size_t>(outputs),
               [&](size_t, const std::vector<float>& y) {
                 for (const float v : y) sum += double{v} * v;
               });
  return sum;
}

std::vector<float> SiteSamples::divided_rows(std::span<const float> scales) const {
  std::vector<float> divided = rows;
  for (size_t i = 0; i < divided.size(); ++i) divided[i] /= scales[channel(i % static_cast<size_t>(columns))];
  return divided;
}

std::vector<float> SiteSamples::multiplied_weights(std::span<const float> scales) const {
  std::vector<float> multiplied = weights;
  for (size_t i = 0; i < multiplied.size(); ++i) multiplied[i] *= scales[channel(i / static_cast<size_t>(outputs))];
  return multiplied;
}

double decibels(double energy, double error) {
  return error > 0 ? 10 * std::log10(energy / error) : std::numeric_limits<double>::infinity();
}

std::vector<SiteSamples> sample_sites(const Graph& graph, const std::vector<ScaleSite>& sites, const Batches& batches,
                                      int64_t rows, int64_t outputs, const ObserveOptions& options) {
  std::vector<SiteSamples> samples(sites.size());
  std::vector<std::vector<LayerMatrix>> layers(sites.size());
  std::vector<std::vector<double>> sums(sites.size());
  std::vector<int64_t> counted(sites.size());
  std::vector<ValueId> values;
  std::vector<size_t> site_of;
  for (size_t s = 0; s < sites.size(); ++s) {
    for (const ScaleSite::Reader& reader : sites[s].readers) {
      const auto layer = LayerMatrix::of(graph, reader.node, 1 - reader.slot);
      if (!layer || layer->groups != 1 || layer->columns % sites[s].channels != 0) break;
      if (!layers[s].empty() && layer->columns != layers[s][0].columns) break;
      layers[s].push_back(*layer);
    }
    if (layers[s].size() != sites[s].readers.size()) continue;
    samples[s].columns = layers[s][0].columns;
    samples[s].low.assign(static_cast<size_t>(sites[s].channels), 0.0f);
    samples[s].high = samples[s].mean = samples[s].low;
    sums[s].resize(samples[s].low.size());
    take_weights(graph, sites[s], layers[s], outputs, samples[s]);
    values.push_back(sites[s].value);
    site_of.push_back(s);
  }
  if (values.empty()) return samples;
  const int64_t share = std::max<int64_t>(1, (rows + batches.count - 1) / std::max<int64_t>(1, batches.count));
  size_t next = 0;
  observe(graph, values, batches, options, [&](ValueId, const Tensor& tensor, int64_t) {
    const size_t s = site_of[next];
    next = next + 1 == values.size() ? 0 : next + 1;
    take_channels(tensor, sites[s].axis, samples[s], sums[s], counted[s]);
    const ActivationRows from(layers[s][0], graph, tensor);
    const int64_t take = std::min({share, from.positions(), rows - samples[s].count()});
    for (int64_t i = 0; i < take; ++i) {
      const size_t end = samples[s].rows.size();
      samples[s].rows.resize(end + static_cast<size_t>(samples[s].columns));
      // Shifted from batch to batch, so that not every row comes from the same place of a picture or a sentence.
      const int64_t position = (i * from.positions() / take + samples[s].count() * 7) % from.positions();
      from.gather(0, position, 1, 1, samples[s].rows.data() + end);
    }
  });
  for (const size_t s : site_of) {
    for (size_t c = 0; c < sums[s].size(); ++c)
      samples[s].mean[c] = static_cast<float>(sums[s][c] / static_cast<double>(std::max<int64_t>(1, counted[s])));
  }
  return samples;
}

float round_scale(double base) {
  int exponent = 0;
  const double fraction = std::frexp(base, &exponent);  // [0.5, 1)
  return static_cast<float>(std::ldexp(std::nearbyint(fraction * 16) / 16, exponent));
}

}  // namespace pare
