// `pare eval` gives the accuracies that ../shared/README.md tells of each model, measured there with ONNX Runtime.
#include <filesystem>
#include <fstream>
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
    // The first 100 clips are for calibration; on the 400 others ONNX Runtime has 355 right.
    {"tiny-kws", "kws-500.npz", "", " --skip 100", 88.75},
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

double value_of(const std::string& arguments) {
  const Outcome outcome = run_pare("eval --json " + arguments);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return nlohmann::json::parse(outcome.out)["value"].get<double>();
}

TEST_CASE("eval decodes words to phonemes with an encoder and a decoder") {
  if (shared_folder().empty()) return;
  const std::string pair = shared_folder() + "/models/g2p-encoder.onnx --decoder " + shared_folder() +
                           "/models/g2p-decoder.onnx --data " + shared_folder() +
                           "/data/g2p/cmudict_2000.tsv --preprocess tests/cli/preprocess/g2p.toml";
  // By ONNX Runtime 1.32 in a loop of Python, at most 20 steps: 1363 of 2000 words, 1274 edits to 12747 phonemes.
  CHECK(value_of(pair) == Approx(1363.0 / 2000));
  CHECK(value_of(pair + " --metric edit_distance") == Approx(1274.0 / 12747));
}

TEST_CASE("eval measures a language model in bits per token") {
  if (shared_folder().empty()) return;
  const std::string model = shared_folder() + "/models/stories260k.onnx";
  // The log-softmax, in float64, of the logits that ONNX Runtime gave for two story openings of 27 tokens.
  const std::string recorded = model + " --data " + shared_folder() + "/expected/stories260k.npz";
  CHECK(value_of(recorded + " --metric bits_per_token") == Approx(1.573131).epsilon(1e-5));
  CHECK(value_of(recorded + " --metric perplexity") == Approx(2.975498).epsilon(1e-5));
  // 500 lines of Shakespeare by a tokenizer of its own in Python, quadratic as that of llama2.c, and ONNX Runtime.
  const std::string toml = in_scratch("stories.toml");
  std::ofstream(toml) << "[text]\ntokens = \"bpe\"\nbegin = 1\nvocabulary = \""
                      << std::filesystem::absolute(shared_folder()).string() << "/models/stories260k.tok512.bin\"\n";
  CHECK(value_of(model + " --data " + shared_folder() + "/data/text/tinyshakespeare.txt --limit 500 --preprocess " +
                 toml + " --metric bits_per_token") == Approx(7.0526866).epsilon(1e-6));
}

TEST_CASE("eval takes ONNX test data, the recorded outputs as targets") {
  const std::string sigmoid = "/usr/share/libonnx-testdata/data/node/test_sigmoid";
  if (!std::filesystem::exists(sigmoid)) return;
  CHECK(value_of(sigmoid + "/model.onnx --metric mse --data " + sigmoid) < 1e-12);
  CHECK(value_of(sigmoid + "/model.onnx --metric snr --data " + sigmoid + "/test_data_set_0") > 120);
  const Outcome classes = run_pare("eval " + sigmoid + "/model.onnx --data " + sigmoid);
  CHECK(classes.exit_code == 3);
  CHECK(classes.err.find("metric top1 needs one class per sample") != std::string::npos);
}

}  // namespace
}  // namespace pare
