#include "compress/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "compress/rewrite.h"
#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "runtime/executor.h"

namespace pare {
namespace {

constexpr size_t kMeanSlot = 3, kVarianceSlot = 4;

struct Statistics {
  NodeId node;
  std::string mean_name, variance_name;  // of the values that the batch's statistics appear in
  std::vector<double> mean, square, variance;
};

bool suitable(const Graph& graph, const Node& node) {
  if (as<BatchNormalization>(node.op) == nullptr || node.inputs.size() <= kVarianceSlot) return false;
  const std::optional<Shape>& shape = graph.value(node.inputs[0]).type.shape;
  for (size_t slot = 1; slot <= kVarianceSlot; ++slot) {
    const Value& parameter = graph.value(node.inputs[slot]);
    if (!parameter.constant || parameter.constant->dtype() != DType::float32) return false;
  }
  return shape && shape->size() >= 2;
}

ValueId binary(Graph& graph, Binary::Kind kind, ValueId a, ValueId b, NodeId before) {
  return graph.add(Binary{.kind = kind}, {a, b}, "", before);
}

ValueId channel_constant(Graph& graph, ValueId parameter, size_t rank) {
  const Tensor& tensor = *graph.value(parameter).constant;
  Dims dims(rank, 1);
  dims[1] = tensor.size();
  return graph.add_constant(graph.value(parameter).name, tensor.reshaped(dims));
}

// Replaces the node by its definition in training mode: y = (x - mean(x)) / sqrt(var(x) + epsilon) * scale + shift.
Statistics normalize_by_batch(Graph& graph, NodeId id) {
  Node node = graph.node(id);
  auto norm = *as<BatchNormalization>(node.op);
  size_t rank = graph.value(node.inputs[0]).type.shape->size();
  std::vector<int64_t> axes{0};
  for (size_t axis = 2; axis < rank; ++axis) axes.push_back(static_cast<int64_t>(axis));
  ValueId over = graph.add_constant("", Tensor::of<int64_t>({static_cast<int64_t>(axes.size())}, axes));
  auto mean_of = [&](ValueId x) { return graph.add(Reduce{.kind = Reduce::Kind::Mean}, {x, over}, "", id); };

  ValueId mean = mean_of(node.inputs[0]);
  ValueId centred = binary(graph, Binary::Kind::Sub, node.inputs[0], mean, id);
  ValueId variance = mean_of(binary(graph, Binary::Kind::Mul, centred, centred, id));
  ValueId epsilon = graph.add_constant("", Tensor::scalar(norm.epsilon));
  ValueId deviation = graph.add(Unary{.kind = Unary::Kind::Sqrt},
                                {binary(graph, Binary::Kind::Add, variance, epsilon, id)}, "", id);
  ValueId gain = binary(graph, Binary::Kind::Div, channel_constant(graph, node.inputs[1], rank), deviation, id);
  ValueId scaled = binary(graph, Binary::Kind::Mul, centred, gain, id);
  ValueId result = binary(graph, Binary::Kind::Add, scaled, channel_constant(graph, node.inputs[2], rank), id);
  graph.value(result).type = graph.value(node.outputs[0]).type;
  graph.replace_uses(node.outputs[0], result);

  auto channels = static_cast<size_t>(graph.value(node.inputs[kMeanSlot]).constant->size());
  Statistics statistics{id, graph.value(mean).name, graph.value(variance).name};
  for (auto* sums : {&statistics.mean, &statistics.square, &statistics.variance}) sums->assign(channels, 0);
  return statistics;
}

void add_batch(Statistics& statistics, const Tensor& mean, const Tensor& variance) {
  for (size_t c = 0; c < statistics.mean.size(); ++c) {
    double m = mean.as_double(static_cast<int64_t>(c));
    statistics.mean[c] += m;
    statistics.square[c] += m * m;
    statistics.variance[c] += variance.as_double(static_cast<int64_t>(c));
  }
}

Tensor vector_of(const std::vector<double>& values) {
  Tensor tensor(DType::float32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) tensor.set_double(static_cast<int64_t>(i), values[i]);
  return tensor;
}

void write_back(Graph& graph, Statistics statistics, double batches) {
  for (size_t c = 0; c < statistics.mean.size(); ++c) {
    statistics.mean[c] /= batches;
    double between = std::max(0.0, statistics.square[c] / batches - statistics.mean[c] * statistics.mean[c]);
    statistics.variance[c] = statistics.variance[c] / batches + between;
  }
  for (auto [slot, values] : {std::pair(kMeanSlot, &statistics.mean), std::pair(kVarianceSlot, &statistics.variance)}) {
    std::string name = graph.value(graph.node(statistics.node).inputs[slot]).name;
    replace_constant(graph, statistics.node, slot, name, vector_of(*values));
  }
}

}  // namespace

int reestimate_batch_norm(Graph& graph, const Batches& data, const BatchNormOptions& options) {
  if (data.count < 1) throw Error(ErrorCode::usage, "re-estimating statistics needs at least one batch of data");
  auto training = std::make_shared<Graph>(graph);
  std::vector<Statistics> all;
  ExecutorOptions executor_options{.threads = options.threads};
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!suitable(graph, graph.node(id))) continue;
    all.push_back(normalize_by_batch(*training, id));
    executor_options.keep.push_back(all.back().mean_name);
    executor_options.keep.push_back(all.back().variance_name);
  }
  if (all.empty()) return 0;
  training->remove_unused();
  unwrap(infer_types(*training));
  auto executor = unwrap(Executor::create(training, executor_options));
  for (int64_t batch = 0; batch < data.count; ++batch) {
    std::vector<Tensor> values = unwrap(executor->run(data.get(batch)));
    const Tensor* kept = values.data() + training->outputs.size();
    for (size_t i = 0; i < all.size(); ++i) add_batch(all[i], kept[2 * i], kept[2 * i + 1]);
    if (options.progress) options.progress(batch + 1, data.count);
  }
  for (Statistics& statistics : all) write_back(graph, std::move(statistics), static_cast<double>(data.count));
  graph.remove_unused();
  unwrap(verify(graph));
  return static_cast<int>(all.size());
}

}  // namespace pare
