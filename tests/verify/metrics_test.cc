#include "verify/metrics.h"

#include <cmath>

#include "graph/error.h"
#include "tests/catch.h"
#include "verify/output_error.h"

namespace pare {
namespace {

// A batch with these labels; `output` has as many rows.
Batch labelled(std::vector<int64_t> labels) {
  Batch batch;
  batch.count = static_cast<int64_t>(labels.size());
  batch.labels = Tensor::of<int64_t>({batch.count}, labels);
  return batch;
}

Batch with_targets(Tensor targets) {
  Batch batch;
  batch.count = targets.dims()[0];
  batch.targets = std::move(targets);
  return batch;
}

double value_of(const MetricOptions& options, const Tensor& output, const Batch& batch) {
  const auto metric = make_metric(options);
  metric->add(0, output, batch);
  return metric->value();
}

// One row per prediction, 1 at the predicted class.
Tensor one_hot(const std::vector<int64_t>& predictions, int64_t classes) {
  Tensor rows(DType::float32, {static_cast<int64_t>(predictions.size()), classes});
  for (size_t i = 0; i < predictions.size(); ++i)
    rows.mutable_data<float>()[i * static_cast<size_t>(classes) + static_cast<size_t>(predictions[i])] = 1;
  return rows;
}

TEST_CASE("class metrics are scikit-learn's") {
  const Batch batch = labelled({0, 1, 0, 1, 1, 0, 2, 2, 1, 0});
  const Tensor output = one_hot({0, 1, 1, 1, 0, 0, 2, 1, 1, 0}, 3);
  // sklearn.metrics: balanced_accuracy_score(y, p), f1_score(y, p, average="macro")
  CHECK(value_of({.name = "top1"}, output, batch) == Approx(0.7));
  CHECK(value_of({.name = "balanced_accuracy"}, output, batch) == Approx(2.0 / 3));
  CHECK(value_of({.name = "macro_f1"}, output, batch) == Approx(0.6944444444444443));
}

TEST_CASE("top5 counts labels among the five largest, the first of equals") {
  const Tensor output = Tensor::of<float>({2, 7}, {7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(value_of({.name = "top5"}, output, labelled({4, 4})) == 1);
  CHECK(value_of({.name = "top5"}, output, labelled({5, 5})) == 0);
}

TEST_CASE("a class table counts and divides") {
  const std::vector<int64_t> truths{0, 0, 1, 1, 1}, predictions{0, 1, 1, 1, -1};
  const ClassTable table = class_table(truths, predictions);
  CHECK(table.confusion == std::vector<std::vector<int64_t>>{{1, 1, 0}, {0, 2, 1}});
  CHECK(table.rows[1].recall == Approx(2.0 / 3));
  CHECK(table.rows[1].precision == Approx(2.0 / 3));
  CHECK(table.rows[0].precision == 1);
}

TEST_CASE("the area under the ROC curve counts ties half, as scikit-learn's roc_auc_score") {
  const Tensor scores = Tensor::of<float>({10, 1}, {.1f, .4f, .4f, .8f, .35f, .2f, .4f, .9f, .7f, .05f});
  CHECK(value_of({.name = "auc"}, scores, labelled({0, 1, 0, 1, 0, 0, 1, 1, 0, 0})) == Approx(0.875));
  CHECK(std::isnan(value_of({.name = "auc"}, scores, labelled({0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))));
}

TEST_CASE("reconstruction_auc ranks by the squared error against the input") {
  Batch batch = labelled({0, 1, 0, 1});
  batch.inputs.push_back({"x", Tensor::of<float>({4, 2}, {1, 1, 1, 1, 1, 1, 1, 1})});
  const Tensor output = Tensor::of<float>({4, 2}, {1, 1, 3, 1, 2, 1, 1, 1.5f});
  // Errors 0, 2, 0.5, 0.125: of four pairs of an anomaly and a normal sample, three are in order.
  CHECK(value_of({.name = "reconstruction_auc"}, output, batch) == Approx(0.75));
}

TEST_CASE("values are compared with targets") {
  const Batch batch = with_targets(Tensor::of<float>({2, 2}, {0, 2, 4, -2}));
  const Tensor output = Tensor::of<float>({2, 2}, {1, 2, 2, -2});
  CHECK(value_of({.name = "mse"}, output, batch) == Approx(5.0 / 4));
  CHECK(value_of({.name = "mae"}, output, batch) == Approx(3.0 / 4));
  CHECK(value_of({.name = "psnr"}, output, batch) == Approx(10 * std::log10(16 / 1.25)));
  CHECK(value_of({.name = "psnr", .peak = 255}, output, batch) == Approx(10 * std::log10(255.0 * 255 / 1.25)));
  CHECK(value_of({.name = "snr"}, output, batch) == Approx(10 * std::log10(24 / 5.0)));
}

TEST_CASE("perplexity is 2 to the mean bits of the target tokens") {
  // Softmax of {0, ln 3} is {1/4, 3/4}: bits of the tokens 1 and 0 are log2(4/3) and 2.
  const float ln3 = std::log(3.0f);
  const Tensor scores = Tensor::of<float>({1, 2, 2}, {0, ln3, 0, ln3});
  const Batch batch = with_targets(Tensor::of<int64_t>({1, 2}, {1, 0}));
  const double bits = (std::log2(4.0 / 3) + 2) / 2;
  CHECK(value_of({.name = "bits_per_token"}, scores, batch) == Approx(bits));
  CHECK(value_of({.name = "perplexity"}, scores, batch) == Approx(std::exp2(bits)));
  CHECK(value_of({.name = "bits_per_token", .ignore = 0}, scores, batch) == Approx(std::log2(4.0 / 3)));
  // Without targets: the next token of the input.
  Batch next;
  next.count = 1;
  next.inputs.push_back({"ids", Tensor::of<int64_t>({1, 2}, {0, 1})});
  CHECK(value_of({.name = "bits_per_token"}, scores, next) == Approx(std::log2(4.0 / 3)));
}

TEST_CASE("sequences match whole or by edits") {
  const std::vector<int64_t> kitten{10, 8, 19, 19, 4, 13}, sitting{18, 8, 19, 19, 8, 13, 6};
  CHECK(edit_distance(kitten, sitting) == 3);  // Levenshtein's own example of three edits
  CHECK(edit_distance({}, sitting) == 7);
  const Tensor scores = Tensor::of<float>({2, 2, 2}, {1, 0, 0, 1, 1, 0, 1, 0});
  const Batch batch = with_targets(Tensor::of<int64_t>({2, 2}, {0, 1, 0, 1}));
  CHECK(value_of({.name = "exact_match"}, scores, batch) == 0.5);
  CHECK(value_of({.name = "edit_distance"}, scores, batch) == 0.25);
}

TEST_CASE("an unknown metric names its nearest") {
  try {
    make_metric({.name = "top2"});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(std::string(error.what()).find("did you mean 'top1'") != std::string::npos);
  }
}

TEST_CASE("output error: SQNR, cosine, largest difference") {
  OutputError error;
  error.add(Tensor::of<float>({1, 2}, {3, 4}), Tensor::of<float>({1, 2}, {3, 3.5f}));
  CHECK(error.sqnr() == Approx(10 * std::log10(25 / 0.25)));
  CHECK(error.cosine() == Approx((9 + 14) / (5 * std::sqrt(9 + 12.25))));
  CHECK(error.largest() == 0.5);
  OutputError none;
  none.add(Tensor::of<float>({1, 2}, {3, 4}), Tensor::of<float>({1, 2}, {3, 4}));
  CHECK(std::isinf(none.sqnr()));
  CHECK(none.cosine() == Approx(1));
  none.add(Tensor::of<float>({1, 2}, {3, 4}), Tensor::of<float>({1, 2}, {3, std::nanf("")}));
  CHECK(none.not_finite == 1);
}

}  // namespace
}  // namespace pare
