#include "quantize/weight_steps.h"

#include <cmath>
#include <set>

namespace pare {

ScaleIndex::ScaleIndex(const Graph& graph, const QuantizedWeight& weight) : block_(weight.block), one_(weight.axis < 0) {
  if (one_) return;
  const Dims& dims = graph.value(weight.integers).constant->dims();
  extent_ = dims[static_cast<size_t>(weight.axis)];
  for (size_t i = static_cast<size_t>(weight.axis) + 1; i < dims.size(); ++i) inner_ *= dims[i];
}

int64_t ScaleIndex::operator()(int64_t element) const {
  if (one_) return 0;
  const int64_t along = element / inner_ % extent_;
  if (block_ == 0) return along;
  const int64_t blocks = (extent_ + block_ - 1) / block_;
  return (element / (inner_ * extent_) * blocks + along / block_) * inner_ + element % inner_;
}

bool rows_own_scales(const Graph& graph, const Uses& uses, const SampledLayer& layer) {
  if (layer.weight.axis < 0 || layer.weight.block != 0) return false;
  if (!uses.single(graph.node(layer.weight.dequantize).outputs[0])) return false;
  const ScaleIndex index(graph, layer.weight);
  std::set<int64_t> seen;
  const LayerMatrix& m = layer.matrix;
  for (int64_t g = 0; g < m.groups; ++g) {
    for (int64_t r = 0; r < m.rows; ++r) {
      const int64_t own = index(m.element(g, r, 0));
      if (!seen.insert(own).second) return false;
      for (int64_t c = 1; c < m.columns; ++c) {
        if (index(m.element(g, r, c)) != own) return false;
      }
    }
  }
  return true;
}

std::vector<float> read_bias(const Graph& graph, const SampledLayer& layer) {
  const Node& node = graph.node(layer.weight.node);
  std::vector<float> bias(static_cast<size_t>(layer.outputs()), 0.0f);
  if (node.inputs.size() < 3 || node.inputs[2] == ValueId::none) return bias;
  const Value& value = graph.value(node.inputs[2]);
  if (value.constant) return value.constant->floats();
  const Node& dequantize = graph.node(value.producer);
  const Tensor& integers = *graph.value(dequantize.inputs[0]).constant;
  const Tensor& scales = *graph.value(dequantize.inputs[1]).constant;
  for (int64_t i = 0; i < integers.size(); ++i) {
    bias[static_cast<size_t>(i)] = static_cast<float>(integers.as_double(i) * scales.as_double(scales.size() == 1 ? 0 : i));
  }
  return bias;
}

bool ensure_bias(Graph& graph, const SampledLayer& layer) {
  Node& node = graph.node(layer.weight.node);
  if (!layer.plain || as<MatMul>(node.op)) return false;
  if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) return true;
  const std::string name = graph.value(node.outputs[0]).name + "_bias";
  const Dims dims{layer.outputs()};
  node.inputs.resize(3, ValueId::none);
  const auto input_scale = dequantized_scale(graph, layer.matrix.activation);
  if (!input_scale) {
    node.inputs[2] = graph.add_constant(name, Tensor(DType::float32, dims));
    return true;
  }
  const ValueId integers = graph.add_constant(name + "_q", Tensor(DType::int32, dims));
  const ValueId scale = graph.add_constant(name + "_scale", Tensor::scalar(1.0f));
  DequantizeLinear op;
  op.axis = 0;
  const ValueId bias = graph.add_value(name, {DType::float32, Type(Tensor(DType::float32, dims).type()).shape});
  graph.add_node(op, {integers, scale}, {bias}, {}, layer.weight.node);
  graph.node(layer.weight.node).inputs[2] = bias;
  return true;
}

namespace {

// int32 at the product of the scales: one for each output, or one where the weight has one.
void write_bias(Graph& graph, const SampledLayer& layer, const std::vector<float>& bias) {
  const Node& node = graph.node(layer.weight.node);
  const Value& old = graph.value(node.inputs[2]);
  const Dims dims{layer.outputs()};
  if (old.constant) {
    graph.node(layer.weight.node).inputs[2] = graph.add_constant(old.name, Tensor::of(dims, bias));
    return;
  }
  const NodeId id = old.producer;
  const float input = dequantized_scale(graph, layer.matrix.activation).value_or(1.0f);
  const Tensor& scales = *graph.value(layer.weight.scale).constant;
  const ScaleIndex index(graph, layer.weight);
  Tensor integers(DType::int32, dims), product(DType::float32, scales.size() == 1 ? Dims{} : dims);
  for (int64_t g = 0; g < layer.matrix.groups; ++g) {
    for (int64_t r = 0; r < layer.matrix.rows; ++r) {
      const int64_t at = g * layer.matrix.rows + r;
      const float scale = input * static_cast<float>(scales.as_double(index(layer.matrix.element(g, r, 0))));
      if (product.size() > 1 || at == 0) product.mutable_data<float>()[static_cast<size_t>(product.size() > 1 ? at : 0)] = scale;
      integers.set_double(at, std::nearbyint(bias[static_cast<size_t>(at)] / scale));
    }
  }
  const std::string name = graph.value(graph.node(id).inputs[0]).name, scale_name = graph.value(graph.node(id).inputs[1]).name;
  graph.node(id).inputs = {graph.add_constant(name, integers), graph.add_constant(scale_name, product)};
}

}  // namespace

void write_weight(Graph& graph, const SampledLayer& layer, const std::vector<float>& integers,
                  const std::optional<std::vector<float>>& scales, const std::optional<std::vector<float>>& bias) {
  const Tensor& old = *graph.value(layer.weight.integers).constant;
  const ScaleIndex index(graph, layer.weight);
  const Tensor* zero = layer.weight.zero_point == ValueId::none ? nullptr : &*graph.value(layer.weight.zero_point).constant;
  Tensor tensor(old.dtype(), old.dims());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    tensor.set_double(i, integers[static_cast<size_t>(i)] + (zero ? zero->as_double(index(i)) : 0.0));
  }
  graph.node(layer.weight.dequantize).inputs[0] =
      graph.add_constant(graph.value(layer.weight.integers).name, std::move(tensor));
  SampledLayer written = layer;
  if (scales) {
    const Value& scale = graph.value(layer.weight.scale);
    written.weight.scale = graph.add_constant(scale.name, Tensor::of(scale.constant->dims(), *scales));
    graph.node(layer.weight.dequantize).inputs[1] = written.weight.scale;
  }
  if (bias) write_bias(graph, written, *bias);
}

}  // namespace pare
