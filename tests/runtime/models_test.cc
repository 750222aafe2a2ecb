// The shared models against what ONNX Runtime makes of them (float: within 1e-4 of the tensor's largest magnitude).
#include "formats/onnx/onnx.h"
#include "runtime/executor.h"
#include "tests/runtime/expected.h"
#include "tests/runtime/shared_models.h"

namespace pare {
namespace {

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
  const test::Expected expected = test::expected_of(*shared, folder / "expected" / (name + ".npz"));
  auto executor = Executor::create(shared, options);
  if (!executor) FAIL(executor.failure().message);
  // Twice: the second run meets an arena that is not zero.
  for (int repeat = 0; repeat < (options.reference ? 1 : 2); ++repeat) {
    const auto outputs = (*executor)->run(expected.inputs);
    if (!outputs) FAIL(outputs.failure().message);
    REQUIRE(outputs->size() == expected.outputs.size());
    for (size_t i = 0; i < outputs->size(); ++i) {
      REQUIRE((*outputs)[i].type() == expected.outputs[i].type());
      CHECK(test::relative_difference((*outputs)[i], expected.outputs[i]) <
            test::tolerance(*shared, shared->outputs[i], expected.outputs[i]));
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
