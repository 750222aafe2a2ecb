#include "quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/error.h"
#include "quantize/range_weights.h"
#include "runtime/thread_pool.h"

namespace pare {
namespace {

constexpr float kFar = 0x1p24f;
constexpr float kGap = 0x1p16f;

bool needs_histogram(RangeMethod method) {
  return method != RangeMethod::minmax && method != RangeMethod::moving_average;
}

// Least and greatest of a tensor; not finite where an element is not.
struct Extremes {
  float low = std::numeric_limits<float>::infinity(), high = -std::numeric_limits<float>::infinity();
  bool finite = true;
};

Extremes extremes_of(std::span<const float> values) {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> low, high, nothing;
  low.fill(std::numeric_limits<float>::infinity());
  high.fill(-std::numeric_limits<float>::infinity());
  nothing.fill(0);
  const auto take = [&](float x, size_t lane) {
    low[lane] = x < low[lane] ? x : low[lane];
    high[lane] = x > high[lane] ? x : high[lane];
    nothing[lane] += x * 0;  // NaN once x is not finite
  };
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) take(values[i + lane], lane);
  }
  for (; i < values.size(); ++i) take(values[i], 0);
  Extremes result;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result.low = std::min(result.low, low[lane]);
    result.high = std::max(result.high, high[lane]);
    result.finite = result.finite && nothing[lane] == 0;
  }
  return result;
}

// What one value's statistics take from each batch.
class Collector {
 public:
  Collector(ValueStatistics& statistics, bool histogram, std::optional<ChannelWeights> weights)
      : statistics_(statistics), histogram_(histogram), weights_(std::move(weights)) {}

  // False where an element is not finite.
  bool add(const Tensor& tensor) {
    const auto values = tensor.data<float>();
    if (values.empty()) return true;
    const Extremes extremes = extremes_of(values);
    if (!extremes.finite) return false;
    statistics_.count += tensor.size();
    statistics_.all.add(extremes.low, extremes.high);
    if (std::max(-extremes.low, extremes.high) >= kFar) {
      add_apart(tensor);
      return true;
    }
    statistics_.near.add(extremes.low, extremes.high);
    if (histogram_) tally(statistics_.histogram, values, extremes, tensor.dims());
    return true;
  }

 private:
  void tally(RangeHistogram& histogram, std::span<const float> values, const Extremes& extremes, const Dims& dims) {
    if (!weights_ || weights_->axis >= static_cast<int>(dims.size()) ||
        dims[static_cast<size_t>(weights_->axis)] != static_cast<int64_t>(weights_->weights.size())) {
      histogram.add(values, extremes.low, extremes.high);
      return;
    }
    int64_t inner = 1;
    for (size_t i = static_cast<size_t>(weights_->axis) + 1; i < dims.size(); ++i) inner *= dims[i];
    histogram.add(values, extremes.low, extremes.high, weights_->weights, inner);
  }

  // Elements from 2^24 on, and the rest; their channels do not count.
  void add_apart(const Tensor& tensor) {
    std::vector<float> near, far;
    for (const float x : tensor.data<float>()) (std::abs(x) < kFar ? near : far).push_back(x);
    for (const float x : far) {
      if (statistics_.nearest_far == 0 || std::abs(x) < statistics_.nearest_far) statistics_.nearest_far = std::abs(x);
    }
    if (!near.empty()) {
      const Extremes extremes = extremes_of(near);
      statistics_.near.add(extremes.low, extremes.high);
      if (histogram_) statistics_.histogram.add(near, extremes.low, extremes.high, even_weight(), 1);
    }
    const Extremes extremes = extremes_of(far);
    if (histogram_) statistics_.far.add(far, extremes.low, extremes.high, even_weight(), 1);
  }

  std::span<const uint32_t> even_weight() const {
    static constexpr uint32_t kOnce = 1, kMean = 256;
    return {weights_ ? &kMean : &kOnce, 1};
  }

  ValueStatistics& statistics_;
  bool histogram_;
  std::optional<ChannelWeights> weights_;
};

}  // namespace

void ValueStatistics::Extent::add(float batch_low, float batch_high) {
  ++batches;
  if (batches == 1) {
    low = moving_low = batch_low;
    high = moving_high = batch_high;
    return;
  }
  low = std::min(low, batch_low);
  high = std::max(high, batch_high);
  const float c = std::max(0.01f, 1.0f / static_cast<float>(batches));
  moving_low += c * (batch_low - moving_low);
  moving_high += c * (batch_high - moving_high);
}

bool ValueStatistics::has_extremes() const {
  if (nearest_far == 0 || near.batches == 0) return false;
  return nearest_far >= kGap * std::max(-near.low, near.high);
}

