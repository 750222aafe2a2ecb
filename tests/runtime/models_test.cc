// The shared models against what ONNX Runtime makes of them (float: within 1e-4 of the tensor's largest magnitude).
#include <cmath>
#include <map>

#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "runtime/executor.h"
#include "tests/catch.h"
#include "tests/runtime/shared_models.h"

namespace pare {
namespace {

struct Expected {
  std::vector<Tensor> inputs, outputs;
};

Expected expected_of(const Graph& graph, const std::filesystem::path& path) {
  auto arrays = read_npz(path);
  REQUIRE(arrays.ok());
  std::map<std::string, Tensor> by_name;
  for (NamedTensor& array : *arrays) by_name[array.name] = array.tensor;
  Expected expected;
  for (const ValueId id : graph.inputs) expected.inputs.push_back(by_name.at("in:" + graph.value(id).name));
  for (const ValueId id : graph.outputs) expected.outputs.push_back(by_name.at("out:" + graph.value(id).name));
  return expected;
}

// What an output may be off by, relative to the largest magnitude expected: two steps of its scale where the model
// quantizes it, else 1e-4.
double tolerance(const Graph& graph, ValueId output, const Tensor& expected) {
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) largest = std::max(largest, std::fabs(expected.as_double(i)));
  for (NodeId id = graph.value(output).producer; id != NodeId::none;) {
    const Node& node = graph.node(id);
    if (as<DequantizeLinear>(node.op)) return 2.01 * graph.value(node.inputs[1]).constant->as_double(0) / largest;
    id = as<Unary>(node.op, Unary::Kind::Identity) ? graph.value(node.inputs[0]).producer : NodeId::none;
  }
  return 1e-4;
}

// Largest difference, relative to the largest magnitude expected.
double relative_difference(const Tensor& actual, const Tensor& expected) {
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(actual.as_double(i) - expected.as_double(i));
    worst = difference > worst || std::isnan(difference) ? difference : worst;
    largest = std::max(largest, std::fabs(expected.as_double(i)));
  }
  return worst / largest;
}

void check_model(const std::string& name, const ExecutorOptions& options) {
  const auto folder = test::shared_folder();
  const auto model = folder / "models" / (name + ".onnx");
  if (!std::filesystem::exists(model)) {
    WARN("skipped: " << model << " is missing");
    return;
  }
  auto graph = read_onnx(model);
  if (!graph) FAIL(graph.failure().message);
  const auto shared = std::make_shared<const Graph>(*std::move(graph));
  const Expected expected = expected_of(*shared, folder / "expected" / (name + ".npz"));
  auto executor = Executor::create(shared, options);
  if (!executor) FAIL(executor.failure().message);
  // Twice: the second run meets an arena that is not zero.
  for (int repeat = 0; repeat < (options.reference ? 1 : 2); ++repeat) {
    const auto outputs = (*executor)->run(expected.inputs);
    if (!outputs) FAIL(outputs.failure().message);
    REQUIRE(outputs->size() == expected.outputs.size());
    for (size_t i = 0; i < outputs->size(); ++i) {
      REQUIRE((*outputs)[i].type() == expected.outputs[i].type());
      CHECK(relative_difference((*outputs)[i], expected.outputs[i]) <
            tolerance(*shared, shared->outputs[i], expected.outputs[i]));
    }
  }
}

}  // namespace

TEST_CASE("The shared models give what ONNX Runtime gives", "[shared]") {
  for (const std::string& name : test::shared_models()) {
    SECTION(name) {
      SECTION("planned") { check_model(name, {}); }
      SECTION("planned, three threads, plain instructions") { check_model(name, {.threads = 3, .isa = Isa::plain}); }
    }
  }
}

TEST_CASE("The plain kernels give what ONNX Runtime gives", "[shared]") {
  for (const std::string name :
       {"cifar10-resnet20", "tiny-resnet8-qdq", "tiny-kws", "tiny-ad", "mnist-cnn", "mnist-cnn-integer"})
    SECTION(name) { check_model(name, {.reference = true}); }
}

}  // namespace pare
