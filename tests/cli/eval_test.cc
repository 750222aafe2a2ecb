// `pare eval` gives the accuracies that ../shared/README.md tells of each model, measured there with ONNX Runtime.
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

struct Row {
  std::string model, data, preprocess, more;
  double expected;       // percent; by ONNX Runtime 1.32 on the same samples
  double tolerance = 0;  // points: JPEG decoders and resizers differ in last bits
};

const Row kRows[] = {
    {"cifar10-resnet20", "cifar10-test1000.npz", "cifar10.toml", "", 91.5},
    {"cifar10-resnet56", "cifar10-test1000.npz", "cifar10.toml", "", 92.6},
    {"tiny-resnet8", "cifar10-test1000.npz", "", "", 88.1},
    {"tiny-resnet8-qdq", "cifar10-test1000.npz", "", "", 87.7, 0.1},
    {"mnist-cnn", "mnist/t10k", "", "", 98.9, 0.05},
    {"mnist-cnn-integer", "mnist/t10k", "unit.toml", "", 98.9, 0.05},
    {"mnist-lstm", "mnist/t10k", "unit.toml", "", 98.5, 0.05},
    {"imagenet-squeezenet", "imagenet-500", "imagenet-squeezenet.toml", "", 60.4, 0.4},
    {"imagenet-mobilenetv2", "imagenet-500", "imagenet-mobilenetv2.toml", "", 85.8, 0.4},
    {"imagenet-mobilenetv1-050", "imagenet-500", "imagenet-mobilenetv1-050.toml", "", 65.6, 0.4},
    {"imagenet-efficientnet-lite0", "imagenet-500", "imagenet-efficientnet-lite0.toml", "", 87.0, 0.4},
    {"imagenet-efficientnet-lite0", "imagenet-500", "imagenet-efficientnet-lite0.toml", " --metric top5", 96.6, 0.4},
    {"minilm-sst2", "sst2-tokens.npz", "minilm-sst2.toml", " --output logits", 81.2, 0.05},
};

TEST_CASE("eval reproduces the accuracies of the shared models") {
  if (shared_folder().empty()) return;
  for (const Row& row : kRows) {
    const std::string preprocess = row.preprocess.empty() ? "" : " --preprocess tests/cli/preprocess/" + row.preprocess;
    const Outcome outcome = run_pare("eval --json " + shared_folder() + "/models/" + row.model + ".onnx --data " +
                                     shared_folder() + "/data/" + row.data + preprocess + row.more);
    INFO(row.model << row.more << ": " << outcome.err);
    CHECK(outcome.exit_code == 0);
    if (outcome.exit_code != 0) continue;
    CHECK(100 * nlohmann::json::parse(outcome.out)["value"].get<double>() ==
          Approx(row.expected).margin(row.tolerance + 1e-6));
  }
}

}  // namespace
}  // namespace pare