void ValueStatistics::add(const ValueStatistics& other) {
  const auto join = [](Extent& a, const Extent& b) {
    if (b.batches == 0) return;
    if (a.batches == 0) {
      a = b;
      return;
    }
    a.low = std::min(a.low, b.low);
    a.high = std::max(a.high, b.high);
    a.moving_low = std::min(a.moving_low, b.moving_low);
    a.moving_high = std::max(a.moving_high, b.moving_high);
    a.batches += b.batches;
  };
  count += other.count;
  join(all, other.all);
  join(near, other.near);
  if (other.nearest_far != 0)
    nearest_far = nearest_far == 0 ? other.nearest_far : std::min(nearest_far, other.nearest_far);
  histogram.add(other.histogram);
  far.add(other.far);
}

ValueRange Calibration::range(std::span<const ValueId> values, const RangeTarget& target) const {
  ValueStatistics together;
  ValueRange given;
  std::optional<OutputRange> bounds;
  bool first = true;
  for (const ValueId value : values) {
    const auto index = static_cast<size_t>(value);
    if (index >= entries.size() || !entries[index]) continue;
    const Entry& entry = *entries[index];
    if (first) {
      bounds = entry.bounds;
    } else if (bounds && entry.bounds) {
      bounds = OutputRange{std::min(bounds->low, entry.bounds->low), std::max(bounds->high, entry.bounds->high)};
    } else {
      bounds.reset();
    }
    first = false;
    if (entry.given) {
      given.low = given.seen ? std::min(given.low, entry.given->low) : entry.given->low;
      given.high = given.seen ? std::max(given.high, entry.given->high) : entry.given->high;
      given.seen = true;
    } else {
      together.add(entry.statistics);
    }
  }
  ValueRange range = given;
  if (together.all.batches > 0) {
    const bool apart = together.has_extremes();
    const ValueStatistics::Extent& extent = apart ? together.near : together.all;
    if (!apart) together.histogram.add(together.far);
    const ValueRange seen{extent.low, extent.high, true};
    ValueRange chosen = seen;
    switch (method) {
      case RangeMethod::minmax:
        break;
      case RangeMethod::moving_average:
        chosen = {extent.moving_low, extent.moving_high, true};
        break;
      case RangeMethod::percentile:
        chosen = percentile_range(together.histogram, seen, percentile);
        break;
      case RangeMethod::entropy:
        chosen = entropy_range(together.histogram, seen, target);
        break;
      case RangeMethod::mse:
      case RangeMethod::output_mse:
        chosen = least_error_range(together.histogram, seen, target);
        break;
    }
    range = given.seen ? ValueRange{std::min(given.low, chosen.low), std::max(given.high, chosen.high), true} : chosen;
  }
  if (bounds && range.seen) {
    range.low = std::clamp(range.low, bounds->low, bounds->high);
    range.high = std::clamp(range.high, bounds->low, bounds->high);
  }
  return range;
}

void Calibration::set(ValueId value, const ValueRange& range, int64_t count) {
  const auto index = static_cast<size_t>(value);
  if (index >= entries.size()) entries.resize(index + 1);
  if (!entries[index]) entries[index].emplace();
  entries[index]->given = range;
  entries[index]->statistics.count = count;
}

std::optional<OutputRange> declared_bounds(const Graph& graph, ValueId value) {
  const NodeId producer = graph.value(value).producer;
  return producer == NodeId::none ? std::nullopt : op_range(graph.node(producer).op);
}

Calibration calibrate(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                      const CalibrateOptions& options) {
  Calibration calibration;
  calibration.method = options.method;
  calibration.percentile = options.percentile;
  calibration.entries.resize(graph.value_limit());
  const Uses uses(graph);
  std::vector<Collector> collectors;
  for (const ValueId id : values) {
    auto& entry = calibration.entries[static_cast<size_t>(id)].emplace();
    entry.bounds = declared_bounds(graph, id);
    collectors.emplace_back(
        entry.statistics, needs_histogram(options.method),
        options.method == RangeMethod::output_mse ? consumer_weights(graph, uses, id) : std::nullopt);
  }
  // The values of a batch are shared out over the threads.
  ThreadPool pool(options.observe.threads);
  std::vector<Tensor> batch_values;
  std::vector<char> finite(values.size());
  observe(graph, values, batches, options.observe, [&](ValueId, const Tensor& tensor, int64_t batch) {
    batch_values.push_back(tensor);
    if (batch_values.size() < values.size()) return;
    pool.run(static_cast<int64_t>(values.size()), [&](int64_t i, int) {
      finite[static_cast<size_t>(i)] = collectors[static_cast<size_t>(i)].add(batch_values[static_cast<size_t>(i)]);
    });
    batch_values.clear();
    const auto bad = std::find(finite.begin(), finite.end(), false);
    if (bad == finite.end()) return;
    throw Error(ErrorCode::input, "calibration: value '" +
                                      graph.value(values[static_cast<size_t>(bad - finite.begin())]).name +
                                      "' is NaN or infinite in batch " + std::to_string(batch) +
                                      "; expected finite activations: check the data and its preprocessing, or run the "
                                      "model on it with 'pare run'");
  });
  return calibration;
}

}  // namespace pare
