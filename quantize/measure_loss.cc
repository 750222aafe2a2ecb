#include "quantize/measure_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "quantize/observe_pairs.h"

namespace pare {
namespace {

struct Sums {
  double signal = 0, noise = 0;
  void add(const Tensor& reference, const Tensor& quantized) {
    if (reference.dtype() != DType::float32 || quantized.dtype() != DType::float32 || reference.dims() != quantized.dims()) return;
    const auto a = reference.data<float>(), b = quantized.data<float>();
    for (size_t i = 0; i < a.size(); ++i) {
      const double error = static_cast<double>(a[i]) - b[i];
      signal += static_cast<double>(a[i]) * a[i];
      noise += error * error;
    }
  }
  double db() const { return noise == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / noise); }
};

void count_agreement(const Tensor& reference, const Tensor& quantized, int64_t& rows, int64_t& same) {
  const int64_t columns = reference.dims().back();
  const auto a = reference.data<float>(), b = quantized.data<float>();
  for (int64_t r = 0; r * columns < reference.size(); ++r) {
    const auto first = r * columns, last = first + columns;
    const auto top = [&](std::span<const float> x) { return std::max_element(x.begin() + first, x.begin() + last) - x.begin(); };
    same += top(a) == top(b);
    ++rows;
  }
}

}  // namespace

Loss measure_loss(const Graph& reference, const Graph& quantized, const std::vector<std::string>& values,
                  const Batches& batches, const ObserveOptions& options) {
  const size_t outputs = reference.outputs.size();
  std::vector<std::pair<ValueId, ValueId>> pairs;
  for (size_t i = 0; i < outputs; ++i) pairs.emplace_back(reference.outputs[i], quantized.outputs[i]);
  std::vector<size_t> position(values.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto a = reference.find(values[i]), b = quantized.find(values[i]);
    if (!a || !b || reference.value(*a).producer == NodeId::none || quantized.value(*b).producer == NodeId::none) continue;
    position[i] = pairs.size();
    pairs.emplace_back(*a, *b);
  }
  std::vector<Sums> sums(pairs.size());
  std::optional<size_t> classes;
  Loss loss;
  int64_t same = 0;
  observe_pairs(reference, quantized, pairs, batches, options, [&](size_t i, const Tensor& a, const Tensor& b) {
    sums[i].add(a, b);
    if (i >= outputs || a.dtype() != DType::float32 || a.rank() < 2 || a.dims().back() < 2 || a.dims() != b.dims()) return;
    if (!classes) classes = i;
    if (classes == i) count_agreement(a, b, loss.rows, same);
  });
  for (size_t i = 0; i < outputs; ++i) loss.outputs.push_back(sums[i].db());
  for (const size_t at : position) loss.values.push_back(at == 0 ? std::numeric_limits<double>::quiet_NaN() : sums[at].db());
  if (loss.rows > 0) loss.agreement = static_cast<double>(same) / static_cast<double>(loss.rows);
  return loss;
}

}  // namespace pare
