#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "graph/error.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

class RankingMetric : public Metric {
 public:
  explicit RankingMetric(const MetricOptions& options) : options_(options) {}

  MetricTraits traits() const override { return {.percent = true, .unit = "%"}; }

  void add(int64_t first, const Tensor& output, const Batch& batch) override {
    if (batch.labels.dtype() == DType::undefined) {
      throw Error(ErrorCode::input, "the data has no labels (an array named y); metric " + options_.name +
                                        " needs 0 or 1 for each sample");
    }
    const Tensor rows = rows_of(output, batch.count, options_.name);
    const Tensor inputs = reconstruction() ? input_rows(batch, rows.dims()[1]) : Tensor();
    const auto width = static_cast<size_t>(rows.dims()[1]);
    const auto column = static_cast<size_t>(width == 1 ? 0 : options_.positive);
    if (!reconstruction() && column >= width) {
      throw Error(ErrorCode::usage, "--positive " + std::to_string(options_.positive) + " is outside the model's " +
                                        std::to_string(width) + " scores; expected 0 to " + std::to_string(width - 1));
    }
    for (int64_t row = 0; row < batch.count; ++row) {
      const auto i = static_cast<size_t>(row);
      const auto values = rows.data<float>().subspan(i * width, width);
      double score = values[column];
      if (reconstruction()) {
        score = 0;
        for (size_t k = 0; k < width; ++k) {
          const double difference = static_cast<double>(values[k]) - inputs.data<float>()[i * width + k];
          score += difference * difference / static_cast<double>(width);
        }
      }
      const int64_t label = batch.labels.data<int64_t>()[i];
      if (reconstruction() && label != 0 && label != 1) {
        throw Error(ErrorCode::input, "label " + std::to_string(label) + " of sample " + std::to_string(first + row) +
                                          " is neither 0 (normal) nor 1; expected one of the two");
      }
      not_finite_ += !std::isfinite(score);
      scores_.push_back(score);
      positive_.push_back(reconstruction() ? label == 1 : label == options_.positive);
    }
    samples_ += batch.count;
    order_.clear();
  }

  // Sum over positives of the negatives ranked below, ties half, divided by the number of pairs.
  double value(std::span<const uint32_t> counts) const override {
    if (not_finite_ > 0) return std::nan("");
    if (order_.empty()) sort();
    double below = 0, pairs = 0, positives = 0;
    for (size_t at = 0; at < order_.size();) {
      double tied_positive = 0, tied_negative = 0;
      size_t end = at;
      for (; end < order_.size() && scores_[order_[end]] == scores_[order_[at]]; ++end)
        (positive_[order_[end]] ? tied_positive : tied_negative) += times(counts, order_[end]);
      pairs += tied_positive * (below + tied_negative / 2);
      below += tied_negative;
      positives += tied_positive;
      at = end;
    }
    return pairs / (positives * below);
  }

 private:
  bool reconstruction() const { return options_.name == "reconstruction_auc"; }

  Tensor input_rows(const Batch& batch, int64_t width) const {
    const Tensor& input = batch.inputs.front().tensor;
    if (input.size() != batch.count * width) {
      throw Error(ErrorCode::input, "the output has " + std::to_string(width) + " elements per sample and the input " +
                                        to_string(input.type()) + "; reconstruction_auc compares the two");
    }
    return rows_of(input, batch.count, options_.name);
  }

  void sort() const {
    order_.resize(scores_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return scores_[a] < scores_[b]; });
  }

  MetricOptions options_;
  std::vector<double> scores_;
  std::vector<bool> positive_;
  mutable std::vector<size_t> order_;
};

}  // namespace

std::unique_ptr<Metric> make_ranking_metric(const MetricOptions& options) {
  return std::make_unique<RankingMetric>(options);
}

}  // namespace pare
