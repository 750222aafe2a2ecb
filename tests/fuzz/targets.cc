#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "compress/simplify.h"
#include "formats/data/idx.h"
#include "formats/data/npy.h"
#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/error.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "runtime/cost.h"
#include "runtime/executor.h"
#include "verify/facts.h"

namespace pare::fuzz {
namespace {

constexpr int64_t kMostElements = 1 << 16;  // of all inputs of a run
constexpr int64_t kMostMacs = 10'000'000;

// A file without a name that holds the bytes; the readers of arrays take paths.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : descriptor_(memfd_create("pare-fuzz", 0)) {
    check(descriptor_ >= 0 && write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
          "memory for a file");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// Zeros and ones; nothing where a type is not known or the inputs are many. Symbols are 2.
std::optional<std::vector<Tensor>> inputs_for(const Graph& graph) {
  std::vector<Tensor> inputs;
  int64_t total = 0;
  for (const ValueId id : graph.inputs) {
    const Type& type = graph.value(id).type;
    if (!type.shape || type.container != Container::tensor || bits(type.dtype) < 8) return std::nullopt;
    Dims dims;
    for (const Dim& dim : *type.shape) dims.push_back(dim.known() ? dim.size : 2);
    const auto count = element_count(dims);
    if (!count || (total += *count) > kMostElements || type.dtype >= DType::complex64) return std::nullopt;
    Tensor tensor(type.dtype, dims);
    for (int64_t i = 0; i < tensor.size(); i += 3) tensor.set_double(i, 1);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

void run(const Graph& graph) {
  const auto inputs = inputs_for(graph);
  if (!inputs || graph_macs(graph) > kMostMacs) return;
  auto executor = Executor::create(std::make_shared<const Graph>(graph));
  if (!executor) return check_refusal(executor.failure());
  if (const auto outputs = (*executor)->run(*inputs); !outputs) check_refusal(outputs.failure());
}

void use(const Result<Graph>& graph) {
  if (!graph) return check_refusal(graph.failure());
  use_model(*graph);
}

template <class T>
void expect(const Result<T>& result) {
  if (!result) check_refusal(result.failure());
}

}  // namespace

void check(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

void check_refusal(const Failure& failure) {
  const bool code = failure.code == ErrorCode::input || failure.code == ErrorCode::unsupported;
  check(code && !failure.message.empty(), "a refusal says why, as bad input or unsupported: " + failure.message);
}

void use_model(const Graph& graph) {
  const auto verified = verify(graph);
  if (!verified) check(false, "a graph that was read is sound: " + verified.failure().message);
  model_facts(graph);
  print(graph);
  run(graph);
  Graph simplified = graph;
  try {
    simplify(simplified, {});
  } catch (const Error& error) {
    check_refusal(error.failure());
    return;
  }
  run(simplified);
}

void onnx(std::span<const std::byte> bytes) { use(read_onnx(bytes)); }
void pare_file(std::span<const std::byte> bytes) { use(read_pare(bytes, nullptr)); }

void text(std::span<const std::byte> bytes) {
  const auto graph = parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!graph) return check_refusal(graph.failure());
  const auto again = parse(print(*graph));
  if (!again) check(false, "what was printed parses: " + again.failure().message);
  check(equal(*graph, *again), "what was printed parses to an equal graph");
  use_model(*graph);
}

void npy(std::span<const std::byte> bytes) { expect(read_npy(MemoryFile(bytes).path())); }
void npz(std::span<const std::byte> bytes) { expect(read_npz(MemoryFile(bytes).path())); }
void idx(std::span<const std::byte> bytes) { expect(read_idx(MemoryFile(bytes).path())); }

}  // namespace pare::fuzz
