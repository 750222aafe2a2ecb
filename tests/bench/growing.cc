// A sequence that grows by one each run, as when a decoder without a cache writes text: time for runs whose dims are
// new (planning included) against the same dims again. Usage: growing MODEL.onnx [LENGTH]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "formats/onnx/onnx.h"
#include "runtime/executor.h"

int main(int count, char** arguments) {
  using Clock = std::chrono::steady_clock;
  if (count < 2) {
    std::fprintf(stderr, "usage: growing MODEL.onnx [LENGTH]; every input gets ones [1,length]\n");
    return 2;
  }
  const int64_t length = count > 2 ? std::atoll(arguments[2]) : 64;
  auto graph = pare::read_onnx(arguments[1]);
  if (!graph) return std::fprintf(stderr, "%s\n", graph.failure().message.c_str()), 3;
  auto executor = pare::Executor::create(std::make_shared<const pare::Graph>(*std::move(graph)));
  if (!executor) return std::fprintf(stderr, "%s\n", executor.failure().message.c_str()), 3;
  double fresh = 0, again = 0;
  for (int64_t n = 1; n <= length; ++n) {
    std::vector<pare::Tensor> inputs;
    for (const pare::ValueId id : (*executor)->graph().inputs) {
      inputs.emplace_back((*executor)->graph().value(id).type.dtype, pare::Dims{1, n});
      for (int64_t i = 0; i < n; ++i) inputs.back().set_double(i, 1);
    }
    for (double* sum : {&fresh, &again}) {
      const auto start = Clock::now();
      const auto outputs = (*executor)->run(inputs);
      if (!outputs) return std::fprintf(stderr, "%s\n", outputs.failure().message.c_str()), 3;
      *sum += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    }
  }
  const auto runs = static_cast<double>(length);
  const pare::MemoryReport memory = (*executor)->memory();
  std::printf(
      "lengths 1 to %lld: %.3f ms a run with new dims, %.3f ms with the same again; weights %.1f MB, arena %.1f MB\n",
      static_cast<long long>(length), fresh / runs, again / runs, static_cast<double>(memory.weight_bytes) / 1e6,
      static_cast<double>(memory.arena_bytes) / 1e6);
  return 0;
}
