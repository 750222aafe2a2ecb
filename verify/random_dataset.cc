#include "verify/random_dataset.h"

#include <cmath>
#include <random>

#include "graph/error.h"
#include "verify/batch_axis.h"
#include "verify/latency.h"

namespace pare {
namespace {

class RandomDataset final : public Dataset {
 public:
  RandomDataset(const Graph& graph, int64_t samples, uint64_t seed) : samples_(samples), seed_(seed) {
    const std::vector<Tensor> single = zero_inputs(graph, 1);
    const BatchAxes axes(graph);
    for (size_t i = 0; i < single.size(); ++i) {
      const Value& value = graph.value(graph.inputs[i]);
      inputs_.push_back({value.name, axes.from_model(graph.inputs[i], single[i]).type()});
      if (inputs_.back().type.shape->empty()) continue;
      inputs_.back().type.shape->front() = Dim("N");
    }
  }

  int64_t size() const override { return samples_; }
  const std::vector<InputType>& inputs() const override { return inputs_; }
  bool has_labels() const override { return false; }
  const std::vector<int64_t>& labels() const override { return labels_; }

  Result<Batch> read(std::span<const int64_t> indices) const override {
    Batch batch;
    batch.count = static_cast<int64_t>(indices.size());
    for (size_t k = 0; k < inputs_.size(); ++k) {
      Dims dims;
      for (const Dim& dim : *inputs_[k].type.shape) dims.push_back(dim.known() ? dim.size : batch.count);
      Tensor tensor(inputs_[k].type.dtype, dims);
      const int64_t each = tensor.rank() == 0 || indices.empty() ? tensor.size() : tensor.size() / batch.count;
      for (size_t i = 0; i < indices.size(); ++i) {
        std::mt19937_64 random(seed_ ^ (static_cast<uint64_t>(indices[i]) * 0x9e3779b97f4a7c15u + k));
        for (int64_t e = 0; e < each; ++e)
          tensor.set_double(static_cast<int64_t>(i) * each + e, draw(tensor.dtype(), random));
        if (tensor.rank() == 0) break;
      }
      batch.inputs.push_back({inputs_[k].name, std::move(tensor)});
    }
    return batch;
  }

 private:
  // Box and Muller, "A note on the generation of random normal deviates", 1958: the same numbers from every library.
  static double draw(DType dtype, std::mt19937_64& random) {
    const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
    if (!is_float(dtype)) return static_cast<double>(random() & 1);
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * M_PI * uniform());
  }

  int64_t samples_;
  uint64_t seed_;
  std::vector<InputType> inputs_;
  std::vector<int64_t> labels_;
};

}  // namespace

std::unique_ptr<Dataset> random_dataset(const Graph& graph, int64_t samples, uint64_t seed) {
  return std::make_unique<RandomDataset>(graph, samples, seed);
}

}  // namespace pare
