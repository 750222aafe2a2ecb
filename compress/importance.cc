#include "compress/importance.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <map>

#include "compress/layer_rows.h"
#include "compress/residual.h"
#include "compress/weight_axes.h"
#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {
namespace {

constexpr int64_t kLargestSystem = 2560;  // unknowns of an elimination: its time grows with the cube
constexpr double kRidge = 1e-3;           // of the mean variance of a column

// L1 norms of the slices of a float tensor along an axis.
std::vector<double> slice_norms(const Tensor& tensor, int axis) {
  auto extent = tensor.dims()[static_cast<size_t>(axis)];
  int64_t inner = 1;
  for (int i = axis + 1; i < tensor.rank(); ++i) inner *= tensor.dims()[static_cast<size_t>(i)];
  std::vector<double> norms(static_cast<size_t>(extent), 0);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    norms[static_cast<size_t>(i / inner % extent)] += std::abs(tensor.as_double(i));
  }
  return norms;
}

// Relative L1 norm of each channel: norm of the slice over the mean norm, summed over every weight that produces it.
std::vector<double> l1_scores(const Graph& graph, const Coupling& coupling) {
  std::map<ValueAxis, std::vector<double>> norms;
  for (const WeightUse& use : weight_uses(graph)) {
    if (use.output_axis < 0 || norms.contains({use.weight, use.output_axis})) continue;
    std::vector<double>& slices = norms[{use.weight, use.output_axis}];
    slices = slice_norms(*graph.value(use.weight).constant, use.output_axis);
    double total = 0;
    for (double norm : slices) total += norm;
    double mean = total / static_cast<double>(std::max<size_t>(1, slices.size()));
    for (double& norm : slices) norm = mean > 0 ? norm / mean : 0;
  }
  std::vector<double> scores;
  for (const CoupledChannel& channel : coupling.channels) {
    double total = 0;
    for (const AxisElement& element : channel.elements) {
      auto found = norms.find(element.at);
      if (found != norms.end()) total += found->second[static_cast<size_t>(element.index)];
    }
    scores.push_back(total);
  }
  return scores;
}

std::vector<EliminationStep> order_by_score(const std::vector<int>& channels, const std::vector<double>& scores) {
  std::vector<EliminationStep> steps;
  for (int channel : channels) steps.push_back({channel, scores[static_cast<size_t>(channel)]});
  std::ranges::stable_sort(steps, {}, &EliminationStep::loss);
  double total = 0;
  for (EliminationStep& step : steps) {
    total += step.loss * step.loss;
    step.loss = total;
  }
  return steps;
}

// Centred second moments of what a layer reads, and the variance of the sum that its result joins.
struct Moments {
  WeightUse use;
  LayerRows rows;
  ResidualJoin join;
  Eigen::VectorXd joined_sum, joined_square;
  Eigen::VectorXd sum;
  Eigen::MatrixXd products;  // lower triangle
  int64_t count = 0;

  Moments(const Graph& graph, const Uses& uses, const WeightUse& weight_use)
      : use(weight_use),
        rows(graph, weight_use),
        join(residual_join(graph, uses, graph.node(weight_use.node).outputs[0], rows.outputs())),
        joined_sum(Eigen::VectorXd::Zero(rows.outputs())),
        joined_square(Eigen::VectorXd::Zero(rows.outputs())) {
    int64_t size = rows.input_channels() * rows.block();
    sum = Eigen::VectorXd::Zero(size);
    products = Eigen::MatrixXd::Zero(size, size);
  }
  void add(const Tensor& data, int64_t sample) {
    Eigen::MatrixXf x = rows.inputs(data, sample).transpose();
    Eigen::MatrixXf square = Eigen::MatrixXf::Zero(x.rows(), x.rows());
    square.selfadjointView<Eigen::Lower>().rankUpdate(x);
    products += square.cast<double>();
    sum += x.rowwise().sum().cast<double>();
    count += sample;
  }
  void add_joined(const Tensor& result, int64_t sample) {
    Eigen::MatrixXd y = rows.results(result, sample).cast<double>();
    joined_sum += y.colwise().sum().transpose();
    joined_square += y.cwiseProduct(y).colwise().sum().transpose();
  }
  // Total variance of the joined sum; 0 where the result joins none.
  double joined_variance() const {
    Eigen::VectorXd mean = joined_sum / static_cast<double>(count);
    return (joined_square / static_cast<double>(count) - mean.cwiseProduct(mean)).sum();
  }
  Eigen::MatrixXd covariance() const {
    Eigen::MatrixXd full = products.selfadjointView<Eigen::Lower>();
    Eigen::VectorXd mean = sum / static_cast<double>(count);
    full = full / static_cast<double>(count) - mean * mean.transpose();
    full.diagonal().array() += kRidge * full.diagonal().mean() + 1e-12;
    return full;
  }
};

