// Training's view of real models: forward against ONNX Runtime's outputs, and a step of descent.
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "distill/program.h"
#include "distill/train.h"
#include "formats/data/dataset.h"
#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "tests/catch.h"

using namespace pare;

namespace {

std::string shared(const std::string& path) {
  const char* root = std::getenv("PARE_SHARED");
  return std::string(root ? root : "../shared") + "/" + path;
}

bool missing(const std::string& path) {
  if (std::filesystem::exists(path)) return false;
  WARN("skipped: " << path << " is missing");
  return true;
}

}  // namespace

TEST_CASE("real models compute what ONNX Runtime computes") {
  for (const std::string model :
       {"cifar10-resnet20", "cifar10-resnet56", "tiny-resnet8", "tiny-kws", "tiny-vww", "tiny-ad", "imagenet-squeezenet",
        "imagenet-mobilenetv2", "imagenet-mobilenetv1-050", "imagenet-efficientnet-lite0", "mnist-cnn", "ultraface-slim",
        "ppocr-det", "ppocr-cls", "super-resolution", "tiny-resnet8-qdq"}) {
    INFO(model);
    const std::string path = shared("models/" + model + ".onnx"), expected = shared("expected/" + model + ".npz");
    if (missing(path) || missing(expected)) continue;
    const Graph graph = unwrap(read_onnx(path));
    const NpzFile npz = unwrap(NpzFile::open(expected));
    const at::NoGradGuard no_gradients;
    Program program(graph, {.trainable = false});
    std::vector<at::Tensor> inputs;
    for (ValueId id : graph.inputs) inputs.push_back(program.input(unwrap(npz.read("in:" + graph.value(id).name))));
    const auto outputs = program.forward(inputs, graph.outputs, {});
    for (size_t i = 0; i < outputs.size(); ++i) {
      const at::Tensor right = unwrap(to_torch(unwrap(npz.read("out:" + graph.value(graph.outputs[i]).name)), at::kFloat));
      REQUIRE(outputs[i].sizes() == right.sizes());
      const double largest = right.abs().max().item<double>();
      // A quantized value may round the other way: two steps of the output.
      const double bound = model == "tiny-resnet8-qdq" ? 0.05 : 1e-4;
      CHECK((outputs[i] - right).abs().max().item<double>() <= bound * largest);
    }
  }
}

TEST_CASE("one epoch of a real quantized model changes its weights and keeps its accuracy") {
  const std::string path = shared("models/tiny-resnet8-qdq.onnx"), samples = shared("data/cifar10-train4000.npz");
  if (missing(path) || missing(samples)) return;
  Graph graph = unwrap(read_onnx(path));
  const Graph before = graph;
  DatasetOptions options;
  for (ValueId id : graph.inputs) options.inputs.push_back({graph.value(id).name, graph.value(id).type});
  const auto dataset = unwrap(open_dataset(samples, options));
  TrainingData data{.samples = 512, .labelled = true, .fetch = [&](std::span<const int64_t> indices) -> Result<TrainingBatch> {
                      PARE_ASSIGN(Batch batch, dataset->read(indices));
                      TrainingBatch out{{batch.inputs[0].tensor}, batch.labels.ints()};
                      return out;
                    }};
  TrainOptions train_options;
  train_options.epochs = 1;
  train_options.learning_rate = 1e-4;
  train_options.learn_scales = false;
  train_options.clip_norm = 1;
  train_options.threads = 1;
  const TrainResult result = train(graph, nullptr, data, train_options);
  CHECK(result.steps == 4);
  CHECK(result.accuracy[0] > 0.8);  // 87.7 % on pictures it has not seen
  CHECK_FALSE(equal(graph, before));
  for (ValueId id : graph.values()) {
    const auto &now = graph.value(id).constant, &old = before.value(id).constant;
    if (now) CHECK(now->type() == old->type());
  }
}
