// The main job on the shared models and data, by the real binary. Bounds are those that the project promises; calibration
// and pruning see training data only.
#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "formats/data/npz.h"
#include "graph/error.h"
#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

using Json = nlohmann::json;

std::string cifar_preprocess() {
  const std::string path = in_scratch("cifar.toml");
  std::ofstream(path) << "scale = 0.00392156862745098\nmean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n";
  return path;
}

struct Job {
  std::string model, train, test, preprocess;
  double ratio;  // largest int8 ONNX file as a part of the float one
};

Json compress(const Job& job, const std::string& out) {
  const std::string preprocess =
      job.preprocess.empty() ? "" : " --preprocess " + job.preprocess;  // of both data sets
  const Outcome outcome = run_pare("compress --json " + shared_folder() + "/models/" + job.model + ".onnx -o " + out + " --data " +
                                   job.train + " --verify-data " + job.test + preprocess + " --max-drop 1 --max-ratio " +
                                   std::to_string(job.ratio));
  INFO(job.model << ": " << outcome.err);
  CHECK(outcome.exit_code == 0);
  return Json::parse(outcome.out);
}

TEST_CASE("int8 keeps CIFAR-10 and keyword models within a point, in a third of the bytes") {
  const std::string shared = shared_folder();
  if (shared.empty()) return;
  const std::string train = shared + "/data/cifar10-train4000.npz", test = shared + "/data/cifar10-test1000.npz";
  for (const Job& job : {Job{"cifar10-resnet20", train, test, cifar_preprocess(), 0.32},
                         Job{"cifar10-resnet56", train, test, cifar_preprocess(), 0.31},
                         Job{"tiny-resnet8", train, test, "", 0.31}}) {
    const Json json = compress(job, in_scratch(job.model + ".onnx"));
    CHECK(json["verify"]["agreement"].get<double>() > 95);
  }

  const auto arrays = unwrap(read_npz(shared + "/data/kws-500.npz"));
  const auto part = [&](const std::string& path, int64_t first, int64_t count) {
    std::vector<NamedTensor> rows;
    for (const NamedTensor& array : arrays) {
      Dims dims = array.tensor.dims();
      const size_t row = array.tensor.byte_size() / static_cast<size_t>(dims[0]);
      dims[0] = count;
      Tensor tensor(array.tensor.dtype(), dims);
      std::copy_n(array.tensor.bytes().begin() + static_cast<std::ptrdiff_t>(row * static_cast<size_t>(first)),
                  row * static_cast<size_t>(count), tensor.mutable_bytes().begin());
      rows.push_back({array.name, tensor});
    }
    unwrap(write_npz(path, rows));
    return path;
  };
  compress({"tiny-kws", part(in_scratch("kws-train.npz"), 0, 100), part(in_scratch("kws-test.npz"), 100, 400), "", 0.48},
           in_scratch("tiny-kws.onnx"));
}

TEST_CASE("ResNet-56 at half its multiply-accumulates keeps 78 % without training") {
  const std::string shared = shared_folder();
  if (shared.empty()) return;
  const std::string half = in_scratch("half.onnx");
  const Outcome pruned = run_pare("prune --json " + shared + "/models/cifar10-resnet56.onnx -o " + half +
                                  " --method channels --max-macs 50% --data " + shared + "/data/cifar10-train4000.npz --preprocess " +
                                  cifar_preprocess());
  INFO(pruned.err);
  REQUIRE(pruned.exit_code == 0);
  const Json json = Json::parse(pruned.out);
  CHECK(json["macs_after"].get<double>() <= 0.5 * json["macs_before"].get<double>());
  const Outcome judged = run_pare("eval --json " + half + " --data " + shared + "/data/cifar10-test1000.npz --preprocess " + cifar_preprocess());
  REQUIRE(judged.exit_code == 0);
  CHECK(Json::parse(judged.out)["value"].get<double>() >= 0.78);
}

TEST_CASE("a bound that cannot hold is exit code 1 with a sentence") {
  const std::string shared = shared_folder();
  if (shared.empty()) return;
  const Outcome outcome = run_pare("verify " + shared + "/models/cifar10-resnet20.onnx " + shared + "/models/cifar10-resnet20.onnx --data " +
                                   shared + "/data/cifar10-test1000.npz --preprocess " + cifar_preprocess() + " --min-metric 99 --no-latency");
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.find("min-metric does not hold: 91.50 where at least 99.00 is allowed") != std::string::npos);
}

}  // namespace
}  // namespace pare
