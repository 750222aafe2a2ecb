// Mutated model files through everything that reads a model: each is refused with a sentence or handled; none crashes,
// hangs or takes memory without bound. Under the dev preset this runs with the sanitizers.
#include "tests/fuzz/mutate.h"

#include <filesystem>
#include <fstream>
#include <random>

#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "tests/fuzz/targets.h"

namespace pare {
namespace {

fuzz::FileBytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

fuzz::FileBytes slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return bytes_of(std::string(std::istreambuf_iterator<char>(file), {}));
}

// What the verbs do with a model that was read.
void use(Result<Graph> graph, int& accepted) {
  if (!graph) return fuzz::check_refusal(graph.failure());
  ++accepted;
  fuzz::use_model(*graph);
}

const char* kNet = R"(graph "net" {
  input x: float32[N,2,8,8]
  const w: float32[4,2,3,3] = {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,
                               1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9}
  const v: float32[3,16] = {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3}
  const shape: int64[2] = {0, -1}
  a = Conv(x, w) {pads = [1, 1, 1, 1], strides = [2, 2]}
  b = Relu(a)
  c = MaxPool(b) {kernel_shape = [2, 2], strides = [2, 2]}
  f = Reshape(c, shape)
  y = Gemm(f, v) {transB = 1}
  s = Softmax(y)
  output s
})";

std::vector<Graph> models() {
  std::vector<Graph> graphs{unwrap(parse(kNet))};
  const char* given = std::getenv("PARE_SHARED");
  const std::filesystem::path shared = given ? given : "../shared";
  for (const char* name :
       {"tiny-kws", "mnist-cnn-integer", "mnist-cnn", "cifar10-resnet20", "ultraface-slim", "mnist-lstm"}) {
    const auto path = shared / "models" / (std::string(name) + ".onnx");
    if (!std::filesystem::exists(path)) {
      WARN("skipped: " << path << " is not there");
      continue;
    }
    graphs.push_back(unwrap(read_onnx(path)));
  }
  return graphs;
}

TEST_CASE("1,400 mutated files of each format are refused or handled") {
  const auto folder = std::filesystem::temp_directory_path() / "pare-mutate-test";
  std::filesystem::create_directories(folder);
  std::mt19937 random(20);
  int accepted = 0;
  for (const Graph& graph : models()) {
    unwrap(write_onnx(graph, folder / "m.onnx"));
    unwrap(write_pare(graph, folder / "m.pare"));
    const auto onnx = slurp(folder / "m.onnx"), pare = slurp(folder / "m.pare");
    for (int i = 0; i < 200; ++i) {
      use(read_onnx(fuzz::mutate_file(onnx, ".onnx", random)), accepted);
      const auto mutated = fuzz::mutate_file(pare, ".pare", random);
      use(read_pare(mutated, nullptr), accepted);
    }
  }
  CHECK(accepted > 0);
  std::filesystem::remove_all(folder);
}

TEST_CASE("2,000 mutated texts are refused or handled") {
  std::mt19937 random(21);
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto text = fuzz::mutate_file(bytes_of(kNet), ".txt", random);
    use(parse({reinterpret_cast<const char*>(text.data()), text.size()}), accepted);
  }
  CHECK(accepted > 0);
}

}  // namespace
}  // namespace pare
