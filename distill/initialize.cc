#include "distill/initialize.h"

#include <cmath>

#include "distill/program.h"
#include "distill/random.h"

namespace pare {
namespace {

void fill(Graph& graph, ValueId id, float value) {
  Tensor tensor(DType::float32, graph.value(id).constant->dims());
  for (float& x : tensor.mutable_data<float>()) x = value;
  graph.set_constant(id, std::move(tensor));
}

// How many products each output of a weight sums.
int64_t fan_in(const Op& op, const Tensor& weight) {
  const int64_t all = std::max<int64_t>(1, weight.size());
  const Dims& dims = weight.dims();
  if (as<Conv>(op)) return all / dims[0];
  if (const auto* transpose = as<ConvTranspose>(op)) return all / dims[1] / transpose->group;
  if (const auto* gemm = as<Gemm>(op)) return dims[gemm->transB ? 1 : 0];
  return dims[dims.size() >= 2 ? dims.size() - 2 : 0];
}

void draw(Graph& graph, ValueId id, int64_t fan, Random& random) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(std::max<int64_t>(1, fan)));
  Tensor tensor(DType::float32, graph.value(id).constant->dims());
  for (float& x : tensor.mutable_data<float>()) x = static_cast<float>(random.normal() * deviation);
  graph.set_constant(id, std::move(tensor));
}

}  // namespace

void initialize_weights(Graph& graph, uint64_t seed) {
  Random random(seed);
  for (NodeId node_id : graph.order()) {
    const Node& node = graph.node(node_id);
    for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
      const ValueId id = node.inputs[slot];
      if (id == ValueId::none || !graph.value(id).constant) continue;
      const Tensor constant = *graph.value(id).constant;
      if (constant.dtype() != DType::float32) continue;
      if (as<BatchNormalization>(node.op)) {
        fill(graph, id, slot == 1 || slot == 4 ? 1.0f : 0.0f);
      } else if (is_weight(node.op, slot, constant.dims())) {
        if (as<InstanceNormalization>(node.op) || as<LayerNormalization>(node.op)) {
          fill(graph, id, slot == 1 ? 1.0f : 0.0f);
        } else if (as<MatMul>(node.op) || (op_role(node.op) == Role::computes && slot == 1)) {
          draw(graph, id, fan_in(node.op, constant), random);
        } else if (op_role(node.op) == Role::computes || as<Binary>(node.op, Binary::Kind::Add) ||
                   as<Binary>(node.op, Binary::Kind::Sub)) {
          fill(graph, id, 0.0f);
        }
      }
    }
  }
}

}  // namespace pare
