#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

// Whether fewer than `k` scores come before the label's: larger ones, and equal ones of a smaller index.
bool among_best(std::span<const float> scores, int64_t label, int64_t k) {
  const float own = scores[static_cast<size_t>(label)];
  int64_t before = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    before += scores[i] > own || (scores[i] == own && static_cast<int64_t>(i) < label);
  return before < k;
}

class ClassMetric : public Metric {
 public:
  explicit ClassMetric(std::string name) : name_(std::move(name)) {}

  MetricTraits traits() const override {
    return {.percent = true, .proportion = name_ == "top1" || name_ == "top5", .unit = "%"};
  }

  void add(int64_t first, const Tensor& output, const Batch& batch) override {
    if (batch.labels.dtype() == DType::undefined) {
      throw Error(ErrorCode::input,
                  "the data has no labels (an array named y); metric " + name_ + " needs one class per sample");
    }
    const Tensor rows = rows_of(output, batch.count, name_);
    const int64_t classes = rows.dims()[1];
    for (int64_t row = 0; row < batch.count; ++row) {
      const int64_t label = batch.labels.data<int64_t>()[static_cast<size_t>(row)];
      if (label < 0 || label >= classes) {
        throw Error(ErrorCode::input, "label " + std::to_string(label) + " of sample " + std::to_string(first + row) +
                                          " is outside the model's " + std::to_string(classes) +
                                          " classes; expected 0 to " + std::to_string(classes - 1));
      }
      const auto scores = rows.data<float>().subspan(static_cast<size_t>(row * classes), static_cast<size_t>(classes));
      const int64_t best = argmax(scores);
      predictions_.push_back(best);
      truths_.push_back(label);
      correct_.push_back(best >= 0 && (name_ == "top5" ? among_best(scores, label, 5) : best == label));
      not_finite_ += best < 0;
      classes_ = std::max(classes_, classes);
    }
    samples_ += batch.count;
  }

  double value(std::span<const uint32_t> counts) const override {
    if (name_ == "balanced_accuracy" || name_ == "macro_f1") return by_class(counts);
    double right = 0, all = 0;
    for (size_t i = 0; i < correct_.size(); ++i) {
      right += times(counts, i) * correct_[i];
      all += times(counts, i);
    }
    return right / all;
  }

  std::vector<uint8_t> correct() const override { return traits().proportion ? correct_ : std::vector<uint8_t>(); }
  const std::vector<int64_t>* predictions() const override { return &predictions_; }
  const std::vector<int64_t>* truths() const override { return &truths_; }

 private:
  double by_class(std::span<const uint32_t> counts) const {
    const auto n = static_cast<size_t>(classes_);
    std::vector<double> present(n), predicted(n), hit(n);
    for (size_t i = 0; i < truths_.size(); ++i) {
      const double weight = times(counts, i);
      present[static_cast<size_t>(truths_[i])] += weight;
      if (predictions_[i] >= 0) predicted[static_cast<size_t>(predictions_[i])] += weight;
      if (predictions_[i] == truths_[i]) hit[static_cast<size_t>(truths_[i])] += weight;
    }
    double sum = 0, classes = 0;
    for (size_t c = 0; c < n; ++c) {
      if (name_ == "balanced_accuracy" ? present[c] == 0 : present[c] + predicted[c] == 0) continue;
      sum += name_ == "balanced_accuracy" ? hit[c] / present[c] : 2 * hit[c] / (present[c] + predicted[c]);
      ++classes;
    }
    return sum / classes;
  }

  std::string name_;
  int64_t classes_ = 0;
  std::vector<int64_t> predictions_, truths_;
  std::vector<uint8_t> correct_;
};

}  // namespace

std::unique_ptr<Metric> make_class_metric(const MetricOptions& options) {
  return std::make_unique<ClassMetric>(options.name);
}

int64_t argmax(std::span<const float> scores) {
  size_t best = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) return -1;
    if (scores[i] > scores[best]) best = i;
  }
  return scores.empty() ? -1 : static_cast<int64_t>(best);
}

ClassTable class_table(std::span<const int64_t> truths, std::span<const int64_t> predictions) {
  int64_t classes = 0;
  for (size_t i = 0; i < truths.size(); ++i) classes = std::max({classes, truths[i] + 1, predictions[i] + 1});
  const auto n = static_cast<size_t>(classes);
  ClassTable table;
  table.confusion.assign(n, std::vector<int64_t>(n + 1, 0));
  for (size_t i = 0; i < truths.size(); ++i) {
    const int64_t column = predictions[i] < 0 ? classes : predictions[i];
    ++table.confusion[static_cast<size_t>(truths[i])][static_cast<size_t>(column)];
  }
  for (size_t c = 0; c < n; ++c) {
    ClassTable::Row row;
    double predicted = 0;
    for (const int64_t count : table.confusion[c]) row.samples += count;
    for (size_t other = 0; other < n; ++other) predicted += static_cast<double>(table.confusion[other][c]);
    const auto hit = static_cast<double>(table.confusion[c][c]), present = static_cast<double>(row.samples);
    row.precision = hit / predicted;
    row.recall = hit / present;
    row.f1 = 2 * hit / (present + predicted);
    table.rows.push_back(row);
  }
  return table;
}

}  // namespace pare
