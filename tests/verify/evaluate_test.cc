#include "verify/evaluate.h"

#include <cmath>
#include <limits>

#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "verify/compare.h"

namespace pare {
namespace {

// Four samples of two scores each; the labels are 0 1 0 1.
class Samples : public Dataset {
 public:
  explicit Samples(std::vector<float> scores) : scores_(std::move(scores)), inputs_{{"x", {DType::float32, Shape{Dim("N"), Dim(2)}}}} {}

  int64_t size() const override { return static_cast<int64_t>(scores_.size()) / 2; }
  const std::vector<InputType>& inputs() const override { return inputs_; }
  bool has_labels() const override { return !labels_.empty(); }
  const std::vector<int64_t>& labels() const override { return labels_; }
  Result<Batch> read(std::span<const int64_t> indices) const override {
    Batch batch;
    batch.count = static_cast<int64_t>(indices.size());
    Tensor x(DType::float32, {batch.count, 2});
    for (size_t i = 0; i < indices.size(); ++i) {
      for (size_t j = 0; j < 2; ++j) x.mutable_data<float>()[2 * i + j] = scores_[2 * static_cast<size_t>(indices[i]) + j];
    }
    batch.inputs.push_back({"x", x});
    return batch;
  }

  std::vector<int64_t> labels_{0, 1, 0, 1};

 private:
  std::vector<float> scores_;
  std::vector<InputType> inputs_;
};

std::shared_ptr<Graph> identity(const std::string& dims = "N,2") {
  return std::make_shared<Graph>(unwrap(parse("graph \"g\" {\n input x: float32[" + dims + "]\n y = Identity(x)\n output y\n}\n")));
}

std::shared_ptr<Graph> swapped() {
  return std::make_shared<Graph>(unwrap(parse("graph \"g\" {\n input x: float32[N,2]\n y = Neg(x)\n output y\n}\n")));
}

TEST_CASE("the Wilson interval is that of R's prop.test without continuity correction") {
  // prop.test(90, 100, correct = FALSE)$conf.int: 0.8256343 0.9447708; (0, 20): 0 0.1611252
  CHECK(wilson(90, 100).low == Approx(0.8256343).margin(1e-6));
  CHECK(wilson(90, 100).high == Approx(0.9447708).margin(1e-6));
  CHECK(wilson(0, 20).low == Approx(0.0).margin(1e-12));
  CHECK(wilson(0, 20).high == Approx(0.1611252).margin(1e-6));
}

TEST_CASE("top1 counts the samples whose largest score is at the label") {
  const Samples data({1, 0, 0, 1, 0, 1, 0, 1});
  const Evaluation result = evaluate(*identity(), data);
  CHECK(result.samples == 4);
  CHECK(result.value == 0.75);
  CHECK(result.correct == std::vector<uint8_t>{1, 1, 0, 1});
}

TEST_CASE("a model that fixes its batch is fed that many samples, the last batch filled up") {
  const Samples data({1, 0, 0, 1, 0, 1, 0, 1});
  const Evaluation result = evaluate(*identity("3,2"), data);
  CHECK(result.correct == std::vector<uint8_t>{1, 1, 0, 1});
}

TEST_CASE("NaN scores count as wrong and fail every gate") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Samples data({1, 0, 0, nan, 1, 0, 0, 1});
  const Evaluation result = evaluate(*identity(), data);
  CHECK(result.not_finite == 1);
  CHECK(result.value == 0.75);
  Bounds bounds;
  bounds.max_drop = 100;
  CompareOptions options;
  options.latency = false;
  CHECK_FALSE(compare({"a", identity(), 10}, {"b", identity(), 10}, &data, bounds, options).pass);
}

TEST_CASE("labels outside the classes are an input error that names the sample") {
  Samples data({1, 0, 0, 1, 1, 0, 0, 1});
  data.labels_[2] = 7;
  try {
    evaluate(*identity(), data);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::input);
    CHECK(std::string(error.what()).find("label 7 of sample 2") != std::string::npos);
  }
}

TEST_CASE("the gate passes an identical model and fails a damaged one") {
  const Samples data({1, 0, 0, 1, 1, 0, 0, 1});
  Bounds bounds;
  bounds.max_drop = 1;
  CompareOptions options;
  options.latency = false;
  const Comparison same = compare({"a", identity(), 10}, {"b", identity(), 5}, &data, bounds, options);
  CHECK(same.pass);
  CHECK(*same.drop == 0);
  CHECK(*same.agreement == 100);
  CHECK(same.ratio == 2);
  const Comparison worse = compare({"a", identity(), 10}, {"b", swapped(), 10}, &data, bounds, options);
  CHECK_FALSE(worse.pass);
  CHECK(*worse.drop == 100);
  CHECK(*worse.agreement == 0);
  REQUIRE(broken_bounds(worse).size() == 1);
  CHECK(broken_bounds(worse)[0].find("max-drop does not hold: 100.00") == 0);
}

TEST_CASE("a bound on bytes needs no data; no bound at all is refused") {
  CompareOptions options;
  options.latency = false;
  Bounds bounds;
  bounds.max_bytes = 9;
  CHECK_FALSE(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options).pass);
  bounds.max_bytes = 10;
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options).pass);
  CHECK_THROWS_AS(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, Bounds{}, options), Error);
  bounds.max_drop = 1;
  CHECK_THROWS_AS(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options), Error);
}

}  // namespace
}  // namespace pare
