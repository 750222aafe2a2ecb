#include "quantize/gptq.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "quantize/layer_matrix.h"
#include "quantize/observe_pairs.h"
#include "quantize/operands.h"
#include "quantize/second_moments.h"

namespace pare {
namespace {

constexpr int64_t kSlice = 2048;  // columns that are rounded together at most: bounds memory and time
constexpr int64_t kPiece = 1024;  // rows that are gathered at once

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// One use of a weight, and what is gathered about it.
struct Layer {
  QuantizedWeight weight;
  LayerMatrix matrix;     // in the quantized graph
  LayerMatrix reference;  // in the float graph
  int64_t slices = 1;
  std::vector<SecondMoments> moments;  // [groups or 1 where X is shared, slices]
  int64_t step = 0;                    // between positions that are looked at; 0: not known yet
  int64_t next = 0;                    // of the positions of all batches, behind those seen

  int64_t moment_groups() const { return matrix.shared ? 1 : matrix.groups; }
  int64_t slice_begin(int64_t slice) const { return slice * matrix.columns / slices; }
  int64_t channels() const { return matrix.groups * matrix.rows; }
  size_t bytes() const {
    size_t sum = 0;
    for (int64_t s = 0; s < slices; ++s) {
      const auto width = static_cast<size_t>(slice_begin(s + 1) - slice_begin(s));
      sum += 2 * sizeof(float) * width * width;
    }
    return sum * static_cast<size_t>(moment_groups());
  }
};

class GptqPass {
 public:
  GptqPass(Graph& quantized, const Graph& reference, const Batches& batches, const GptqOptions& options)
      : quantized_(quantized),
        reference_(reference),
        batches_(batches),
        options_(options),
        pool_(options.observe.threads) {
    find_layers();
  }

  std::vector<RoundedLayer> run() {
    for (size_t begin = 0; begin < layers_.size();) {
      const size_t end = sweep_end(begin);
      sweep(begin, end);
      for (size_t i = begin; i < end; ++i) finish(layers_[i]);
      begin = end;
    }
    quantized_.remove_unused();
    return std::move(report_);
  }

 private:
  void find_layers() {
    std::map<ValueId, int> uses;
    const std::vector<QuantizedWeight> weights = match_weights(quantized_, reference_);
    for (const QuantizedWeight& weight : weights) ++uses[weight.integers];
    for (const QuantizedWeight& weight : weights) {
      const auto matrix = LayerMatrix::of(quantized_, weight.node, weight.slot);
      const auto reference = LayerMatrix::of(reference_, weight.reference, weight.slot);
      if (!matrix || !reference || uses[weight.integers] != 1) continue;
      Layer layer{weight, *matrix, *reference};
      layer.slices = (matrix->columns + kSlice - 1) / kSlice;
      layers_.push_back(std::move(layer));
    }
  }

  // Layers are shared out evenly; one that reads what the last one reads comes along.
  size_t sweep_end(size_t begin) const {
    const size_t sweeps = std::min<size_t>(layers_.size(), static_cast<size_t>(std::max(1, options_.sweeps)));
    size_t share = (begin * sweeps / layers_.size() + 1) * layers_.size();
    size_t end = std::max(begin + 1, (share + sweeps - 1) / sweeps);
    size_t bytes = layers_[begin].bytes();
    for (size_t i = begin + 1; i < layers_.size(); ++i) {
      bytes += layers_[i].bytes();
      const bool same = layers_[i].matrix.activation == layers_[i - 1].matrix.activation;
      if ((i >= end && !same) || bytes > options_.memory) return i;
      if (i >= end) end = i + 1;
    }
    return layers_.size();
  }

  // The quantized graph with the float weights of all layers from `begin` on.
  Graph with_float_weights(size_t begin) const {
    Graph graph = quantized_;
    for (size_t i = begin; i < layers_.size(); ++i) {
      const QuantizedWeight& weight = layers_[i].weight;
      const Value& original = reference_.value(weight.original);
      graph.node(weight.node).inputs[static_cast<size_t>(weight.slot)] =
          graph.add_constant(original.name, *original.constant);
    }
    return graph;
  }

  void sweep(size_t begin, size_t end) {
    std::vector<std::pair<ValueId, ValueId>> pairs;
    for (size_t i = begin; i < end; ++i) {
      Layer& layer = layers_[i];
      pairs.emplace_back(layer.matrix.activation, layer.reference.activation);
      for (int64_t g = 0; g < layer.moment_groups(); ++g) {
        for (int64_t s = 0; s < layer.slices; ++s)
          layer.moments.emplace_back(layer.slice_begin(s + 1) - layer.slice_begin(s));
      }
    }
    const Graph graph = with_float_weights(begin);
    observe_pairs(graph, reference_, pairs, batches_, options_.observe,
                  [&](size_t pair, const Tensor& tensor, const Tensor& original) {
                    look(layers_[begin + pair], tensor, original);
                  });
  }

