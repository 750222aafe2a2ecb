// The shared models: simplified they give what they gave, pruned they give what they give masked.
#include <filesystem>

#include "compress/prune.h"
#include "compress/simplify.h"
#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "graph/error.h"
#include "tests/compress/support.h"
#include "tests/runtime/shared_models.h"

using namespace pare;
using namespace pare::test;

namespace {

struct Sample {
  Graph graph;
  std::vector<Tensor> inputs, outputs;
};

// False, with a warning, where the model is not there.
bool load(const std::string& name, Sample& sample) {
  std::filesystem::path model = shared_folder() / "models" / (name + ".onnx");
  std::filesystem::path expected = shared_folder() / "expected" / (name + ".npz");
  if (!std::filesystem::exists(model) || !std::filesystem::exists(expected)) {
    WARN("skipped: " << model.string() << " is missing");
    return false;
  }
  sample.graph = unwrap(read_onnx(model));
  std::vector<NamedTensor> arrays = unwrap(read_npz(expected.string()));
  auto find = [&](const std::string& array) {
    for (const NamedTensor& named : arrays) {
      if (named.name == array) return named.tensor;
    }
    throw Error(ErrorCode::input, "no array " + array);
  };
  for (ValueId id : sample.graph.inputs) sample.inputs.push_back(find("in:" + sample.graph.value(id).name));
  for (ValueId id : sample.graph.outputs) sample.outputs.push_back(find("out:" + sample.graph.value(id).name));
  return true;
}

std::vector<Tensor> fast_outputs(const Graph& graph, const std::vector<Tensor>& inputs) {
  auto executor = unwrap(Executor::create(std::make_shared<const Graph>(graph)));
  return unwrap(executor->run(inputs));
}

}  // namespace

TEST_CASE("simplified models give what they gave") {
  // Quantized values may fall on the other side of a rounding, which shows as whole steps.
  auto tolerance = [](const std::string& name) { return name.ends_with("-qdq") ? 0.1 : 1e-3; };
  for (const std::string& name : shared_models()) {
    Sample sample;
    if (!load(name, sample)) continue;
    INFO(name);
    std::vector<Tensor> before = fast_outputs(sample.graph, sample.inputs);
    Graph simple = sample.graph;
    SimplifyReport report = simplify(simple);
    CHECK(report.nodes_after <= report.nodes_before);
    for (size_t i = 0; i < simple.inputs.size(); ++i) {
      CHECK(simple.value(simple.inputs[i]).name == sample.graph.value(sample.graph.inputs[i]).name);
    }
    std::vector<Tensor> after = fast_outputs(simple, sample.inputs);
    REQUIRE(after.size() == sample.outputs.size());
    for (size_t i = 0; i < after.size(); ++i) {
      CHECK(simple.value(simple.outputs[i]).name == sample.graph.value(sample.graph.outputs[i]).name);
      CHECK(simple.value(simple.outputs[i]).type == sample.graph.value(sample.graph.outputs[i]).type);
      CHECK(relative_difference(after[i], sample.outputs[i]) < tolerance(name));
      CHECK(relative_difference(after[i], before[i]) < tolerance(name));
    }
    CHECK(simplify(simple).nodes_before == report.nodes_after);
  }
}

TEST_CASE("pruned models give what they give masked") {
  for (const char* name : {"cifar10-resnet20", "cifar10-resnet56", "tiny-resnet8", "tiny-kws", "tiny-vww", "tiny-ad",
                           "imagenet-squeezenet", "imagenet-mobilenetv2", "imagenet-mobilenetv1-050", "ultraface-slim",
                           "ppocr-det", "ppocr-cls", "mnist-cnn"}) {
    Sample sample;
    if (!load(name, sample)) continue;
    INFO(name);
    prepare_for_pruning(sample.graph);
    ChannelSelection selection = select_channels(sample.graph, {.keep_macs = 0.7});
    CHECK(selection.bound_met);
    REQUIRE(selection.removed.size() > 0);
    Graph removed = sample.graph, masked = sample.graph;
    remove_channels(removed, selection);
    mask_channels(masked, selection);
    std::vector<Tensor> small = fast_outputs(removed, sample.inputs), dense = fast_outputs(masked, sample.inputs);
    std::vector<Tensor> original = fast_outputs(sample.graph, sample.inputs);
    for (size_t i = 0; i < small.size(); ++i) {
      CHECK(relative_difference(small[i], dense[i]) < 1e-4);
      CHECK(relative_difference(small[i], original[i]) > 1e-4);  // something really went
    }
  }
}
