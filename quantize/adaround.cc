#include "quantize/adaround.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "quantize/layer_samples.h"
#include "quantize/observe.h"
#include "quantize/weight_steps.h"
#include "runtime/executor.h"
#include "runtime/fast/parallel.h"
#include "runtime/staged_run.h"

namespace pare {
namespace {

constexpr int64_t kTargetFloats = int64_t{16} << 20;  // of targets held at a time
constexpr int64_t kInputFloats = int64_t{12} << 20;   // of one layer's X
constexpr float kLargestBias = 1 << 30;

// What the float network says about one layer at the sampled positions of one batch.
struct Targets {
  std::vector<int64_t> positions;
  std::vector<float> sums;      // [outputs, positions]: product + bias + residual
  std::vector<float> residual;  // [outputs, positions], where the quantized network's own is not final
  std::vector<float> x;         // [groups * columns, positions] of a state
};

// Appends columns: a [rows, count] block to the columns from `at` on of [rows, stride].
void put_columns(const std::vector<float>& block, int64_t rows, int64_t count, float* to, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(block.data() + r * count, count, to + r * stride);
}

class Adaround {
 public:
  Adaround(Graph& quantized, const Graph& reference, const Batches& batches, const AdaroundOptions& options)
      : graph_(quantized),
        reference_(reference),
        batches_(batches),
        options_(options),
        kernels_(float_kernels(best_isa())),
        pool_(options.threads),
        layers_(sampled_layers(quantized, reference)) {}

  std::vector<AdaroundLayer> run() {
    for (const SampledLayer& layer : layers_) {
      if (options_.refit) ensure_bias(graph_, layer);
    }
    unwrap(infer_types(graph_));
    limit_batches();
    const Uses uses(graph_);
    StagedRun staged(graph_, batches_, options_.threads);
    targets_.resize(layers_.size());
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (targets_[i].empty()) observe_reference(i);
      round_layer(i, uses, staged);
      targets_[i] = {};
      if (options_.progress) options_.progress(static_cast<int64_t>(i) + 1, static_cast<int64_t>(layers_.size()));
    }
    graph_.remove_unused();
    unwrap(infer_types(graph_));
    unwrap(verify(graph_));
    return std::move(report_);
  }

 private:
  // As many as fit with the largest integers that a layer reads.
  void limit_batches() {
    if (batches_.count == 0) throw Error(ErrorCode::usage, "adaround: the data is empty; expected at least one sample: give --data some");
    std::set<ValueId> read;
    for (const SampledLayer& layer : layers_) read.insert(layer.matrix.activation);
    Graph part = graph_;
    part.outputs.assign(read.begin(), read.end());
    part.remove_unused();
    size_t largest = 1;
    Batches first = batches_;
    first.count = 1;
    observe(part, part.outputs, first, {.threads = options_.threads}, [&](ValueId value, const Tensor& tensor, int64_t) {
      const bool integers = dequantized_scale(graph_, value).has_value();
      largest = std::max(largest, integers ? static_cast<size_t>(tensor.size()) : tensor.byte_size());
    });
    const auto fit = static_cast<int64_t>(std::max<size_t>(1, options_.held_bytes / largest));
    batches_.count = std::min(batches_.count, fit);
  }

  int64_t positions_per_batch(const SampledLayer& layer) const {
    const int64_t room = std::max<int64_t>(1, kInputFloats / (layer.matrix.groups * layer.matrix.columns));
    constexpr int64_t kSmall = 64, kEnough = 1024;  // a few weights need no more
    const int64_t enough = layer.matrix.columns <= kSmall && layer.matrix.groups > 1 ? kEnough : options_.samples;
    return std::max<int64_t>(1, std::min({options_.samples, room, enough}) / batches_.count);
  }

