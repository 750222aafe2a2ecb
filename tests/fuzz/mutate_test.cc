// Mutated model files through everything that reads a model: each is refused with a sentence or handled; none crashes,
// hangs or takes memory without bound. Under the dev preset this runs with the sanitizers.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "compress/simplify.h"
#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/error.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "tests/catch.h"
#include "verify/facts.h"

namespace pare {
namespace {

std::vector<std::byte> slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// Flips, overwrites, cuts, repeats or transplants bytes; graph structure stands in the first and last kilobytes of a model,
// so half of the edits go there.
std::vector<std::byte> mutate(std::vector<std::byte> bytes, std::mt19937& random) {
  const auto pick = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const size_t edits = 1 + pick(8);
  for (size_t i = 0; i < edits && bytes.size() > 16; ++i) {
    size_t at = pick(bytes.size());
    if (random() % 2) at = random() % 2 ? pick(std::min<size_t>(2048, bytes.size())) : bytes.size() - 1 - pick(std::min<size_t>(2048, bytes.size()));
    switch (random() % 6) {
      case 0: bytes[at] ^= std::byte{static_cast<uint8_t>(1u << (random() % 8))}; break;
      case 1: bytes[at] = std::byte{static_cast<uint8_t>(random())}; break;
      case 2: bytes[at] = random() % 2 ? std::byte{0xff} : std::byte{0}; break;
      case 3: bytes.resize(at + 1); break;
      case 4: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + pick(16), std::byte{static_cast<uint8_t>(random())}); break;
      case 5: {
        const size_t length = std::min({size_t{1} + pick(32), bytes.size() - at, bytes.size()});
        const size_t from = pick(bytes.size() - length + 1);
        std::memmove(&bytes[at], &bytes[from], length);
        break;
      }
    }
  }
  return bytes;
}

// What `pare info`, `simplify` and `convert` do with a model that was read. A Failure carries a sentence and a code.
void use(Result<Graph> graph, int& accepted) {
  if (!graph) {
    CHECK(!graph.failure().message.empty());
    CHECK((graph.failure().code == ErrorCode::input || graph.failure().code == ErrorCode::unsupported));
    return;
  }
  ++accepted;
  CHECK(verify(*graph).ok());
  model_facts(*graph);
  try {
    simplify(*graph, {});
  } catch (const Error& error) {
    INFO(error.what());
    CHECK((error.code() == ErrorCode::input || error.code() == ErrorCode::unsupported));
  }
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
  for (const char* name : {"tiny-kws", "mnist-cnn-integer", "mnist-cnn", "cifar10-resnet20", "ultraface-slim", "mnist-lstm"}) {
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
      use(read_onnx(mutate(onnx, random)), accepted);
      const auto mutated = mutate(pare, random);
      use(read_pare(mutated, nullptr), accepted);
    }
  }
  CHECK(accepted > 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pare
