#include "verify/metrics.h"

#include <algorithm>

#include "graph/error.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Metric> (*make)(const MetricOptions&);
};
constexpr Entry kMetrics[] = {
    {"top1", make_class_metric},
    {"top5", make_class_metric},
    {"balanced_accuracy", make_class_metric},
    {"macro_f1", make_class_metric},
    {"auc", make_ranking_metric},
    {"reconstruction_auc", make_ranking_metric},
    {"mse", make_value_metric},
    {"mae", make_value_metric},
    {"psnr", make_value_metric},
    {"snr", make_value_metric},
    {"perplexity", make_sequence_metric},
    {"bits_per_token", make_sequence_metric},
    {"exact_match", make_sequence_metric},
    {"edit_distance", make_sequence_metric},
};

}  // namespace

std::unique_ptr<Metric> make_metric(const MetricOptions& options) {
  for (const Entry& entry : kMetrics)
    if (entry.name == options.name) return entry.make(options);
  const auto distance = [&](std::string_view name) {
    const auto letters = [](std::string_view text) { return std::vector<int64_t>(text.begin(), text.end()); };
    return edit_distance(letters(name), letters(options.name));
  };
  const Entry& nearest =
      *std::min_element(std::begin(kMetrics), std::end(kMetrics),
                        [&](const Entry& a, const Entry& b) { return distance(a.name) < distance(b.name); });
  std::string known;
  for (const std::string& name : metric_names()) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::usage, "unknown metric '" + options.name + "', did you mean '" + std::string(nearest.name) +
                                    "'? Expected one of " + known);
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kMetrics) names.emplace_back(entry.name);
  return names;
}

MetricTraits metric_traits(const std::string& name) { return make_metric({.name = name})->traits(); }

Interval Metric::interval(const BootstrapOptions& options) const {
  if (traits().proportion) {
    const std::vector<uint8_t> right = correct();
    return wilson(std::count(right.begin(), right.end(), 1), static_cast<int64_t>(right.size()), options.confidence);
  }
  return bootstrap(
      samples_, [this](std::span<const uint32_t> counts) { return value(counts); }, options);
}

Tensor rows_of(const Tensor& output, int64_t count, const std::string& metric) {
  if (output.rank() == 0 || output.dims()[0] != count || output.size() == 0) {
    throw Error(ErrorCode::input, "the output is " + to_string(output.type()) + " for " + std::to_string(count) +
                                      " samples; metric " + metric +
                                      " needs one row for each: name another output with --output");
  }
  Tensor rows = output.dtype() == DType::float32 ? output : unwrap(cast(output, DType::float32));
  return rows.reshaped({count, output.size() / count});
}

}  // namespace pare
