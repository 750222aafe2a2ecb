#include "quantize/calibrate.h"

#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "quantize/observe.h"

namespace pare {
namespace {

void widen(ValueRange& range, const Tensor& tensor, const std::string& name, int64_t batch) {
  if (tensor.size() == 0) return;
  const auto data = tensor.data<float>();
  float low = range.seen ? range.low : data[0];
  float high = range.seen ? range.high : data[0];
  bool finite = true;
  for (const float x : data) {
    low = std::min(low, x);
    high = std::max(high, x);
    finite = finite && std::isfinite(x);
  }
  if (!finite) {
    throw Error(ErrorCode::input, "calibration: value '" + name + "' is NaN or infinite in batch " +
                                      std::to_string(batch) + "; expected finite activations: check the data and its "
                                      "preprocessing, or run the model on it with 'pare run'");
  }
  range = {low, high, true};
}

}  // namespace

std::vector<ValueRange> calibrate_min_max(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                                          const ObserveOptions& options) {
  std::vector<ValueRange> ranges(graph.value_limit());
  observe(graph, values, batches, options, [&](ValueId id, const Tensor& tensor, int64_t batch) {
    widen(ranges[static_cast<size_t>(id)], tensor, graph.value(id).name, batch);
  });
  return ranges;
}

std::vector<Histogram> calibrate_histograms(const Graph& graph, const std::vector<ValueId>& values,
                                            const std::vector<ValueRange>& ranges, const Batches& batches,
                                            const ObserveOptions& options) {
  std::vector<Histogram> histograms(graph.value_limit());
  observe(graph, values, batches, options, [&](ValueId id, const Tensor& tensor, int64_t) {
    Histogram& histogram = histograms[static_cast<size_t>(id)];
    histogram.counts.resize(Histogram::kBins);
    const ValueRange& range = ranges[static_cast<size_t>(id)];
    const float width = range.high - range.low;
    if (!(width > 0)) return;
    const float bins_per_unit = static_cast<float>(Histogram::kBins) / width;
    for (const float x : tensor.data<float>()) {
      const float bin = std::clamp((x - range.low) * bins_per_unit, 0.0f, static_cast<float>(Histogram::kBins - 1));
      ++histogram.counts[static_cast<size_t>(bin)];
    }
  });
  return histograms;
}

}  // namespace pare
