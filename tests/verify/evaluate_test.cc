#include "verify/evaluate.h"

#include <cmath>
#include <limits>

#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "tests/verify/samples.h"
#include "verify/compare.h"
#include "verify/random_dataset.h"

namespace pare {
namespace {

std::shared_ptr<Graph> identity(const std::string& dims = "N,2") {
  return std::make_shared<Graph>(
      unwrap(parse("graph \"g\" {\n input x: float32[" + dims + "]\n y = Identity(x)\n output y\n}\n")));
}

std::shared_ptr<Graph> swapped() {
  return std::make_shared<Graph>(unwrap(parse("graph \"g\" {\n input x: float32[N,2]\n y = Neg(x)\n output y\n}\n")));
}

TEST_CASE("top1 counts the samples whose largest score is at the label") {
  const Samples data({1, 0, 0, 1, 0, 1, 0, 1});
  const Evaluation result = evaluate(*identity(), data);
  CHECK(result.samples == 4);
  CHECK(result.value == 0.75);
  CHECK(result.detail->correct() == std::vector<uint8_t>{1, 1, 0, 1});
}

TEST_CASE("a model that fixes its batch is fed that many samples, the last batch filled up") {
  const Samples data({1, 0, 0, 1, 0, 1, 0, 1});
  const Evaluation result = evaluate(*identity("3,2"), data);
  CHECK(result.detail->correct() == std::vector<uint8_t>{1, 1, 0, 1});
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
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, &data, bounds, options).verdict == Verdict::fail);
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
  CHECK(same.verdict == Verdict::pass);
  CHECK(*same.paired.drop == 0);
  CHECK(same.paired.drop_interval.low == 0);
  CHECK(same.paired.drop_interval.high == 0);
  CHECK(*same.paired.agreement == 100);
  CHECK(same.ratio == 2);
  const Comparison worse = compare({"a", identity(), 10}, {"b", swapped(), 10}, &data, bounds, options);
  CHECK(worse.verdict == Verdict::fail);
  CHECK(*worse.paired.drop == 100);
  CHECK(*worse.paired.agreement == 0);
  REQUIRE(broken_bounds(worse).size() == 1);
  CHECK(broken_bounds(worse)[0].find("max-drop does not hold: 100.00") == 0);
}

TEST_CASE("a bound on bytes needs no data; no bound at all is refused") {
  CompareOptions options;
  options.latency = false;
  Bounds bounds;
  bounds.max_bytes = 9;
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options).verdict == Verdict::fail);
  bounds.max_bytes = 10;
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options).verdict == Verdict::pass);
  CHECK_THROWS_AS(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, Bounds{}, options), Error);
  bounds.max_drop = 1;
  CHECK_THROWS_AS(compare({"a", identity(), 10}, {"b", identity(), 10}, nullptr, bounds, options), Error);
}

TEST_CASE("with a confidence, too few samples are unproven, not passed") {
  // Two models that differ in what they compute but not in a single answer.
  const auto scaled = std::make_shared<Graph>(unwrap(
      parse("graph \"g\" {\n input x: float32[N,2]\n const k: float32[] = {2}\n y = Mul(x, k)\n output y\n}\n")));
  std::vector<float> scores;
  for (int i = 0; i < 100; ++i) scores.insert(scores.end(), {1, 0});
  Samples data(scores);
  data.labels_.assign(100, 0);
  Bounds bounds;
  bounds.max_drop = 0.4;
  CompareOptions options;
  options.latency = false;
  CHECK(compare({"a", identity(), 10}, {"b", scaled, 10}, &data, bounds, options).verdict == Verdict::pass);
  options.confidence = 0.95;
  const Comparison few = compare({"a", identity(), 10}, {"b", scaled, 10}, &data, bounds, options);
  CHECK(few.verdict == Verdict::unproven);
  // Without a difference the upper end is z^2 / (n + z^2) with z = 1.6448536: 0.4 % at n = 673.7.
  REQUIRE(few.bounds[0].samples_needed.has_value());
  CHECK(*few.bounds[0].samples_needed >= 674);
  CHECK(*few.bounds[0].samples_needed <= 680);
  REQUIRE(broken_bounds(few).size() == 1);
  CHECK(broken_bounds(few)[0].find("max-drop is unproven") == 0);
  bounds.max_drop = 3;
  CHECK(compare({"a", identity(), 10}, {"b", scaled, 10}, &data, bounds, options).verdict == Verdict::pass);
  // The same graph is the same on every sample that there will ever be.
  bounds.max_drop = 0.4;
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, &data, bounds, options).verdict == Verdict::pass);
}

TEST_CASE("random inputs satisfy no bound on accuracy, and may satisfy others") {
  const auto data = random_dataset(*identity(), 16, 1);
  CompareOptions options;
  options.latency = false;
  options.random_inputs = true;
  Bounds bounds;
  bounds.min_sqnr = -1000;
  const Comparison compared = compare({"a", identity(), 10}, {"b", identity(), 10}, data.get(), bounds, options);
  CHECK(compared.verdict == Verdict::unproven);
  REQUIRE(broken_bounds(compared).size() == 1);
  CHECK(broken_bounds(compared)[0].find("no evidence of accuracy") != std::string::npos);
  bounds = {};
  bounds.max_bytes = 10;
  CHECK(compare({"a", identity(), 10}, {"b", identity(), 10}, data.get(), bounds, options).verdict == Verdict::pass);
}

}  // namespace
}  // namespace pare