  void look(Layer& layer, const Tensor& tensor, const Tensor& original) {
    const ActivationRows rows(layer.matrix, quantized_, tensor), reference_rows(layer.reference, reference_, original);
    const int64_t positions = rows.positions();
    if (layer.step == 0) {
      const int64_t wanted = std::max(options_.positions, 8 * layer.matrix.columns);
      layer.step = std::max<int64_t>(1, positions * batches_.count / wanted);
      while (std::gcd(layer.step, std::max<int64_t>(1, positions)) != 1) ++layer.step;
    }
    int64_t position = layer.next;
    while (position < positions) {
      const int64_t count = std::min(kPiece, (positions - position + layer.step - 1) / layer.step);
      for (int64_t g = 0; g < layer.moment_groups(); ++g) {
        piece_.resize(static_cast<size_t>(count * layer.matrix.columns));
        reference_piece_.resize(piece_.size());
        rows.gather(g, position, layer.step, count, piece_.data());
        reference_rows.gather(g, position, layer.step, count, reference_piece_.data());
        for (int64_t s = 0; s < layer.slices; ++s) add_slice(layer, g, s, count);
      }
      position += count * layer.step;
    }
    layer.next = position - positions;
  }

  void add_slice(Layer& layer, int64_t group, int64_t slice, int64_t count) {
    SecondMoments& moments = layer.moments[static_cast<size_t>(group * layer.slices + slice)];
    if (layer.slices == 1) {
      moments.add(piece_, reference_piece_, pool_);
      return;
    }
    const int64_t begin = layer.slice_begin(slice), width = moments.columns();
    std::vector<float> part(static_cast<size_t>(count * width)), reference_part(part.size());
    for (int64_t i = 0; i < count; ++i) {
      std::copy_n(piece_.begin() + i * layer.matrix.columns + begin, width, part.begin() + i * width);
      std::copy_n(reference_piece_.begin() + i * layer.matrix.columns + begin, width,
                  reference_part.begin() + i * width);
    }
    moments.add(part, reference_part, pool_);
  }

  void finish(Layer& layer) {
    const bool biased =
        options_.correct_bias && takes_bias(quantized_, layer.weight.node, layer.channels()) && layer.weight.slot == 1;
    if (options_.method != RoundingMethod::nearest) round(layer, biased);
    if (biased) correct_bias(layer);
    layer.moments.clear();
  }

  // Of the weight, [columns of the slice, rows].
  std::vector<float> columns_of(const Tensor& tensor, const Layer& layer, int64_t group, int64_t slice) const {
    const auto data = tensor.data<float>();
    std::vector<float> result;
    for (int64_t c = layer.slice_begin(slice); c < layer.slice_begin(slice + 1); ++c) {
      for (int64_t r = 0; r < layer.matrix.rows; ++r)
        result.push_back(data[static_cast<size_t>(layer.matrix.element(group, r, c))]);
    }
    return result;
  }
  const SecondMoments& moments_of(const Layer& layer, int64_t group, int64_t slice) const {
    return layer.moments[static_cast<size_t>((layer.matrix.shared ? 0 : group) * layer.slices + slice)];
  }

  // W + W D (H + damping)^-1, transposed as the target lies.
  void move_target(std::vector<float>& target, const std::vector<float>& hessian, const std::vector<float>& drift,
                   int64_t rows, double damping) const {
    const auto k = static_cast<Eigen::Index>(std::sqrt(static_cast<double>(hessian.size())) + 0.5);
    Matrix h = Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>(hessian.data(), k, k).cast<double>();
    const double mean = h.diagonal().mean();
    if (!(mean > 0)) return;
    h.diagonal().array() += damping * mean;
    const Eigen::LLT<Matrix> llt(h);
    if (llt.info() != Eigen::Success) return;
    Eigen::Map<Eigen::Matrix<float, -1, -1, Eigen::RowMajor>> w(target.data(), k, rows);
    const Eigen::MatrixXf d =
        Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>(drift.data(), k, k).transpose();
    w += llt.solve((d * w).cast<double>()).cast<float>();
  }

