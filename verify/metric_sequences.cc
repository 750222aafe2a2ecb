#include <algorithm>
#include <cmath>
#include <numeric>

#include "graph/error.h"
#include "verify/decode.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

// Scores [count, length, vocabulary] at target tokens [count, length]: those of y; without y, each next token of the
// model's first input.
class SequenceMetric : public Metric {
 public:
  explicit SequenceMetric(const MetricOptions& options) : options_(options) {}

  MetricTraits traits() const override {
    const bool match = options_.name == "exact_match";
    return {.percent = match || options_.name == "edit_distance",
            .higher_is_better = match,
            .proportion = match,
            .unit = match || options_.name == "edit_distance" ? "%"
                    : options_.name == "bits_per_token"       ? "bits"
                                                              : ""};
  }

  void add(int64_t first, const Tensor& output, const Batch& batch) override {
    if (compares() && is_integer(output.dtype()) && output.rank() == 2 && output.dims()[0] == batch.count)
      return add_tokens(output, batch);
    if (output.rank() != 3 || output.dims()[0] != batch.count) {
      throw Error(ErrorCode::input, "the output is " + to_string(output.type()) + "; metric " + options_.name +
                                        " needs scores [samples, length, vocabulary]");
    }
    const bool next = batch.targets.dtype() == DType::undefined;
    const Tensor& tokens = next ? batch.inputs.front().tensor : batch.targets;
    if (!is_integer(tokens.dtype()) || tokens.rank() != 2 || tokens.dims()[1] != output.dims()[1]) {
      throw Error(ErrorCode::input, "the targets are " + to_string(tokens.type()) + " for scores " +
                                        to_string(output.type()) + "; metric " + options_.name +
                                        " needs one token for each position");
    }
    const Tensor scores = rows_of(output, batch.count, options_.name);
    const int64_t length = output.dims()[1], vocabulary = output.dims()[2];
    for (int64_t row = 0; row < batch.count; ++row) {
      std::vector<int64_t> targets, found;
      double bits = 0;
      for (int64_t t = 0; t + (next ? 1 : 0) < length; ++t) {
        const int64_t token = tokens.as_int(row * length + t + (next ? 1 : 0));
        if (token == kNoToken && !next) break;
        if (options_.ignore && token == *options_.ignore) continue;
        if (token < 0 || token >= vocabulary) {
          throw Error(ErrorCode::input, "token " + std::to_string(token) + " of sample " + std::to_string(first + row) +
                                            " is outside the model's vocabulary of " + std::to_string(vocabulary));
        }
        const auto at = scores.data<float>().subspan(static_cast<size_t>((row * length + t) * vocabulary),
                                                     static_cast<size_t>(vocabulary));
        const int64_t best = argmax(at);
        found.push_back(best < 0 ? kNotFinite : best);
        targets.push_back(token);
        bits -= log2_probability(at, token);
      }
      add_sequence(std::move(found), std::move(targets), bits);
    }
    samples_ += batch.count;
  }

  double value(std::span<const uint32_t> counts) const override {
    double bits = 0, length = 0, distance = 0, matches = 0, all = 0;
    for (size_t i = 0; i < lengths_.size(); ++i) {
      const double weight = times(counts, i);
      bits += weight * bits_[i];
      length += weight * lengths_[i];
      distance += weight * static_cast<double>(distances_[i]);
      matches += weight * (distances_[i] == 0);
      all += weight;
    }
    if (options_.name == "bits_per_token") return bits / length;
    if (options_.name == "perplexity") return std::exp2(bits / length);
    return options_.name == "edit_distance" ? distance / length : matches / all;
  }

  std::vector<uint8_t> correct() const override {
    std::vector<uint8_t> right;
    if (!traits().proportion) return right;
    for (const int64_t distance : distances_) right.push_back(distance == 0);
    return right;
  }

 private:
  static double log2_probability(std::span<const float> scores, int64_t token) {
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (const float score : scores) sum += std::exp(score - most);
    return (scores[static_cast<size_t>(token)] - most - std::log(sum)) / std::log(2.0);
  }

  bool compares() const { return options_.name == "exact_match" || options_.name == "edit_distance"; }

  // Rows of tokens against rows of tokens.
  void add_tokens(const Tensor& output, const Batch& batch) {
    const Tensor& tokens = batch.targets;
    if (!is_integer(tokens.dtype()) || tokens.rank() != 2) {
      throw Error(ErrorCode::input, "the data hold no sequence of tokens for each sample; metric " + options_.name +
                                        " compares with such: integers [samples, length] as y, or text with an "
                                        "[answer] table");
    }
    const auto row_of = [](const Tensor& tensor, int64_t row) {
      std::vector<int64_t> values;
      for (int64_t t = 0; t < tensor.dims()[1]; ++t) values.push_back(tensor.as_int(row * tensor.dims()[1] + t));
      return values;
    };
    for (int64_t row = 0; row < batch.count; ++row) {
      std::vector<int64_t> targets = row_of(tokens, row);
      if (options_.ignore) std::erase(targets, *options_.ignore);
      add_sequence(row_of(output, row), std::move(targets), 0);
    }
    samples_ += batch.count;
  }

  // The sequence before its end.
  void cut(std::vector<int64_t>& tokens) const {
    tokens.erase(
        std::find_if(tokens.begin(), tokens.end(),
                     [&](int64_t token) { return token == kNoToken || (options_.end && token == *options_.end); }),
        tokens.end());
  }

  void add_sequence(std::vector<int64_t> found, std::vector<int64_t> targets, double bits) {
    not_finite_ += std::find(found.begin(), found.end(), kNotFinite) != found.end();
    if (compares()) {
      cut(found);
      cut(targets);
    }
    bits_.push_back(bits);
    lengths_.push_back(static_cast<double>(targets.size()));
    distances_.push_back(compares() ? edit_distance(found, targets) : 0);
  }

  MetricOptions options_;
  std::vector<double> bits_, lengths_;
  std::vector<int64_t> distances_;
};

}  // namespace

std::unique_ptr<Metric> make_sequence_metric(const MetricOptions& options) {
  return std::make_unique<SequenceMetric>(options);
}

int64_t edit_distance(std::span<const int64_t> a, std::span<const int64_t> b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), int64_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace pare