// One layer that reads the group: its inverse covariance and weight while channels are eliminated.
class Reader {
 public:
  Reader(const Moments& moments, const Tensor& weight)
      : use_(moments.use), block_(moments.rows.block()), weight_(moments.rows.weight(weight).cast<double>()) {
    Eigen::MatrixXd covariance = moments.covariance();
    weight_ = moments.join.gain.cast<double>().asDiagonal() * weight_;
    double own = (weight_ * covariance).cwiseProduct(weight_).sum();
    energy_ = std::max(1e-12, moments.join.sum != ValueId::none ? moments.joined_variance() : own);
    if (covariance.rows() <= kLargestSystem) {
      inverse_ = covariance.llt().solve(Eigen::MatrixXd::Identity(covariance.rows(), covariance.cols()));
    } else {
      diagonal_blocks_ = std::move(covariance);
    }
  }

  // Columns of the weight that the channel owns.
  std::vector<Eigen::Index> columns(const CoupledChannel& channel) const {
    std::vector<Eigen::Index> result;
    for (const AxisElement& element : channel.elements) {
      if (element.at != ValueAxis{use_.weight, use_.input_axis}) continue;
      for (int64_t k = 0; k < block_; ++k) result.push_back(element.index * block_ + k);
    }
    return result;
  }
  double loss(const std::vector<Eigen::Index>& columns) const {
    if (columns.empty()) return 0;
    Eigen::MatrixXd part = weight_(Eigen::all, columns);
    if (inverse_.size() == 0) {
      Eigen::MatrixXd square = diagonal_blocks_(columns, columns);
      return (part * square).cwiseProduct(part).sum() / energy_;
    }
    Eigen::MatrixXd square = inverse_(columns, columns);
    Eigen::MatrixXd solved = square.llt().solve(part.transpose());
    return part.transpose().cwiseProduct(solved).sum() / energy_;
  }
  void eliminate(const std::vector<Eigen::Index>& columns) {
    if (columns.empty() || inverse_.size() == 0) return;
    Eigen::MatrixXd rows = inverse_(columns, Eigen::all);
    Eigen::MatrixXd square = inverse_(columns, columns);
    Eigen::MatrixXd solved = square.llt().solve(rows);
    weight_ -= weight_(Eigen::all, columns).eval() * solved;
    inverse_ -= rows.transpose() * solved;
    for (Eigen::Index column : columns) {
      inverse_.row(column).setZero();
      inverse_.col(column).setZero();
      inverse_(column, column) = 1;  // keeps later factorizations definite; the weight there is zero
      weight_.col(column).setZero();
    }
  }

 private:
  WeightUse use_;
  int64_t block_;
  Eigen::MatrixXd weight_, inverse_, diagonal_blocks_;
  double energy_ = 1;
};