  void round(Layer& layer, bool centred) {
    const QuantizedWeight& weight = layer.weight;
    const WeightGrid grid = grid_of(quantized_, weight);
    const Tensor& original = *reference_.value(weight.original).constant;
    MatrixProblem problem;
    problem.rows = layer.matrix.rows;
    problem.scales = grid.scale;
    problem.zeros = grid.zero;
    problem.low = grid.low;
    problem.high = grid.high;
    RoundingOptions rounding = options_.rounding;
    for (int64_t g = 0; g < layer.matrix.groups; ++g) {
      for (int64_t s = 0; s < layer.slices; ++s) {
        const SecondMoments& moments = moments_of(layer, g, s);
        RoundingGroup group;
        group.columns = moments.columns();
        group.hessian = moments.covariance(centred);
        group.target = columns_of(original, layer, g, s);
        if (options_.method == RoundingMethod::mse) {
          for (size_t i = 0; i < group.hessian.size(); ++i) {
            if (i % static_cast<size_t>(group.columns + 1) != 0) group.hessian[i] = 0;
          }
        } else if (options_.meet_float) {
          move_target(group.target, group.hessian, moments.drift(centred), layer.matrix.rows, rounding.damping);
        }
        for (int64_t c = layer.slice_begin(s); c < layer.slice_begin(s + 1); ++c) {
          for (int64_t r = 0; r < layer.matrix.rows; ++r)
            group.scale_of.push_back(static_cast<int32_t>(grid.at(layer.matrix.element(g, r, c))));
        }
        problem.groups.push_back(std::move(group));
      }
    }
    if (!options_.choose_scales || weight.block != 0) {
      rounding.ratios = {1.0f};
      rounding.fit_scales = false;
    } else {
      bound_scales(layer, problem);
    }
    report_.push_back({weight.node, round_matrix(problem, rounding, pool_)});
    write(layer, problem);
  }

  void bound_scales(const Layer& layer, MatrixProblem& problem) const {
    const double room = bias_room(quantized_, layer.weight.node);
    problem.least_scales.assign(problem.scales.size(), 0.0f);
    if (!std::isfinite(room) || !takes_bias(quantized_, layer.weight.node, layer.channels())) return;
    const std::vector<float> bias = bias_of(reference_, layer.weight.reference, layer.channels());
    for (size_t i = 0; i < bias.size(); ++i) {
      float& least = problem.least_scales[problem.scales.size() == bias.size() ? i : 0];
      least = std::max(least, static_cast<float>(2 * std::fabs(static_cast<double>(bias[i])) / room));
    }
  }

  void write(const Layer& layer, const MatrixProblem& problem) {
    const QuantizedWeight& weight = layer.weight;
    Tensor integers = *quantized_.value(weight.integers).constant;
    for (int64_t g = 0; g < layer.matrix.groups; ++g) {
      for (int64_t s = 0; s < layer.slices; ++s) {
        const RoundingGroup& group = problem.groups[static_cast<size_t>(g * layer.slices + s)];
        for (int64_t c = 0; c < group.columns; ++c) {
          for (int64_t r = 0; r < layer.matrix.rows; ++r) {
            integers.set_double(layer.matrix.element(g, r, layer.slice_begin(s) + c),
                                group.integers[static_cast<size_t>(c * layer.matrix.rows + r)]);
          }
        }
      }
    }
    quantized_.set_constant(weight.integers, std::move(integers));
    const Dims dims = quantized_.value(weight.scale).constant->dims();
    set_constant_operand(quantized_, weight.dequantize, 1, Tensor::of(dims, problem.scales));
    const_cast<Layer&>(layer).weight.scale = quantized_.node(weight.dequantize).inputs[1];
    if (takes_bias(quantized_, weight.node, layer.channels()) && weight.slot == 1) {
      set_bias(quantized_, layer.weight, bias_of(reference_, weight.reference, layer.channels()));
    }
  }

  void correct_bias(Layer& layer) {
    std::vector<float> bias = bias_of(reference_, layer.weight.reference, layer.channels());
    const Tensor& original = *reference_.value(layer.weight.original).constant;
    const Tensor& integers = *quantized_.value(layer.weight.integers).constant;
    const WeightGrid grid = grid_of(quantized_, layer.weight);
    for (int64_t g = 0; g < layer.matrix.groups; ++g) {
      std::vector<double> mean, reference_mean;
      for (int64_t s = 0; s < layer.slices; ++s) {
        for (const double x : moments_of(layer, g, s).mean()) mean.push_back(x);
        for (const double x : moments_of(layer, g, s).reference_mean()) reference_mean.push_back(x);
      }
      for (int64_t r = 0; r < layer.matrix.rows; ++r) {
        double sum = 0;
        for (int64_t c = 0; c < layer.matrix.columns; ++c) {
          const int64_t i = layer.matrix.element(g, r, c);
          const size_t at = grid.at(i);
          sum += original.as_double(i) * reference_mean[static_cast<size_t>(c)] -
                 static_cast<double>(integers.as_int(i) - grid.zero[at]) * static_cast<double>(grid.scale[at]) *
                     mean[static_cast<size_t>(c)];
        }
        bias[static_cast<size_t>(g * layer.matrix.rows + r)] += static_cast<float>(sum);
      }
    }
    set_bias(quantized_, layer.weight, bias);
  }

  Graph& quantized_;
  const Graph& reference_;
  const Batches& batches_;
  const GptqOptions& options_;
  ThreadPool pool_;
  std::vector<Layer> layers_;
  std::vector<RoundedLayer> report_;
  std::vector<float> piece_, reference_piece_;
};

}  // namespace

std::vector<RoundedLayer> round_gptq(Graph& quantized, const Graph& reference, const Batches& batches,
                                     const GptqOptions& options) {
  return GptqPass(quantized, reference, batches, options).run();
}

}  // namespace pare
