// Normalization of rows and reductions against double-precision loops.
#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

void check_normalize(int64_t rows, int64_t columns, bool centre, bool weighted) {
  auto in = values(rows * columns, 1);
  for (float& x : in) x = x * 2 + 0.5f;
  const auto scale = values(columns, 2), shift = values(columns, 3);
  const float epsilon = 1e-5f;
  std::vector<Exact> exact;
  for (int64_t r = 0; r < rows; ++r) {
    const float* x = in.data() + r * columns;
    double mean = 0, square = 0;
    for (int64_t i = 0; i < columns; ++i) mean += x[i] / static_cast<double>(columns);
    if (!centre) mean = 0;
    for (int64_t i = 0; i < columns; ++i) square += (x[i] - mean) * (x[i] - mean) / static_cast<double>(columns);
    for (int64_t i = 0; i < columns; ++i) {
      const double y = (x[i] - mean) / std::sqrt(square + epsilon);
      const double factor = weighted ? scale[static_cast<size_t>(i)] : 1;
      // What rounding the mean costs grows with 1 / sqrt(variance).
      Exact result;
      result.add(y * factor);
      if (weighted) result.add(shift[static_cast<size_t>(i)]);
      result.magnitude += 4 / std::sqrt(square + epsilon);
      exact.push_back(result);
    }
  }
  check_kernel("normalize " + std::to_string(rows) + "x" + std::to_string(columns), exact,
               [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
                 kernels.normalize(centre, epsilon, in.data(), weighted ? scale.data() : nullptr,
                                   weighted ? shift.data() : nullptr, out, rows, columns, pool);
               });
}

double reduced(ReduceOp op, const std::vector<double>& values) {
  double sum = 0, squares = 0, sizes = 0, most = values[0], least = values[0];
  for (const double x : values) {
    sum += x;
    squares += x * x;
    sizes += std::fabs(x);
    most = std::max(most, x);
    least = std::min(least, x);
  }
  switch (op) {
    case ReduceOp::sum:
      return sum;
    case ReduceOp::mean:
      return sum / static_cast<double>(values.size());
    case ReduceOp::max:
      return most;
    case ReduceOp::min:
      return least;
    case ReduceOp::sum_of_squares:
      return squares;
    case ReduceOp::l1:
      return sizes;
    case ReduceOp::l2:
      return std::sqrt(squares);
  }
  return 0;
}

void check_reduce(ReduceOp op, int64_t outer, int64_t size, int64_t inner) {
  const auto in = values(outer * size * inner, 4);
  std::vector<Exact> exact;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      std::vector<double> line;
      for (int64_t k = 0; k < size; ++k) line.push_back(in[static_cast<size_t>((o * size + k) * inner + i)]);
      exact.push_back({reduced(op, line), reduced(ReduceOp::l1, line)});
    }
  check_kernel("reduce " + std::to_string(static_cast<int>(op)) + " " + std::to_string(outer) + "x" +
                   std::to_string(size) + "x" + std::to_string(inner),
               exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
                 kernels.reduce(op, outer, size, inner, in.data(), out, pool);
               });
}

}  // namespace

TEST_CASE("float rows: normalization", "[float][rows]") {
  for (int64_t columns : {1, 2, 7, 16, 31, 64, 257})
    for (const bool centre : {true, false})
      for (const bool weighted : {true, false}) check_normalize(5, columns, centre, weighted);
  check_normalize(200, 384, true, true);
}

TEST_CASE("float rows: reductions along the last and a middle axis", "[float][rows]") {
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::max, ReduceOp::min, ReduceOp::sum_of_squares,
                            ReduceOp::l1, ReduceOp::l2}) {
    for (int64_t size : {1, 3, 16, 33, 100}) check_reduce(op, 4, size, 1);
    for (int64_t inner : {2, 16, 19, 300}) check_reduce(op, 3, 5, inner);
    check_reduce(op, 300, 200, 1);
  }
}

TEST_CASE("float rows: a NaN is the maximum and the minimum", "[float][rows]") {
  for (const Isa isa : float_isas())
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min})
      for (size_t at = 0; at < 20; ++at) {
        std::vector<float> in(20, 1.0f);
        in[at] = std::numeric_limits<float>::quiet_NaN();
        ThreadPool pool(1);
        float out = 0;
        float_kernels(isa).reduce(op, 1, 20, 1, in.data(), &out, pool);
        CHECK(std::isnan(out));
      }
}
