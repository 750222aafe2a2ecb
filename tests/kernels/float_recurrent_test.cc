// Steps of LSTM and GRU against the formulas of the ONNX specification in double precision.
#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

constexpr int64_t kRows = 3;
const std::vector<int64_t> kHidden = {1, 7, 16, 37};

}  // namespace

TEST_CASE("float LSTM cell", "[float][recurrent]") {
  for (const int64_t hidden : kHidden)
    for (const bool peepholes : {false, true}) {
      const auto gates = values(kRows * 4 * hidden, 1), p = values(3 * hidden, 2), before = values(kRows * hidden, 3);
      std::vector<Exact> exact(static_cast<size_t>(2 * kRows * hidden));
      for (int64_t r = 0; r < kRows; ++r)
        for (int64_t i = 0; i < hidden; ++i) {
          const auto gate = [&](int64_t k) { return static_cast<double>(gates[(r * 4 + k) * hidden + i]); };
          const auto weight = [&](int64_t k) { return peepholes ? static_cast<double>(p[k * hidden + i]) : 0.0; };
          const double c = before[static_cast<size_t>(r * hidden + i)];
          const double now =
              sigmoid(gate(2) + weight(2) * c) * c + sigmoid(gate(0) + weight(0) * c) * std::tanh(gate(3));
          exact[static_cast<size_t>(r * hidden + i)] = {now, 1};
          exact[static_cast<size_t>((kRows + r) * hidden + i)] = {sigmoid(gate(1) + weight(1) * now) * std::tanh(now),
                                                                  1};
        }
      check_kernel("lstm cell", exact, [&](const FloatKernels& kernels, ThreadPool&, float* out) {
        std::copy(before.begin(), before.end(), out);
        kernels.lstm_cell({kRows, hidden, 4 * hidden, 0}, gates.data(), peepholes ? p.data() : nullptr, out,
                          out + kRows * hidden);
      });
    }
}

TEST_CASE("float GRU cells", "[float][recurrent]") {
  for (const int64_t hidden : kHidden) {
    const int64_t in_row = 3 * hidden + 5, row = 3 * hidden;
    const auto in = values(kRows * in_row, 1), rec = values(kRows * row, 2), h = values(kRows * hidden, 3);
    const auto apart = values(kRows * hidden, 4);
    std::vector<Exact> linear, reset, other;
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t i = 0; i < hidden; ++i) {
        const auto x = [&](int64_t k) { return static_cast<double>(in[r * in_row + k * hidden + i]); };
        const auto y = [&](int64_t k) { return static_cast<double>(rec[r * row + k * hidden + i]); };
        const double z = sigmoid(x(0) + y(0)), gate = sigmoid(x(1) + y(1)), state = h[r * hidden + i];
        linear.push_back({(1 - z) * std::tanh(x(2) + gate * y(2)) + z * state, 1});
        reset.push_back({gate * state, 1});
        other.push_back({(1 - z) * std::tanh(x(2) + apart[r * hidden + i]) + z * state, 1});
      }
    const CellShape shape{kRows, hidden, in_row, row};
    check_kernel("gru cell", linear, [&](const FloatKernels& kernels, ThreadPool&, float* out) {
      kernels.gru_cell(shape, in.data(), rec.data(), h.data(), out);
    });
    check_kernel("gru reset", reset, [&](const FloatKernels& kernels, ThreadPool&, float* out) {
      kernels.gru_reset(shape, in.data(), rec.data(), h.data(), out);
    });
    check_kernel("gru output", other, [&](const FloatKernels& kernels, ThreadPool&, float* out) {
      kernels.gru_output(shape, in.data(), rec.data(), apart.data(), h.data(), out);
    });
  }
}
