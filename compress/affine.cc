#include "compress/affine.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compress/rewrite.h"

namespace pare {
namespace {

bool is_float32(const Tensor* tensor) { return tensor != nullptr && tensor->dtype() == DType::float32; }

bool finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); });
}

// The tensor times scale[c] along an axis; nullopt where that overflows. With `groups`, axis 0 comes in that many
// parts, each with channels of its own along the axis.
std::optional<Tensor> scaled(const Tensor& tensor, int axis, const std::vector<double>& scale, int64_t groups = 1) {
  Tensor result = tensor;
  int64_t inner = 1, extent = tensor.dims()[static_cast<size_t>(axis)];
  for (int i = axis + 1; i < tensor.rank(); ++i) inner *= tensor.dims()[static_cast<size_t>(i)];
  std::span<float> values = result.mutable_data<float>();
  const int64_t per_group = std::max<int64_t>(1, tensor.size() / groups);
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i), group = groups == 1 ? 0 : at / per_group;
    const double value = values[i] * scale[static_cast<size_t>(group * extent + at / inner % extent)];
    if (std::abs(value) > std::numeric_limits<float>::max()) return std::nullopt;
    values[i] = static_cast<float>(value);
  }
  return result;
}

// The axis of the weight that stands for the layer's output channels; -1 where it cannot be scaled in place.
int output_axis(const Op& op, const Tensor& weight) {
  if (as<Conv>(op)) return 0;
  if (as<ConvTranspose>(op)) return 1;
  if (const Gemm* gemm = as<Gemm>(op)) return gemm->transB ? 0 : 1;
  return as<MatMul>(op) && weight.rank() == 2 ? 1 : -1;
}

int64_t weight_groups(const Op& op) {
  const ConvTranspose* conv = as<ConvTranspose>(op);
  return conv ? std::max<int64_t>(1, conv->group) : 1;
}

std::optional<Affine> affine_of_norm(const Graph& graph, const Node& node) {
  const auto& norm = *as<BatchNormalization>(node.op);
  if (norm.training_mode) return std::nullopt;
  const Tensor* parameters[4];
  for (size_t i = 0; i < 4; ++i) {
    parameters[i] = constant_of(graph, node, i + 1);
    if (!is_float32(parameters[i])) return std::nullopt;
  }
  Affine affine{node.inputs[0], {}, {}};
  for (int64_t c = 0; c < parameters[0]->size(); ++c) {
    double scale =
        parameters[0]->as_double(c) / std::sqrt(parameters[3]->as_double(c) + static_cast<double>(norm.epsilon));
    affine.scale.push_back(scale);
    affine.shift.push_back(parameters[1]->as_double(c) - parameters[2]->as_double(c) * scale);
  }
  return finite(affine.scale) && finite(affine.shift) ? std::optional(std::move(affine)) : std::nullopt;
}

// y = data (op) constant, or constant (op) data.
Affine affine_of_values(ValueId data, Binary::Kind kind, bool constant_first, const std::vector<double>& values) {
  Affine affine{data, std::vector<double>(values.size(), 1), std::vector<double>(values.size(), 0)};
  for (size_t c = 0; c < values.size(); ++c) {
    if (kind == Binary::Kind::Mul) affine.scale[c] = values[c];
    if (kind == Binary::Kind::Div) affine.scale[c] = 1 / values[c];
    if (kind == Binary::Kind::Add || kind == Binary::Kind::Sub) affine.shift[c] = values[c];
    if (kind == Binary::Kind::Sub && !constant_first) affine.shift[c] = -values[c];
    if (kind == Binary::Kind::Sub && constant_first) affine.scale[c] = -1;
  }
  return affine;
}

}  // namespace

bool Affine::shifts() const {
  return std::ranges::any_of(shift, [](double value) { return value != 0; });
}

std::optional<int> channel_axis(const Graph& graph, const Node& node) {
  if (as<Conv>(node.op) || as<ConvTranspose>(node.op) || as<Gemm>(node.op)) return 1;
  const Shape* shape = shape_of(graph, node.outputs[0]);
  if (as<MatMul>(node.op) && shape != nullptr && shape->size() >= 2) return static_cast<int>(shape->size()) - 1;
  return std::nullopt;
}

