#include <map>

#include "graph/error.h"
#include "quantize/weight_quantizer.h"

namespace pare {
namespace {

Tensor transposed(const Tensor& matrix) {
  const int64_t rows = matrix.dims()[0], columns = matrix.dims()[1];
  Tensor result(matrix.dtype(), {columns, rows});
  const auto from = matrix.bytes();
  const auto to = result.mutable_bytes();
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) to[static_cast<size_t>(c * rows + r)] = from[static_cast<size_t>(r * columns + c)];
  }
  return result;
}

class DynamicQuantizer {
 public:
  DynamicQuantizer(Graph& graph, const Placement& placement, const std::vector<LayerSettings>& settings, const QuantizeOptions& options)
      : graph_(graph), placement_(placement), weights_(graph, options, settings) {}

  QuantizeReport run() {
    for (const PlacedConstant& passed : placement_.passed) weights_.replace_table(passed);
    std::map<NodeId, const PlacedConstant*> factors;
    for (const PlacedConstant& weight : placement_.weights) {
      if (weight.slot == 1) factors[weight.node] = &weight;
      if (op_role(graph_.node(weight.node).op) == Role::recurs) weights_.replace(weight, 8);
    }
    const std::vector<NodeId> order = graph_.order();
    for (const NodeId id : order) {
      if (!placement_.integer[static_cast<size_t>(id)] || op_role(graph_.node(id).op) != Role::computes) continue;
      const auto factor = factors.find(id);
      const std::string reason = as<MatMul>(graph_.node(id).op) ? matmul(id, factor == factors.end() ? nullptr : factor->second)
                                 : as<Gemm>(graph_.node(id).op) ? gemm(id, factor == factors.end() ? nullptr : factor->second)
                                                                : "it has no dynamic form in ONNX; quantize it statically, with data";
      if (!reason.empty()) weights_.report.kept_float.push_back(describe(graph_, id) + ": " + reason);
    }
    weights_.report.activations = static_cast<int64_t>(dynamic_.size());
    finish(graph_, placement_, weights_.report, "multiplies matrices or recurs on float32");
    return std::move(weights_.report);
  }

 private:
  // q, scale and zero point of a value at run time; once for all that read it.
  struct Dynamic {
    ValueId q, scale, zero;
  };
  const Dynamic& dynamic(ValueId value) {
    const auto [it, fresh] = dynamic_.try_emplace(value);
    if (fresh) {
      const std::string name = graph_.value(value).name;
      it->second = {graph_.add_value(name + "_q"), graph_.add_value(name + "_scale"), graph_.add_value(name + "_zero_point")};
      graph_.add_node(DynamicQuantizeLinear{}, {value}, {it->second.q, it->second.scale, it->second.zero});
    }
    return it->second;
  }

  // y (+ bias) = Cast(a_q b_q) * (sa * sb), in place of the node.
  void replace(NodeId id, const Dynamic& a, const Dynamic& b, ValueId bias) {
    const ValueId output = graph_.node(id).outputs[0];
    const std::string name = graph_.value(output).name;
    std::vector<ValueId> operands{a.q, b.q, a.zero};
    if (b.zero != ValueId::none) operands.push_back(b.zero);
    const ValueId sum = graph_.add(MatMulInteger{}, operands, name + "_sum");
    Cast cast;
    cast.to = DType::float32;
    const ValueId real = graph_.add(cast, {sum}, name + "_real");
    const ValueId scale = graph_.add(binary(Binary::Kind::Mul), {a.scale, b.scale}, name + "_scale");
    const std::string node_name = graph_.node(id).name;
    graph_.remove_node(id);
    if (bias == ValueId::none) {
      graph_.add_node(binary(Binary::Kind::Mul), {real, scale}, {output}, node_name);
      return;
    }
    const ValueId product = graph_.add(binary(Binary::Kind::Mul), {real, scale}, name + "_product");
    graph_.add_node(binary(Binary::Kind::Add), {product, bias}, {output}, node_name);
  }
  static Binary binary(Binary::Kind kind) {
    Binary op;
    op.kind = kind;
    return op;
  }

  Dynamic constant(const PlacedConstant& weight, const WeightQuantizer::Quantized& quantized) {
    const std::string name = graph_.value(graph_.node(weight.node).inputs[1]).name;
    weights_.book(weight, *graph_.value(graph_.node(weight.node).inputs[1]).constant, quantized, 8);
    Dynamic result{weights_.writer.shared_constant(name + "_q", quantized.integers),
                   weights_.writer.shared_constant(name + "_scale", scale_tensor(quantized.grid)), ValueId::none};
    if (!quantized.grid.zeros.empty()) result.zero = weights_.writer.shared_constant(name + "_zero_point", zero_point_tensor(quantized.grid));
    return result;
  }

  // Each returns why not, or nothing.
  std::string matmul(NodeId id, const PlacedConstant* weight) {
    const ValueId a = graph_.node(id).inputs[0], b = graph_.node(id).inputs[1];
    if (graph_.value(a).constant) return "its first operand is a constant";
    if (!weight) {
      const Dynamic left = dynamic(a);
      replace(id, left, dynamic(b), ValueId::none);
      return {};
    }
    PlacedConstant placed = *weight;
    if (graph_.value(b).constant->rank() != 2) placed.axis = -1;  // a scale per column would not broadcast over batches
    const WeightQuantizer::Quantized quantized = weights_.quantize(placed);
    replace(id, dynamic(a), constant(placed, quantized), ValueId::none);
    return {};
  }

  std::string gemm(NodeId id, const PlacedConstant* weight) {
    const Node& node = graph_.node(id);
    const Gemm op = *as<Gemm>(node.op);
    if (!weight || graph_.value(node.inputs[0]).constant) return "its operands are not one computed and one constant";
    const bool biased = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
    if (op.alpha != 1 || (biased && op.beta != 1) || op.transA != 0) return "alpha, beta or transA differ from their defaults";
    WeightQuantizer::Quantized quantized = weights_.quantize(*weight);
    const ValueId bias = biased ? node.inputs[2] : ValueId::none, x = node.inputs[0];
    Dynamic factor = constant(*weight, quantized);
    if (op.transB != 0) factor.q = weights_.writer.shared_constant(graph_.value(factor.q).name + "_t", transposed(quantized.integers));
    replace(id, dynamic(x), factor, bias);
    return {};
  }

  Graph& graph_;
  const Placement& placement_;
  WeightQuantizer weights_;
  std::map<ValueId, Dynamic> dynamic_;
};

}  // namespace

QuantizeReport quantize_dynamic(Graph& graph, const QuantizeOptions& options) {
  const std::vector<LayerSettings> settings = resolve_settings(graph, options.settings, options.overrides, options.only);
  for (const NodeId id : graph.order()) {
    const LayerSettings& s = settings[static_cast<size_t>(id)];
    if (s.weight_bits == 8 && s.block == 0) continue;
    throw Error(ErrorCode::usage, "quantize: dynamic mode with " + std::to_string(s.weight_bits) + "-bit weights" +
                                      (s.block ? " in blocks" : "") + "; expected 8 bits without blocks, which is what "
                                      "MatMulInteger multiplies: use mode 'weights' for fewer bits");
  }
  PlaceOptions place;
  place.exclude = [&](const Node&, NodeId id) { return !settings[static_cast<size_t>(id)].quantize; };
  const Placement placement = place_quantizers(graph, place);
  return DynamicQuantizer(graph, placement, settings, options).run();
}

}  // namespace pare