std::vector<EliminationStep> eliminate(const Coupling& coupling, const ChannelGroup& group,
                                       std::vector<Reader> readers) {
  std::vector<int> left = group.channels;
  std::vector<EliminationStep> steps;
  double total = 0;
  while (!left.empty()) {
    double best = 0;
    size_t chosen = left.size();
    for (size_t i = 0; i < left.size(); ++i) {
      double loss = 0;
      for (const Reader& reader : readers) {
        loss += reader.loss(reader.columns(coupling.channels[static_cast<size_t>(left[i])]));
      }
      if (chosen == left.size() || loss < best) {
        best = loss;
        chosen = i;
      }
    }
    total += std::max(0.0, best);
    steps.push_back({left[chosen], total});
    for (Reader& reader : readers) {
      reader.eliminate(reader.columns(coupling.channels[static_cast<size_t>(left[chosen])]));
    }
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return steps;
}

// Moments of every supported layer that reads one of the channels, in one pass over the data.
std::vector<Moments> collect_moments(const Graph& graph, const Coupling& coupling, const PruneOptions& options,
                                     const Batches& data) {
  std::vector<bool> wanted(graph.value_limit(), false);
  for (const ChannelGroup& group : coupling.groups) {
    for (const ValueAxis& at : group.axes) wanted[static_cast<size_t>(at.value)] = true;
  }
  std::vector<Moments> moments;
  Uses uses(graph);
  ExecutorOptions executor_options{.threads = options.threads};
  for (const WeightUse& use : weight_uses(graph)) {
    ValueId input = graph.node(use.node).inputs[0];
    if (!wanted[static_cast<size_t>(use.weight)] || !LayerRows::supports(graph, use)) continue;
    if (graph.value(input).producer == NodeId::none) continue;
    moments.emplace_back(graph, uses, use);
    executor_options.keep.push_back(graph.value(input).name);
    if (ValueId sum = moments.back().join.sum; sum != ValueId::none) executor_options.keep.push_back(graph.value(sum).name);
  }
  auto executor = unwrap(Executor::create(std::make_shared<const Graph>(graph), executor_options));
  int64_t sample = std::max<int64_t>(1, options.samples / std::max<int64_t>(1, data.count));
  for (int64_t batch = 0; batch < data.count; ++batch) {
    std::vector<Tensor> values = unwrap(executor->run(data.get(batch)));
    size_t next = graph.outputs.size();
    for (Moments& layer : moments) {
      layer.add(values[next++], sample);
      if (layer.join.sum != ValueId::none) layer.add_joined(values[next++], sample);
    }
    if (options.progress) options.progress("statistics", static_cast<double>(batch + 1) / static_cast<double>(data.count));
  }
  return moments;
}

bool reads(const ChannelGroup& group, const WeightUse& use) {
  return std::ranges::find(group.axes, ValueAxis{use.weight, use.input_axis}) != group.axes.end();
}

}  // namespace

std::vector<std::vector<EliminationStep>> elimination_orders(const Graph& graph, const Coupling& coupling,
                                                             const PruneOptions& options, const Batches* data) {
  std::vector<double> scores = l1_scores(graph, coupling);
  std::vector<std::vector<EliminationStep>> orders;
  bool measured = options.importance == Importance::reconstruct ||
                  (options.importance == Importance::automatic && data != nullptr && data->count > 0);
  if (!measured) {
    for (const ChannelGroup& group : coupling.groups) orders.push_back(order_by_score(group.channels, scores));
    return orders;
  }
  if (data == nullptr || data->count < 1) {
    throw Error(ErrorCode::usage, "importance 'reconstruct' needs calibration data, but none was given");
  }
  std::vector<Moments> moments = collect_moments(graph, coupling, options, *data);
  for (size_t g = 0; g < coupling.groups.size(); ++g) {
    const ChannelGroup& group = coupling.groups[g];
    std::vector<Reader> readers;
    for (const Moments& layer : moments) {
      if (reads(group, layer.use)) readers.emplace_back(layer, *graph.value(layer.use.weight).constant);
    }
    // Read by nothing that can be refitted: an average channel counts as its share of the group.
    if (readers.empty()) {
      orders.push_back(order_by_score(group.channels, scores));
      for (EliminationStep& step : orders.back()) step.loss /= static_cast<double>(group.channels.size());
    } else {
      orders.push_back(eliminate(coupling, group, std::move(readers)));
    }
    if (options.progress) {
      options.progress("elimination", static_cast<double>(g + 1) / static_cast<double>(coupling.groups.size()));
    }
  }
  return orders;
}

}  // namespace pare