std::optional<Affine> affine_of(const Graph& graph, const Node& node, int axis) {
  if (as<BatchNormalization>(node.op)) return axis == 1 ? affine_of_norm(graph, node) : std::nullopt;
  const Binary* binary = as<Binary>(node.op);
  if (binary == nullptr) return std::nullopt;
  Binary::Kind kind = binary->kind;
  bool sum = kind == Binary::Kind::Add || kind == Binary::Kind::Sub;
  if (!sum && kind != Binary::Kind::Mul && kind != Binary::Kind::Div) return std::nullopt;
  for (size_t slot = 0; slot < 2; ++slot) {
    const Tensor* constant = constant_of(graph, node, 1 - slot);
    const Shape* shape = shape_of(graph, node.inputs[slot]);
    bool constant_first = slot == 1;
    if (!is_float32(constant) || shape == nullptr || axis >= static_cast<int>(shape->size())) continue;
    const Dim& extent = (*shape)[static_cast<size_t>(axis)];
    if (!extent.known() || (constant_first && kind == Binary::Kind::Div)) continue;
    auto values = along_axis(*constant, static_cast<int>(shape->size()), axis, extent.size);
    if (!values) continue;
    Affine affine = affine_of_values(node.inputs[slot], kind, constant_first, *values);
    if (finite(affine.scale) && finite(affine.shift)) return affine;
  }
  return std::nullopt;
}

bool absorb_behind(Graph& graph, NodeId layer, const Affine& affine) {
  const Node node = graph.node(layer);
  const Tensor* weight = constant_of(graph, node, 1);
  if (!is_float32(weight)) return false;
  int axis = output_axis(node.op, *weight);
  const int64_t groups = weight_groups(node.op);
  auto extent = axis < 0 ? -1 : weight->dims()[static_cast<size_t>(axis)] * groups;
  if (extent != static_cast<int64_t>(affine.scale.size())) return false;

  std::vector<double> bias = affine.shift;
  bool had_bias = input_of(node, 2) != ValueId::none && !as<MatMul>(node.op);
  if (had_bias) {
    const Tensor* old = constant_of(graph, node, 2);
    const Gemm* gemm = as<Gemm>(node.op);
    if (!is_float32(old)) return false;
    auto values = along_axis(*old, gemm ? 2 : 1, gemm ? 1 : 0, extent);
    if (!values) return false;
    for (size_t c = 0; c < bias.size(); ++c) bias[c] += (*values)[c] * (gemm ? gemm->beta : 1) * affine.scale[c];
  }
  const bool becomes_gemm = as<MatMul>(node.op) && affine.shifts();
  const Shape* data = shape_of(graph, node.inputs[0]);
  if (becomes_gemm && (data == nullptr || data->size() != 2)) return false;
  std::optional<Tensor> scaled_weight = *weight;
  bool scales = std::ranges::any_of(affine.scale, [](double value) { return value != 1; });
  if (scales) scaled_weight = scaled(*weight, axis, affine.scale, groups);
  if (!scaled_weight || !finite(bias)) return false;
  if (becomes_gemm) graph.node(layer).op = Gemm{};
  if (Gemm* gemm = as<Gemm>(graph.node(layer).op)) gemm->beta = 1;
  std::string name = graph.value(node.inputs[1]).name;
  if (scales) replace_constant(graph, layer, 1, name, *std::move(scaled_weight));
  if (had_bias || affine.shifts()) {
    std::string bias_name = had_bias ? graph.value(node.inputs[2]).name : name + ".bias";
    replace_constant(graph, layer, 2, bias_name, float_vector(bias));
  }
  return true;
}

