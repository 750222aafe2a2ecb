#include "compress/compensate.h"

#include <Eigen/Cholesky>
#include <algorithm>

#include "compress/layer_rows.h"
#include "compress/residual.h"
#include "compress/rewrite.h"
#include "compress/weight_axes.h"
#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "runtime/executor.h"
#include "runtime/staged_run.h"

namespace pare {
namespace {

constexpr float kSmallestGain = 1e-2f;

struct Refit {
  WeightUse use;
  ValueId result;
  ResidualJoin join;          // no shortcut: nothing to make up for
  RowMatrix target;           // rows of the original's result
  RowMatrix shortcut_target;  // rows of the original's shortcut
};

// Of two branches that meet, the later one makes up for the error of the earlier.
bool comes_after(const Graph& graph, ValueId result, ValueId shortcut) {
  const std::vector<NodeId>& order = graph.order();
  auto here = std::ranges::find(order, graph.value(result).producer);
  return std::find(order.begin(), here, graph.value(shortcut).producer) != here;
}

// The targets of every layer, in one pass of the original.
void collect_targets(const Graph& original, std::vector<Refit>& refits, const Batches& data, int64_t rows, int threads) {
  ExecutorOptions options{.threads = threads};
  for (const Refit& refit : refits) {
    options.keep.push_back(original.value(refit.result).name);
    if (refit.join.shortcut != ValueId::none) options.keep.push_back(original.value(refit.join.shortcut).name);
  }
  auto executor = unwrap(Executor::create(std::make_shared<const Graph>(original), options));
  for (int64_t batch = 0; batch < data.count; ++batch) {
    std::vector<Tensor> values = unwrap(executor->run(data.get(batch)));
    size_t next = original.outputs.size();
    for (Refit& refit : refits) {
      LayerRows layer(original, refit.use);
      auto keep = [&](RowMatrix& target) {
        if (target.size() == 0) target.resize(rows * data.count, layer.outputs());
        target.middleRows(batch * rows, rows) = layer.results(values[next++], rows);
      };
      keep(refit.target);
      if (refit.join.shortcut != ValueId::none) keep(refit.shortcut_target);
    }
  }
}

struct Solution {
  RowMatrix weight;
  Eigen::VectorXf bias;
};

// argmin over W, b of |y - x W^T - b|^2 + ridge |W - start|^2, rows centred first so that b is free.
Solution solve(const RowMatrix& x, const RowMatrix& y, const RowMatrix& start, double ridge) {
  Eigen::RowVectorXf mean_x = x.colwise().mean(), mean_y = y.colwise().mean();
  RowMatrix centred = x.rowwise() - mean_x;
  RowMatrix residual = (y.rowwise() - mean_y) - centred * start.transpose();
  Eigen::MatrixXf columns = centred.transpose();
  Eigen::MatrixXf square = Eigen::MatrixXf::Zero(columns.rows(), columns.rows());
  square.selfadjointView<Eigen::Lower>().rankUpdate(columns);
  Eigen::MatrixXd normal = square.cast<double>().selfadjointView<Eigen::Lower>();
  normal.diagonal().array() += ridge * normal.diagonal().mean() + 1e-9;
  Eigen::MatrixXd right = (columns * residual).cast<double>();
  RowMatrix step = normal.llt().solve(right).transpose().cast<float>();
  Solution solution{start + step, {}};
  solution.bias = (mean_y - mean_x * solution.weight.transpose()).transpose();
  return solution;
}

void write_back(Graph& graph, const Refit& refit, const LayerRows& layer, const Solution& solution) {
  ValueId weight = refit.use.weight;
  Tensor tensor = layer.tensor(solution.weight, *graph.value(weight).constant);
  Node& node = graph.node(refit.use.node);
  std::string weight_name = graph.value(weight).name;
  Tensor bias(DType::float32, {static_cast<int64_t>(solution.bias.size())});
  for (Eigen::Index c = 0; c < solution.bias.size(); ++c) bias.mutable_data<float>()[static_cast<size_t>(c)] = solution.bias[c];
  if (Gemm* gemm = as<Gemm>(node.op)) gemm->beta = 1;
  replace_constant(graph, refit.use.node, 1, weight_name, std::move(tensor));
  replace_constant(graph, refit.use.node, 2, weight_name + ".bias", std::move(bias));
}

// Layers that lost inputs; MatMul has nowhere to put a bias.
std::vector<Refit> layers_to_refit(const Graph& original, const KeptIndices& kept, const CompensateOptions& options) {
  std::vector<Refit> refits;
  Uses uses(original);
  bool behind = false;
  for (const WeightUse& use : weight_uses(original)) {
    bool lost_inputs = kept.contains({use.weight, use.input_axis});
    bool wanted = lost_inputs || (behind && options.all_layers);
    behind = behind || lost_inputs;
    const Node& node = original.node(use.node);
    if (!wanted || !LayerRows::supports(original, use) || as<MatMul>(node.op)) continue;
    if (original.value(node.inputs[0]).producer == NodeId::none) continue;
    int64_t channels = LayerRows(original, use).outputs();
    ResidualJoin join = residual_join(original, uses, node.outputs[0], channels);
    if (join.shortcut != ValueId::none && !comes_after(original, node.outputs[0], join.shortcut)) join.shortcut = ValueId::none;
    refits.push_back({use, node.outputs[0], std::move(join), {}, {}});
  }
  return refits;
}

RowMatrix gather_rows(const std::vector<Tensor>& batches, int64_t rows, auto&& read) {
  RowMatrix all;
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    RowMatrix part = read(batches[batch]);
    if (batch == 0) all.resize(rows * static_cast<int64_t>(batches.size()), part.cols());
    all.middleRows(static_cast<int64_t>(batch) * rows, rows) = part;
  }
  return all;
}

}  // namespace

