// The gate on a real model, whole and damaged: exit codes, the layer view, reports and baselines.
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "formats/onnx/onnx.h"
#include "graph/error.h"
#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

using Json = nlohmann::json;

const std::string kModel = "examples/fashion/fashion.onnx";
const std::string kData =
    " --data /usr/share/datasets/fashion-mnist/t10k --preprocess examples/fashion/preprocess.toml --limit 2000 "
    "--no-latency ";

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The model with the weights of its third convolution scaled by 3; the value that it computes goes to `value`.
std::string damaged(std::string& value) {
  Graph graph = unwrap(read_onnx(kModel));
  int convolutions = 0;
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!as<Conv>(node.op) || ++convolutions != 3) continue;
    Tensor weight = *graph.value(node.inputs[1]).constant;
    for (float& w : weight.mutable_data<float>()) w *= 3;
    graph.set_constant(node.inputs[1], weight);
    value = graph.value(node.outputs[0]).name;
  }
  REQUIRE_FALSE(value.empty());
  const std::string path = in_scratch("damaged.onnx");
  unwrap(write_onnx(graph, path));
  return path;
}

TEST_CASE("an identical model passes with drop 0 and interval 0, at any confidence") {
  const Outcome outcome =
      run_pare("verify --json " + kModel + ' ' + kModel + kData + "--max-drop 0.4 --confidence 0.95");
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const Json json = Json::parse(outcome.out);
  CHECK(json["verdict"] == "pass");
  CHECK(json["drop"] == 0.0);
  CHECK(json["drop_low"] == 0.0);
  CHECK(json["drop_high"] == 0.0);
  CHECK(json["sqnr_db"].is_null());
}

TEST_CASE("a damaged model fails, and the layer view names the layer first") {
  std::string value;
  const std::string model = damaged(value);
  const std::string junit = in_scratch("gate.xml"), sarif = in_scratch("gate.sarif"), markdown = in_scratch("gate.md");
  const Outcome outcome = run_pare("verify --json " + kModel + ' ' + model + kData + "--max-drop 1 --layers --junit " +
                                   junit + " --sarif " + sarif + " --markdown " + markdown);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 1);
  CHECK(outcome.err.find("max-drop does not hold") != std::string::npos);
  const Json json = Json::parse(outcome.out);
  CHECK(json["verdict"] == "fail");
  REQUIRE(!json["layers"].empty());
  CHECK(json["layers"][0]["value"] == value);
  // Three times the signal is two signals of noise: 10 log10(1 / 4) dB.
  CHECK(json["layers"][0]["local_sqnr_db"].get<double>() == Approx(-6.02).margin(0.3));
  CHECK(json["first_break"].get<std::string>().find('\'' + value + '\'') != std::string::npos);
  CHECK(slurp(junit).find("<failure type=\"broken\" message=\"max-drop does not hold") != std::string::npos);
  CHECK(Json::parse(slurp(sarif))["runs"][0]["results"][0]["ruleId"] == "max-drop");
  CHECK(slurp(markdown).find("| max-drop | 1 |") != std::string::npos);
}

TEST_CASE("a baseline stands for the reference, and other data are refused") {
  std::string value;
  const std::string model = damaged(value), baseline = in_scratch("fashion.baseline");
  const Outcome saved =
      run_pare("verify " + kModel + ' ' + kModel + kData + "--report-only --save-baseline " + baseline);
  INFO(saved.err);
  REQUIRE(saved.exit_code == 0);
  CHECK(run_pare("verify " + kModel + " --baseline " + baseline + kData + "--max-drop 1").exit_code == 0);
  const Outcome failed = run_pare("verify --json " + model + " --baseline " + baseline + kData + "--max-drop 1");
  CHECK(failed.exit_code == 1);
  CHECK(Json::parse(failed.out)["lost"].get<int>() > 0);
  const Outcome other =
      run_pare("verify " + kModel + " --baseline " + baseline +
               " --data /usr/share/datasets/fashion-mnist/t10k --limit 2000 --no-latency --max-drop 1");
  CHECK(other.exit_code == 3);
  CHECK(other.err.find("is not what the baseline was saved with") != std::string::npos);
  CHECK(run_pare("verify " + kModel + " --baseline " + baseline + kData + "--min-sqnr 10").exit_code == 2);
}

TEST_CASE("the example of a CI job lets a whole model through and stops a damaged one") {
  std::string value;
  const std::string model = damaged(value), reports = in_scratch("reports");
  const auto job = [&](const std::string& candidate) {
    const std::string command =
        std::string("PARE=") + PARE_BINARY + " examples/ci/gate.sh " + candidate + ' ' + reports + " 2>/dev/null";
    return WEXITSTATUS(std::system(command.c_str()));
  };
  CHECK(job(kModel) == 0);
  CHECK(slurp(reports + "/gate.md").find("## pare verify: pass") == 0);
  CHECK(job(model) == 1);
  CHECK(slurp(reports + "/gate.xml").find("<failure") != std::string::npos);
}

TEST_CASE("eval counts by class") {
  const Outcome outcome = run_pare(
      "eval --json --per-class " + kModel +
      " --data /usr/share/datasets/fashion-mnist/t10k --preprocess examples/fashion/preprocess.toml --limit 500");
  REQUIRE(outcome.exit_code == 0);
  const Json json = Json::parse(outcome.out);
  REQUIRE(json["classes"].size() == 10);
  int64_t samples = 0, right = 0;
  for (size_t c = 0; c < 10; ++c) {
    samples += json["classes"][c]["samples"].get<int64_t>();
    right += json["confusion"][c][c].get<int64_t>();
  }
  CHECK(samples == 500);
  CHECK(static_cast<double>(right) / 500 == Approx(json["value"].get<double>()));
}

TEST_CASE("memory: by the plan, and the measured peak of a process") {
  const std::string both = "verify --json " + kModel + ' ' + kModel + kData;
  const Outcome plan = run_pare(both + "--max-memory 1000");
  CHECK(plan.exit_code == 1);
  CHECK_FALSE(Json::parse(plan.out)["candidate"].contains("peak_bytes"));
  const Outcome measured = run_pare(both + "--max-peak-memory 1000000000");
  INFO(measured.err);
  REQUIRE(measured.exit_code == 0);
  const Json side = Json::parse(measured.out)["candidate"];
  // A process holds the program beside weights and intermediates.
  CHECK(side["peak_bytes"].get<int64_t>() > side["memory_bytes"].get<int64_t>());
  CHECK(run_pare(both + "--max-peak-memory " + std::to_string(side["memory_bytes"].get<int64_t>())).exit_code == 1);
}

TEST_CASE("random inputs prove nothing, and no bound is refused") {
  const Outcome random =
      run_pare("verify --json " + kModel + ' ' + kModel + " --random-inputs 4 --no-latency --max-drop 1");
  CHECK(random.exit_code == 1);
  CHECK(Json::parse(random.out)["verdict"] == "unproven");
  CHECK(random.err.find("no evidence of accuracy") != std::string::npos);
  CHECK(run_pare("verify " + kModel + ' ' + kModel + kData).exit_code == 2);
  CHECK(run_pare("verify " + kModel + ' ' + kModel + kData + "--report-only").exit_code == 0);
  const Outcome metric = run_pare("verify " + kModel + ' ' + kModel + kData + "--max-drop 1 --metric top2");
  CHECK(metric.exit_code == 2);
  CHECK(metric.err.find("did you mean 'top1'") != std::string::npos);
}

}  // namespace
}  // namespace pare
