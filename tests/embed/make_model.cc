// Writes a small convolutional model with 8-bit weights as argv[1] (.pare) and what the plain kernels make of the ramp
// of embed_test.c as argv[2].
#include <cstdio>
#include <fstream>

#include "formats/pare/pare_file.h"
#include "graph/text.h"
#include "runtime/executor.h"

namespace {

constexpr const char* kModel = R"(graph "embedded" {
  input x: float32[N,2,6,6]
  const xs: float32[] = {0.02}
  const xz: uint8[] = {100}
  q = QuantizeLinear(x, xs, xz)
  d = DequantizeLinear(q, xs, xz)
  const wq: int8[4,2,1,1] = {10, -20, 30, 40, -50, 60, 70, -80}
  const ws: float32[4] = {0.01, 0.02, 0.015, 0.01}
  w = DequantizeLinear(wq, ws) {axis = 0}
  c = Conv(d, w)
  r = Relu(c)
  const ys: float32[] = {0.01}
  const yz: uint8[] = {0}
  p = QuantizeLinear(r, ys, yz)
  e = DequantizeLinear(p, ys, yz)
  g = GlobalAveragePool(e)
  y = Flatten(g)
  output y
})";

int fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto graph = pare::parse(kModel);
  if (!graph) return fail(graph.failure().message);
  if (auto written = pare::write_pare(*graph, argv[1]); !written) return fail(written.failure().message);
  auto executor = pare::Executor::create(std::make_shared<const pare::Graph>(*graph), {.reference = true});
  if (!executor) return fail(executor.failure().message);
  pare::Tensor x(pare::DType::float32, {1, 2, 6, 6});
  for (int64_t i = 0; i < x.size(); ++i) x.set_double(i, static_cast<double>(i % 13) / 4 - 1);
  const auto outputs = (*executor)->run(std::vector<pare::Tensor>{x});
  if (!outputs) return fail(outputs.failure().message);
  const auto bytes = (*outputs)[0].bytes();
  std::ofstream(argv[2], std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return 0;
}