namespace {

bool absorb_ahead_of_conv(Graph& graph, NodeId id, const Affine& affine) {
  const Node node = graph.node(id);
  const Conv& conv = *as<Conv>(node.op);
  const Tensor* weight = constant_of(graph, node, 1);
  bool pads = conv.auto_pad == "SAME_UPPER" || conv.auto_pad == "SAME_LOWER" ||
              std::ranges::any_of(conv.pads, [](int64_t amount) { return amount != 0; });
  if (affine.shifts() && pads) return false;
  int64_t outputs = weight->dims()[0], inner = weight->dims()[1];
  if (inner * conv.group != static_cast<int64_t>(affine.scale.size())) return false;
  std::vector<double> bias(static_cast<size_t>(outputs), 0);
  if (input_of(node, 2) != ValueId::none) {
    const Tensor* old = constant_of(graph, node, 2);
    if (!is_float32(old)) return false;
    for (int64_t m = 0; m < outputs; ++m) bias[static_cast<size_t>(m)] = old->as_double(m);
  }
  int64_t kernel = weight->size() / std::max<int64_t>(1, outputs * inner),
          per_group = std::max<int64_t>(1, outputs / conv.group);
  Tensor scaled_weight = *weight;
  std::span<float> values = scaled_weight.mutable_data<float>();
  for (int64_t m = 0; m < outputs; ++m) {
    for (int64_t i = 0; i < inner; ++i) {
      auto channel = static_cast<size_t>(m / per_group * inner + i);
      for (int64_t k = 0; k < kernel; ++k) {
        float& value = values[static_cast<size_t>((m * inner + i) * kernel + k)];
        bias[static_cast<size_t>(m)] += value * affine.shift[channel];
        value = static_cast<float>(value * affine.scale[channel]);
        if (!std::isfinite(value)) return false;
      }
    }
  }
  if (!finite(bias)) return false;
  std::string name = graph.value(node.inputs[1]).name;
  std::string bias_name = input_of(node, 2) != ValueId::none ? graph.value(node.inputs[2]).name : name + ".bias";
  replace_constant(graph, id, 1, name, std::move(scaled_weight));
  if (affine.shifts()) replace_constant(graph, id, 2, bias_name, float_vector(bias));
  graph.node(id).inputs[0] = affine.data;
  return true;
}

// (x * a + s) W + c  =  x (a W) + (s W + c)
bool absorb_ahead_of_product(Graph& graph, NodeId id, const Affine& affine) {
  const Node node = graph.node(id);
  const Tensor* weight = constant_of(graph, node, 1);
  const Gemm* gemm = as<Gemm>(node.op);
  const Shape* data = shape_of(graph, node.inputs[0]);
  if (weight->rank() != 2 || data == nullptr || (gemm && gemm->transA)) return false;
  if (affine.shifts() && data->size() != 2) return false;
  const int axis = gemm && gemm->transB ? 1 : 0;  // of the weight that meets the data
  const int64_t depth = weight->dims()[static_cast<size_t>(axis)],
                outputs = weight->dims()[static_cast<size_t>(1 - axis)];
  if (depth != static_cast<int64_t>(affine.scale.size())) return false;
  std::vector<double> bias(static_cast<size_t>(outputs), 0);
  if (gemm && input_of(node, 2) != ValueId::none) {
    const Tensor* old = constant_of(graph, node, 2);
    const auto values = is_float32(old) ? along_axis(*old, 2, 1, outputs) : std::nullopt;
    if (!values) return false;
    for (size_t c = 0; c < bias.size(); ++c) bias[c] = (*values)[c] * gemm->beta;
  }
  const double alpha = gemm ? gemm->alpha : 1;
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t c = 0; c < outputs; ++c) {
      const double value = weight->as_double(axis == 0 ? k * outputs + c : c * depth + k);
      bias[static_cast<size_t>(c)] += alpha * value * affine.shift[static_cast<size_t>(k)];
    }
  }
  std::optional<Tensor> scaled_weight = scaled(*weight, axis, affine.scale);
  if (!scaled_weight || !finite(bias)) return false;
  std::string name = graph.value(node.inputs[1]).name;
  if (affine.shifts()) {
    Gemm shifted = gemm ? *gemm : Gemm{};
    shifted.beta = 1;
    graph.node(id).op = shifted;
    replace_constant(graph, id, 2, name + ".bias", float_vector(bias));
  }
  replace_constant(graph, id, 1, name, *std::move(scaled_weight));
  graph.node(id).inputs[0] = affine.data;
  return true;
}

}  // namespace

bool absorb_ahead(Graph& graph, NodeId id, const Affine& affine) {
  const Node& node = graph.node(id);
  if (node.inputs.size() < 2 || !is_float32(constant_of(graph, node, 1))) return false;
  if (as<Conv>(node.op)) return absorb_ahead_of_conv(graph, id, affine);
  return (as<Gemm>(node.op) || as<MatMul>(node.op)) && absorb_ahead_of_product(graph, id, affine);
}

}  // namespace pare