  // Targets of layer `first` and of those behind it that fit.
  void observe_reference(size_t first) {
    int64_t floats = 0;
    size_t end = first;
    std::vector<ValueId> values;
    for (; end < layers_.size(); ++end) {
      floats += 2 * layers_[end].outputs() * positions_per_batch(layers_[end]) * batches_.count;
      if (end > first && floats > kTargetFloats) break;
      values.push_back(layers_[end].reference.activation);
      if (layers_[end].reference_residual != ValueId::none) values.push_back(layers_[end].reference_residual);
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    Graph part = reference_;
    part.outputs = values;
    part.remove_unused();
    observe(part, values, batches_, {.threads = options_.threads}, [&](ValueId value, const Tensor& tensor, int64_t batch) {
      for (size_t i = first; i < end; ++i) {
        if (layers_[i].reference.activation == value) add_products(i, tensor, batch);
        if (layers_[i].reference_residual == value) add_residual(i, tensor, batch);
      }
    });
  }

  // The targets of a layer for a batch of so many positions.
  Targets& targets_for(size_t i, int64_t batch, int64_t positions) {
    targets_[i].resize(static_cast<size_t>(batches_.count));
    Targets& targets = targets_[i][static_cast<size_t>(batch)];
    if (targets.positions.empty()) {
      const uint64_t seed = options_.seed + 1000003 * i + static_cast<uint64_t>(batch);
      targets.positions = sample_positions(positions, positions_per_batch(layers_[i]), seed);
      targets.sums.assign(static_cast<size_t>(layers_[i].outputs()) * targets.positions.size(), 0.0f);
    }
    return targets;
  }

  void add_products(size_t i, const Tensor& activation, int64_t batch) {
    const SampledLayer& layer = layers_[i];
    const LayerMatrix& m = layer.reference;
    const ActivationRows rows(m, reference_, activation);
    Targets& targets = targets_for(i, batch, rows.positions());
    const auto count = static_cast<int64_t>(targets.positions.size());
    std::vector<float> x(static_cast<size_t>(m.groups * m.columns * count));
    const Tensor& original = *reference_.value(layer.weight.original).constant;
    const auto w = original.data<float>();
    parallel_for(pool_, m.groups, [&](int64_t g) {
      gather_columns(rows, m.columns, g, targets.positions, x.data() + g * m.columns * count, count);
    });
    std::vector<float> bias(static_cast<size_t>(layer.outputs()), 0.0f);
    const Node& node = reference_.node(layer.weight.reference);
    if (layer.plain && node.inputs.size() > 2 && node.inputs[2] != ValueId::none) bias = reference_.value(node.inputs[2]).constant->floats();
    parallel_for(pool_, layer.outputs(), [&](int64_t o) {
      float* sum = targets.sums.data() + o * count;
      for (int64_t s = 0; s < count; ++s) sum[s] += bias[static_cast<size_t>(o)];
      const int64_t g = o / m.rows;
      for (int64_t c = 0; c < m.columns; ++c) {
        const float weight = w[static_cast<size_t>(m.element(g, o % m.rows, c))];
        const float* column = x.data() + (g * m.columns + c) * count;
        for (int64_t s = 0; s < count; ++s) sum[s] += weight * column[s];
      }
    });
    if (layer.state) targets.x = std::move(x);
  }

  void add_residual(size_t i, const Tensor& tensor, int64_t batch) {
    const SampledLayer& layer = layers_[i];
    Targets& targets = targets_for(i, batch, tensor.size() / layer.outputs());
    const auto count = static_cast<int64_t>(targets.positions.size());
    add_results(layer, tensor, targets.positions, targets.sums.data(), count);
    if (layer.residual != ValueId::none) return;
    targets.residual.assign(targets.sums.size(), 0.0f);
    add_results(layer, tensor, targets.positions, targets.residual.data(), count);
  }

  // Calls visit(tensor, batch) with what the quantized network makes of `value`, in float.
  template <class Visit>
  void each_batch(StagedRun& staged, ValueId value, Visit visit) {
    const bool integers = dequantized_scale(graph_, value) && !graph_.value(graph_.node(graph_.value(value).producer).inputs[0]).constant;
    const NodeId dequantize_linear = graph_.value(value).producer;
    const ValueId held = integers ? graph_.node(dequantize_linear).inputs[0] : value;
    const std::vector<Tensor>& tensors = *unwrap(staged.get(held));
    for (size_t batch = 0; batch < tensors.size(); ++batch) {
      visit(integers ? dequantize(graph_, dequantize_linear, tensors[batch]) : tensors[batch], batch);
    }
  }

  void round_layer(size_t i, const Uses& uses, StagedRun& staged) {
    const SampledLayer& layer = layers_[i];
    const LayerMatrix& m = layer.matrix;
    std::vector<Targets>& targets = targets_[i];
    std::vector<int64_t> at{0};  // first sample of each batch, and the end
    for (const Targets& t : targets) at.push_back(at.back() + static_cast<int64_t>(t.positions.size()));
    const int64_t samples = at.back();
    if (samples == 0) return;

    std::vector<float> x(static_cast<size_t>(m.groups * m.columns * samples));
    if (layer.state) {
      for (size_t b = 0; b < targets.size(); ++b) {
        put_columns(targets[b].x, m.groups * m.columns, at[b + 1] - at[b], x.data() + at[b], samples);
      }
    } else {
      each_batch(staged, m.activation, [&](const Tensor& tensor, size_t b) {
        const ActivationRows rows(m, graph_, tensor);
        parallel_for(pool_, m.groups, [&](int64_t g) {
          gather_columns(rows, m.columns, g, targets[b].positions, x.data() + g * m.columns * samples + at[b], samples);
        });
      });
    }
    std::vector<float> sums(static_cast<size_t>(layer.outputs() * samples)), residual;
    for (size_t b = 0; b < targets.size(); ++b) {
      put_columns(targets[b].sums, layer.outputs(), at[b + 1] - at[b], sums.data() + at[b], samples);
    }
    if (layer.reference_residual != ValueId::none) residual.assign(sums.size(), 0.0f);
    if (layer.residual != ValueId::none) {
      each_batch(staged, layer.residual, [&](const Tensor& tensor, size_t b) {
        add_results(layer, tensor, targets[b].positions, residual.data() + at[b], samples);
      });
    } else if (!residual.empty()) {
      for (size_t b = 0; b < targets.size(); ++b) {
        put_columns(targets[b].residual, layer.outputs(), at[b + 1] - at[b], residual.data() + at[b], samples);
      }
    }
    targets.clear();
    solve_layer(layer, uses, samples, std::move(x), std::move(sums), std::move(residual));
  }

  void solve_layer(const SampledLayer& layer, const Uses& uses, int64_t samples, std::vector<float> x, std::vector<float> sums,
                   std::vector<float> residual) {
    const LayerMatrix& m = layer.matrix;
    const Node& node = graph_.node(layer.weight.node);
    const Tensor& integers = *graph_.value(layer.weight.integers).constant;
    std::vector<float> scales = graph_.value(layer.weight.scale).constant->floats();
    const ScaleIndex index(graph_, layer.weight);
    const bool has_bias = layer.plain && node.inputs.size() > 2 && node.inputs[2] != ValueId::none && uses.single(node.inputs[2]);
    const bool own = options_.refit && has_bias && rows_own_scales(graph_, uses, layer);
    std::vector<float> bias = layer.plain ? read_bias(graph_, layer) : std::vector<float>(static_cast<size_t>(layer.outputs()), 0.0f);
    std::vector<float> chosen(static_cast<size_t>(integers.size()));
    const float input = dequantized_scale(graph_, m.activation).value_or(1.0f);
    std::vector<AdaroundLayer> reports(static_cast<size_t>(m.groups));

    const auto solve_group = [&](int64_t g, ThreadPool& pool) {
      RoundingProblem p = problem(layer, integers, scales, index, g, samples, x, sums, residual, bias);
      p.free_bias = options_.refit && has_bias;
      p.free_steps = own;
      std::vector<float> least(static_cast<size_t>(p.rows));
      for (size_t r = 0; r < least.size(); ++r) least[r] = std::abs(p.bias[r]) / (input * kLargestBias);
      reports[static_cast<size_t>(g)] = solve(p, least, pool);
      for (int64_t r = 0; r < p.rows; ++r) {
        for (int64_t c = 0; c < p.columns; ++c) {
          chosen[static_cast<size_t>(m.element(g, r, c))] = p.integers[static_cast<size_t>(r * p.columns + c)];
        }
        if (own) scales[static_cast<size_t>(index(m.element(g, r, 0)))] = p.step[static_cast<size_t>(r * p.columns)];
        bias[static_cast<size_t>(g * m.rows + r)] = p.bias[static_cast<size_t>(r)];
      }
    };
    if (m.groups == 1) {
      solve_group(0, pool_);
    } else {
      parallel_for(pool_, m.groups, [&](int64_t g) {
        ThreadPool alone;
        solve_group(g, alone);
      });
    }
    AdaroundLayer report{node.name.empty() ? graph_.value(node.outputs[0]).name : node.name};
    for (const AdaroundLayer& part : reports) {
      report.nearest_loss += part.nearest_loss / static_cast<double>(m.groups);
      report.loss += part.loss / static_cast<double>(m.groups);
    }
    report_.push_back(report);
    write_weight(graph_, layer, chosen, own ? std::optional(scales) : std::nullopt, has_bias ? std::optional(bias) : std::nullopt);
  }

  RoundingProblem problem(const SampledLayer& layer, const Tensor& integers, const std::vector<float>& scales,
                          const ScaleIndex& index, int64_t g, int64_t samples, const std::vector<float>& x,
                          const std::vector<float>& sums, const std::vector<float>& residual, const std::vector<float>& bias) const {
    const LayerMatrix& m = layer.matrix;
    RoundingProblem p;
    p.rows = m.rows;
    p.columns = m.columns;
    p.samples = samples;
    const auto original = reference_.value(layer.weight.original).constant->data<float>();
    const Tensor* zero = layer.weight.zero_point == ValueId::none ? nullptr : &*graph_.value(layer.weight.zero_point).constant;
    const auto [low, high] = integer_bounds(integers.dtype());
    for (int64_t r = 0; r < m.rows; ++r) {
      for (int64_t c = 0; c < m.columns; ++c) {
        const int64_t e = m.element(g, r, c);
        const auto at = static_cast<size_t>(index(e));
        const auto zero_point = static_cast<float>(zero ? zero->as_double(zero->size() == 1 ? 0 : static_cast<int64_t>(at)) : 0.0);
        p.weight.push_back(original[static_cast<size_t>(e)]);
        p.step.push_back(scales[at]);
        p.least.push_back(low - zero_point);
        p.greatest.push_back(high - zero_point);
      }
    }
    const auto slice = [&](const std::vector<float>& all, int64_t rows) {
      if (all.empty()) return all;
      const auto first = all.begin() + g * rows * samples;
      return std::vector<float>(first, first + rows * samples);
    };
    p.x = slice(x, m.columns);
    p.target = slice(sums, m.rows);
    p.residual = slice(residual, m.rows);
    p.bias.assign(bias.begin() + g * m.rows, bias.begin() + (g + 1) * m.rows);
    p.low = layer.low;
    p.high = layer.high;
    p.ridge = options_.ridge * static_cast<double>(m.columns) / static_cast<double>(samples);
    return p;
  }

  static double total_loss(const RoundingProblem& p) {
    double loss = 0, signal = 0;
    for (int64_t r = 0; r < p.rows; ++r) loss += rounding_loss(p, r);
    for (const float t : p.target) {
      const double y = std::min(std::max(t, p.low), p.high);
      signal += y * y;
    }
    return signal > 0 ? loss * static_cast<double>(p.samples) / signal : loss;
  }

  AdaroundLayer solve(RoundingProblem& p, const std::vector<float>& least_steps, ThreadPool& pool) const {
    round_nearest(p);
    AdaroundLayer report;
    report.nearest_loss = total_loss(p);
    if (p.free_steps && options_.search_steps && p.greatest[0] - p.least[0] < 128) {
      search_steps(p, least_steps);
      round_nearest(p);
    }
    refit_rows(p, pool);
    enumerate_rounding(p, pool);
    constexpr int64_t kFew = 32;  // columns: polishing tries pairs and needs no relaxation
    if (p.columns > kFew && options_.relax.iterations > 0) relax_rounding(p, options_.relax, kernels_, pool);
    polish_rounding(p, options_.sweeps, pool);
    refit_rows(p, pool);
    polish_rounding(p, 1, pool);
    refit_rows(p, pool);
    report.loss = total_loss(p);
    return report;
  }

  static std::pair<float, float> integer_bounds(DType type) {
    Tensor tensor(type, {2});
    tensor.set_double(0, -1e9);
    tensor.set_double(1, 1e9);
    return {static_cast<float>(tensor.as_double(0)), static_cast<float>(tensor.as_double(1))};
  }

  Graph& graph_;
  const Graph& reference_;
  Batches batches_;
  const AdaroundOptions& options_;
  const FloatKernels& kernels_;
  ThreadPool pool_;
  const std::vector<SampledLayer> layers_;
  std::vector<std::vector<Targets>> targets_;  // by layer, by batch
  std::vector<AdaroundLayer> report_;
};

}  // namespace

std::vector<AdaroundLayer> round_adaround(Graph& quantized, const Graph& reference, const Batches& batches,
                                          const AdaroundOptions& options) {
  return Adaround(quantized, reference, batches, options).run();
}

}  // namespace pare
