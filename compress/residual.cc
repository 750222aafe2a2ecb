#include "compress/residual.h"

#include <algorithm>
#include <cmath>

namespace pare {
namespace {

bool constant_parameters(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin() + 1, node.inputs.end(),
                     [&](ValueId id) { return id != ValueId::none && graph.value(id).constant.has_value(); });
}

Eigen::VectorXf gain_of(const Graph& graph, const Node& node) {
  const auto& norm = *as<BatchNormalization>(node.op);
  const Tensor& scale = *graph.value(node.inputs[1]).constant;
  const Tensor& variance = *graph.value(node.inputs[4]).constant;
  Eigen::VectorXf gain(scale.size());
  for (int64_t c = 0; c < scale.size(); ++c) {
    gain[c] = static_cast<float>(scale.as_double(c) / std::sqrt(variance.as_double(c) + static_cast<double>(norm.epsilon)));
  }
  return gain;
}

}  // namespace

ResidualJoin residual_join(const Graph& graph, const Uses& uses, ValueId result, int64_t channels) {
  ResidualJoin join{Eigen::VectorXf::Ones(channels)};
  ValueId at = result;
  if (uses.single(at)) {
    const Node& next = graph.node(uses.of(at)[0].node);
    if (as<BatchNormalization>(next.op) && constant_parameters(graph, next)) {
      join.gain = gain_of(graph, next);
      at = next.outputs[0];
    }
  }
  if (!uses.single(at)) return join;
  const Node& next = graph.node(uses.of(at)[0].node);
  if (!as<Binary>(next.op, Binary::Kind::Add)) return join;
  ValueId shortcut = next.inputs[uses.of(at)[0].slot == 0 ? 1 : 0];
  const Value& other = graph.value(shortcut);
  if (other.constant || other.producer == NodeId::none || other.type != graph.value(at).type) return join;
  join.sum = next.outputs[0];
  join.shortcut = shortcut;
  return join;
}

}  // namespace pare
