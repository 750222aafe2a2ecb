// Every shared model from ONNX to .pare and back to ONNX: the graph stays as it was, and what it computes is what ONNX
// Runtime makes of the first file.
#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "runtime/executor.h"
#include "tests/formats/support.h"
#include "tests/runtime/expected.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

Graph unwrapped(Result<Graph> graph) {
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

void check_outputs(const Graph& graph, const fs::path& arrays) {
  const test::Expected expected = test::expected_of(graph, arrays);
  auto executor = Executor::create(std::make_shared<const Graph>(graph));
  if (!executor && executor.failure().code == ErrorCode::unsupported) {
    WARN("not run: " << executor.failure().message);
    return;
  }
  if (!executor) FAIL(executor.failure().message);
  const auto outputs = (*executor)->run(expected.inputs);
  if (!outputs && outputs.failure().code == ErrorCode::unsupported) {
    WARN("not run: " << outputs.failure().message);
    return;
  }
  if (!outputs) FAIL(outputs.failure().message);
  for (size_t i = 0; i < outputs->size(); ++i) {
    REQUIRE((*outputs)[i].type() == expected.outputs[i].type());
    CHECK(test::relative_difference((*outputs)[i], expected.outputs[i]) <
          test::tolerance(graph, graph.outputs[i], expected.outputs[i]));
  }
}

}  // namespace

TEST_CASE("shared models go to .pare and back, and compute what they did") {
  const std::string folder = testing::shared_path("models");
  if (folder.empty()) {
    WARN("skipped: the shared models are missing");
    return;
  }
  const testing::ScratchFolder scratch;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    const std::string name = entry.path().stem().string();
    INFO(name);
    const Graph first = unwrapped(read_onnx(entry.path()));
    REQUIRE(write_pare(first, scratch / "m.pare", {.compression = PareCompression::none}).ok());
    const Graph between = unwrapped(read_pare(scratch / "m.pare"));
    CHECK(equal(first, between));
    REQUIRE(write_onnx(between, scratch / "m.onnx").ok());
    const Graph last = unwrapped(read_onnx(scratch / "m.onnx"));
    CHECK(equal(first, last));
    check_outputs(last, testing::shared_path("expected/" + name + ".npz"));
  }
}

}  // namespace pare
