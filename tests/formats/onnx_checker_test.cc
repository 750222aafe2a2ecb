// What write_onnx() writes passes the official checker: every shared model, and every backend test model that reads.
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "formats/onnx/onnx.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

using namespace pare;
namespace fs = std::filesystem;

namespace {

constexpr int64_t kNewestOpsetOfChecker = 17;  // of ONNX 1.12, Debian 12

// Empty, or what the checker says.
std::string check(const std::string& path) {
  try {
    onnx::checker::check_model(path);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

int64_t opset_of(const std::string& path) {
  onnx::ModelProto model;
  if (!model.ParseFromString(testing::read_bytes(path)) || model.opset_import_size() == 0) return 0;
  return model.opset_import(0).version();
}

std::vector<fs::path> models_below(const fs::path& root) {
  std::vector<fs::path> models;
  if (!fs::exists(root)) return models;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".onnx") models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  return models;
}

}  // namespace

TEST_CASE("written shared models pass the official checker") {
  const testing::ScratchFolder scratch;
  const auto models = models_below(testing::shared_path("models"));
  if (models.empty()) WARN("skipped: the shared models are missing");
  for (const fs::path& model : models) {
    INFO(model.filename());
    const auto graph = read_onnx(model);
    if (!graph) FAIL(graph.failure().message);
    const std::string copy = scratch / "copy.onnx";
    REQUIRE(write_onnx(*graph, copy).ok());
    CHECK(opset_of(copy) <= kNewestOpsetOfChecker);
    CHECK(check(copy) == "");
    REQUIRE(write_onnx(*graph, copy, {.external_above = 100000}).ok());
    CHECK(check(copy) == "");
  }
}

TEST_CASE("written backend test models pass the official checker and read back equal") {
  const testing::ScratchFolder scratch;
  const auto models = models_below("/usr/share/libonnx-testdata/data");
  if (models.empty()) WARN("skipped: libonnx-testdata is not installed");
  for (const fs::path& model : models) {
    const std::string before = check(model);
    const auto graph = read_onnx(model);
    if (!before.empty() || (!graph && graph.failure().code == ErrorCode::unsupported)) continue;
    INFO(model.parent_path().filename());
    if (!graph) FAIL(graph.failure().message);
    const std::string copy = scratch / "copy.onnx";
    const auto written = write_onnx(*graph, copy);
    if (!written) FAIL(written.failure().message);
    if (opset_of(copy) <= kNewestOpsetOfChecker) CHECK(check(copy) == "");
    const auto again = read_onnx(copy);
    if (!again) FAIL(again.failure().message);
    CHECK(equal(*graph, *again));
  }
}