int compensate(const Graph& original, Graph& pruned, const KeptIndices& kept, const Batches& data,
               const CompensateOptions& options) {
  if (data.count < 1) throw Error(ErrorCode::usage, "refitting weights needs at least one batch of data");
  std::vector<Refit> refits = layers_to_refit(original, kept, options);
  if (refits.empty()) return 0;
  int64_t rows = std::max<int64_t>(1, options.samples / data.count);
  collect_targets(original, refits, data, rows, options.threads);

  StagedRun run(pruned, data, options.threads);
  for (size_t i = 0; i < refits.size(); ++i) {
    Refit& refit = refits[i];
    refit.use.weight = pruned.node(refit.use.node).inputs[1];
    LayerRows layer(pruned, refit.use);
    RowMatrix y = std::move(refit.target);
    auto lost = kept.find({original.node(refit.use.node).inputs[1], refit.use.output_axis});
    auto narrow = [&](const auto& rows) { return lost == kept.end() ? rows : rows(Eigen::all, lost->second).eval(); };
    y = narrow(y);
    if (refit.join.shortcut != ValueId::none) {
      RowMatrix now = gather_rows(*unwrap(run.get(refit.join.shortcut)), rows,
                                  [&](const Tensor& batch) { return layer.results(batch, rows); });
      // A channel that the normalization all but switches off cannot make up for anything.
      Eigen::RowVectorXf gain = narrow(Eigen::RowVectorXf(refit.join.gain.transpose()));
      Eigen::ArrayXf inverse = gain.array().abs().max(kSmallestGain).inverse() * gain.array().sign();
      y += (narrow(refit.shortcut_target) - now) * inverse.matrix().asDiagonal();
    }
    RowMatrix x = gather_rows(*unwrap(run.get(pruned.node(refit.use.node).inputs[0])), rows,
                              [&](const Tensor& batch) { return layer.inputs(batch, rows); });
    write_back(pruned, refit, layer, solve(x, y, layer.weight(*pruned.value(refit.use.weight).constant), options.ridge));
    refit = {};
    if (options.progress) options.progress("refit", static_cast<double>(i + 1) / static_cast<double>(refits.size()));
  }
  pruned.remove_unused();
  unwrap(infer_types(pruned));
  unwrap(verify(pruned));
  return static_cast<int>(refits.size());
}

}  // namespace pare
