#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

class ValueMetric : public Metric {
 public:
  explicit ValueMetric(const MetricOptions& options) : options_(options) {}

  MetricTraits traits() const override {
    const bool ratio = options_.name == "psnr" || options_.name == "snr";
    return {.higher_is_better = ratio, .unit = ratio ? "dB" : ""};
  }

  void add(int64_t, const Tensor& output, const Batch& batch) override {
    const Tensor rows = rows_of(output, batch.count, options_.name);
    const Tensor targets = target_rows(batch, output, rows.dims()[1]);
    const auto width = static_cast<size_t>(rows.dims()[1]);
    for (int64_t row = 0; row < batch.count; ++row) {
      Sums sums;
      for (size_t k = 0; k < width; ++k) {
        const size_t at = static_cast<size_t>(row) * width + k;
        const double target = targets.data<float>()[at];
        const double difference = rows.data<float>()[at] - target;
        sums.squared += difference * difference;
        sums.absolute += std::abs(difference);
        sums.energy += target * target;
        sums.peak = std::max(sums.peak, std::abs(target));
      }
      not_finite_ += !std::isfinite(sums.squared);
      samples_sums_.push_back(sums);
    }
    width_ = static_cast<double>(width);
    samples_ += batch.count;
  }

  double value(std::span<const uint32_t> counts) const override {
    Sums all;
    double elements = 0;
    for (size_t i = 0; i < samples_sums_.size(); ++i) {
      const double weight = times(counts, i);
      all.squared += weight * samples_sums_[i].squared;
      all.absolute += weight * samples_sums_[i].absolute;
      all.energy += weight * samples_sums_[i].energy;
      all.peak = std::max(all.peak, samples_sums_[i].peak);
      elements += weight * width_;
    }
    if (options_.name == "mae") return all.absolute / elements;
    if (options_.name == "mse") return all.squared / elements;
    if (options_.name == "snr") return 10 * std::log10(all.energy / all.squared);
    const double peak = options_.peak.value_or(all.peak);
    return 10 * std::log10(peak * peak / (all.squared / elements));
  }

 private:
  struct Sums {
    double squared = 0, absolute = 0, energy = 0, peak = 0;
  };

  Tensor target_rows(const Batch& batch, const Tensor& output, int64_t width) const {
    const Tensor& targets = batch.targets.dtype() != DType::undefined ? batch.targets : batch.labels;
    if (targets.dtype() == DType::undefined) {
      throw Error(ErrorCode::input, "the data has no targets (an array named y); metric " + options_.name +
                                        " compares the output with them");
    }
    if (targets.size() != batch.count * width) {
      throw Error(ErrorCode::input, "the targets are " + to_string(targets.type()) + " and the output is " +
                                        to_string(output.type()) + "; metric " + options_.name +
                                        " needs as many elements for each sample");
    }
    return rows_of(targets, batch.count, options_.name);
  }

  MetricOptions options_;
  double width_ = 0;
  std::vector<Sums> samples_sums_;
};

}  // namespace

std::unique_ptr<Metric> make_value_metric(const MetricOptions& options) {
  return std::make_unique<ValueMetric>(options);
}

}  // namespace pare
