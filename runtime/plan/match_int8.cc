// Quantized products: DequantizeLinear -> Conv, Gemm, MatMul (-> activation, residual) -> QuantizeLinear as one integer
// step, and ConvInteger, MatMulInteger.
#include <cmath>

#include "runtime/fast/int8.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/conv_shape.h"
#include "runtime/plan/quantized_weights.h"
#include "runtime/plan/strided.h"

namespace pare {
namespace {

struct Weights {
  Tensor data;  // int8 or uint8
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
};

std::vector<int32_t> zero_points(const Tensor& tensor) {
  std::vector<int32_t> zeros;
  for (int64_t i = 0; i < tensor.size(); ++i) zeros.push_back(static_cast<int32_t>(tensor.as_int(i)));
  return zeros;
}

// A constant behind DequantizeLinear, one scale or one per entry of `axis`.
std::optional<Weights> quantized_weights(const Builder& builder, ValueId value, int64_t axis) {
  const NodeId producer = builder.graph.value(value).producer;
  if (producer == NodeId::none) return std::nullopt;
  const Node& node = builder.node(producer);
  const auto* op = as<DequantizeLinear>(node.op);
  if (!op || op->block_size != 0 || builder.dtype(value) != DType::float32) return std::nullopt;
  const Tensor* q = builder.constant(node.inputs[0]);
  const Tensor* scale = builder.constant(node.inputs[1]);
  if (!q || !scale || scale->dtype() != DType::float32) return std::nullopt;
  const int64_t along = op->axis < 0 ? op->axis + q->rank() : op->axis;
  if (scale->size() != 1 && along != axis) return std::nullopt;
  auto data = as_bytes(*q);
  if (!data) return std::nullopt;
  Weights weights{*std::move(data), scale->floats(), {}};
  for (const float s : weights.scale)
    if (!(s > 0) || !std::isfinite(s)) return std::nullopt;
  if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) {
    const Tensor* zero = builder.constant(node.inputs[2]);
    if (!zero) return std::nullopt;
    weights.zero_point = zero_points(*zero);
  }
  return weights;
}

struct Bias {
  std::vector<int32_t> integers;
  std::vector<float> floats;
};

// An int32 constant whose scale is the product of the operands' scales stays an integer; any other becomes floats.
std::optional<Bias> bias_of(const Builder& builder, ValueId value, float x_scale, const Weights& weights,
                            int64_t channels) {
  Bias bias;
  if (value == ValueId::none) return bias;
  const Tensor* whole = builder.constant(value);
  if (!whole || whole->dtype() != DType::float32) return std::nullopt;
  const auto floats = per_axis(*whole, {channels}, 0);
  const auto wide = per_axis(*whole, {1, channels}, 1);
  if (!floats && !wide) return std::nullopt;
  const NodeId producer = builder.graph.value(value).producer;
  if (producer != NodeId::none && as<DequantizeLinear>(builder.node(producer).op)) {
    const Node& dequantize = builder.node(producer);
    const Tensor* q = builder.constant(dequantize.inputs[0]);
    const Tensor* scale = builder.constant(dequantize.inputs[1]);
    bool exact = q && scale && q->dtype() == DType::int32 && q->size() == channels &&
                 (scale->size() == 1 || scale->size() == channels);
    for (int64_t c = 0; exact && c < channels; ++c) {
      const double product =
          static_cast<double>(x_scale) * static_cast<double>(weights.scale[weights.scale.size() == 1 ? 0 : c]);
      exact = std::fabs(scale->as_double(scale->size() == 1 ? 0 : c) - product) <= 1e-6 * product;
    }
    if (dequantize.inputs.size() > 2 && dequantize.inputs[2] != ValueId::none) {
      const Tensor* zero = builder.constant(dequantize.inputs[2]);
      for (int64_t i = 0; exact && i < zero->size(); ++i) exact = zero->as_int(i) == 0;
    }
    if (exact) {
      bias.integers = zero_points(*q);
      return bias;
    }
  }
  bias.floats = floats ? *floats : *wide;
  return bias;
}

ValueId third(const Node& node) { return node.inputs.size() > 2 ? node.inputs[2] : ValueId::none; }

Int8Bounds bounds_of(const Activation& activation) {
  if (activation.kind == ActivationKind::relu) return {0, std::numeric_limits<float>::infinity()};
  if (activation.kind == ActivationKind::clip) return {activation.a, activation.b};
  return {};
}

// What follows an integer product, up to the QuantizeLinear that ends it; without one the result is real.
struct Tail {
  Int8Output kind = Int8Output::float32;
  ValueId out;
  Int8Quant output;
  Int8Bounds bounds;
  std::optional<QuantizedOperand> residual;
  std::optional<Int8Quant> middle;
  Int8Bounds middle_bounds;
  std::vector<NodeId> nodes;
};

// Takes a Relu or Clip that follows.
void take_bounds(const Builder& builder, ValueId& value, Int8Bounds& bounds, std::vector<NodeId>& nodes) {
  const auto match = match_activation(builder, value);
  if (!match || (match->activation.kind != ActivationKind::relu && match->activation.kind != ActivationKind::clip))
    return;
  bounds = bounds_of(match->activation);
  value = match->out;
  nodes.insert(nodes.end(), match->nodes.begin(), match->nodes.end());
}

// The Add of `value` and a quantized value at hand, its activation and its QuantizeLinear.
bool take_residual(const Builder& builder, ValueId value, Tail& tail) {
  const NodeId id = builder.sole_user(value);
  if (id == NodeId::none || !as<Binary>(builder.node(id).op, Binary::Kind::Add)) return false;
  const Node& node = builder.node(id);
  const ValueId other = node.inputs[node.inputs[0] == value ? 1 : 0];
  if (other == value || builder.dims(other) != builder.dims(value)) return false;
  const auto residual = quantized_operand(builder, other);
  if (!residual || builder.dims(residual->q) != builder.dims(value)) return false;
  Int8Bounds bounds;
  std::vector<NodeId> nodes{id};
  ValueId at = node.outputs[0];
  take_bounds(builder, at, bounds, nodes);
  const auto quantize = quantize_use(builder, at);
  if (!quantize) return false;
  nodes.push_back(quantize->node);
  tail.nodes.insert(tail.nodes.end(), nodes.begin(), nodes.end());
  tail.kind = Int8Output::quantized;
  tail.out = quantize->out;
  tail.output = quantize->quant;
  tail.bounds = bounds;
  tail.residual = residual;
  return true;
}

Tail match_tail(const Builder& builder, Tail tail) {
  if (take_residual(builder, tail.out, tail)) return tail;
  take_bounds(builder, tail.out, tail.bounds, tail.nodes);
  const auto quantize = quantize_use(builder, tail.out);
  if (!quantize) return tail;
  tail.kind = Int8Output::quantized;
  tail.out = quantize->out;
  tail.output = quantize->quant;
  tail.nodes.push_back(quantize->node);
  // Quantized, and added to another quantized value right after?
  const NodeId back = builder.sole_user(quantize->out);
  if (back == NodeId::none || !as<DequantizeLinear>(builder.node(back).op)) return tail;
  const auto same = scalar_quant(builder, builder.node(back), builder.dtype(quantize->out));
  if (!same || same->scale != quantize->quant.scale || same->zero_point != quantize->quant.zero_point) return tail;
  const Int8Bounds first = tail.bounds;
  tail.nodes.push_back(back);
  if (!take_residual(builder, builder.node(back).outputs[0], tail)) {
    tail.nodes.pop_back();
    return tail;
  }
  tail.middle = quantize->quant;
  tail.middle_bounds = first;
  return tail;
}

// The operands of a product, one way for convolutions and matrices.
struct Product {
  Int8ConvParams params;
  Weights weights;
  Bias bias;
  Order order = Order::onnx;
  ConvShape shape;
};

std::optional<Product> conv_product(const Builder& builder, const Node& node, const Conv& op,
                                    const QuantizedOperand& x) {
  Product product;
  auto weights = quantized_weights(builder, node.inputs[1], 0);
  const Dims& dims = builder.dims(node.inputs[0]);
  const bool viewed = !x.strided && builder.dims(x.q) != dims;
  if (!weights || (viewed && !same_in_both_orders(dims)) || count_of(dims) == 0) return std::nullopt;
  const Dims& w = weights->data.dims();
  const auto window = make_window({op.auto_pad, op.dilations, op.pads, op.strides}, dims, Dims(w.begin() + 2, w.end()));
  if (!window) return std::nullopt;
  const auto shape = conv_shape(*window, w[0], op.group);
  auto bias = bias_of(builder, third(node), x.quant.scale, *weights, w[0]);
  if (!shape || !bias || count_of(builder.dims(node.outputs[0])) == 0) return std::nullopt;
  product.weights = *std::move(weights);
  product.bias = *std::move(bias);
  product.shape = *shape;
  product.order = viewed ? Order::onnx : Order::channels_last;
  return product;
}

// rows [m, k] * [k, n] as a 1x1 convolution over a row of m pixels.
ConvShape matrix_shape(int64_t m, int64_t k, int64_t n) { return {.w = m, .in_channels = k, .out_channels = n}; }

std::optional<Product> matrix_product(const Builder& builder, const Node& node, const QuantizedOperand& x) {
  Product product;
  const auto* gemm = as<Gemm>(node.op);
  if (gemm && (gemm->transA != 0 || gemm->alpha != 1 || (gemm->beta != 1 && node.inputs.size() > 2)))
    return std::nullopt;
  const bool transposed = gemm && gemm->transB != 0;
  auto weights = quantized_weights(builder, node.inputs[1], transposed ? 0 : 1);
  const Dims& a = builder.dims(node.inputs[0]);
  if (!weights || weights->data.rank() != 2 || a.size() < 2 || count_of(a) == 0) return std::nullopt;
  const int64_t n = weights->data.dims()[transposed ? 0 : 1];
  auto bias = bias_of(builder, gemm ? third(node) : ValueId::none, x.quant.scale, *weights, n);
  if (!bias || n == 0) return std::nullopt;
  product.params.weights_io = !transposed;
  product.weights = *std::move(weights);
  product.bias = *std::move(bias);
  product.shape = matrix_shape(count_of(a, 0, a.size() - 1), a.back(), n);
  return product;
}

std::string key_of(const char* kind, const ConvShape& s) {
  std::string key = kind + shape_key(s);
  for (const int64_t v :
       {s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.pad_top, s.pad_left, s.pad_bottom, s.pad_right})
    key += "," + std::to_string(v);
  return key;
}

std::shared_ptr<const Int8Conv> packed(Builder& builder, const std::string& key, const std::vector<NodeId>& nodes,
                                       Product& product) {
  const auto make = [&] {
    Int8ConvParams& params = product.params;
    params.shape = product.shape;
    params.weights = product.weights.data.bytes().data();
    params.weights_signed = product.weights.data.dtype() == DType::int8;
    params.weight_scale = product.weights.scale;
    params.weight_zero_point = product.weights.zero_point;
    params.bias = product.bias.integers;
    params.float_bias = product.bias.floats;
    return std::make_shared<const Int8Conv>(params, builder.isa);
  };
  return builder.prepare<Int8Conv>(key, nodes, make, [](const Int8Conv& made) { return made.packed_bytes(); });
}

// The Add of a constant to every channel of a product without bias.
void take_bias(const Builder& builder, Product& product, float x_scale, Tail& tail) {
  const NodeId id = builder.sole_user(tail.out);
  if (id == NodeId::none || !as<Binary>(builder.node(id).op, Binary::Kind::Add)) return;
  const Node& node = builder.node(id);
  const ValueId other = node.inputs[node.inputs[0] == tail.out ? 1 : 0];
  if (!builder.is_constant(other) || builder.dims(node.outputs[0]) != builder.dims(tail.out)) return;
  auto bias = bias_of(builder, other, x_scale, product.weights, product.shape.out_channels);
  if (!bias) return;
  product.bias = *std::move(bias);
  tail.out = node.outputs[0];
  tail.nodes.push_back(id);
}

// The integers of a product's left operand in that order.
int require_integers(Builder& builder, ValueId value, const std::vector<NodeId>& path, Order order) {
  const QuantizedView from = quantized_view(builder, value, path);
  return builder.materialise(from.view, from.dtype, builder.dims(value), order);
}

bool match_quantized(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!as<Conv>(node.op) && !as<Gemm>(node.op) && !as<MatMul>(node.op)) return false;
  const auto* conv = as<Conv>(node.op);
  auto x = quantized_operand(builder, node.inputs[0]);
  const auto path = x ? std::nullopt : quantized_path(builder, node.inputs[0]);
  if (path) {
    const Node& dequantize = builder.node(path->back());
    const ValueId q = dequantize.inputs[0];
    x = {q, *scalar_quant(builder, dequantize, builder.dtype(q)), true};
  }
  if (!x) return false;
  auto product = conv ? conv_product(builder, node, *conv, *x) : matrix_product(builder, node, *x);
  if (!product) return false;
  Tail tail{.out = node.outputs[0], .nodes = {id}};
  if (!conv && third(node) == ValueId::none) take_bias(builder, *product, x->quant.scale, tail);
  tail = match_tail(builder, std::move(tail));
  Int8ConvParams& params = product->params;
  params.input = x->quant;
  params.output_kind = tail.kind;
  params.output = tail.output;
  params.bounds = tail.bounds;
  if (tail.residual) params.residual = tail.residual->quant;
  params.middle = tail.middle;
  params.middle_bounds = tail.middle_bounds;
  const auto kernel = packed(builder, key_of("int8 ", product->shape), tail.nodes, *product);
  for (const NodeId claimed : tail.nodes) builder.claim(claimed);
  const Order out_order = conv ? Order::channels_last : Order::onnx;
  const int in =
      path ? require_integers(builder, node.inputs[0], *path, product->order) : builder.require(x->q, product->order);
  const int residual = tail.residual ? builder.require(tail.residual->q, out_order) : -1;
  const int out = builder.create(tail.out, out_order);
  Step step{.kernel = conv ? "qconv.int8" : "qgemm.int8", .nodes = tail.nodes, .reads = {in}, .writes = {out}};
  if (residual >= 0) {
    step.reads.push_back(residual);
    step.in_place = 1;
  }
  step.scratch = kernel->scratch_bytes(product->shape, builder.threads);
  step.run = [=, shape = product->shape, bytes = step.scratch](const Frame& frame) {
    Int8ConvData data{.x = frame.at(in), .y = frame.at(out)};
    if (residual >= 0) data.residual = frame.at(residual);
    kernel->run(shape, data, {frame.scratch, bytes}, frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

// ConvInteger, MatMulInteger with constant weights; the input's zero point may come at run time.
bool match_integer(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* conv = as<ConvInteger>(node.op);
  if (!conv && !as<MatMulInteger>(node.op)) return false;
  const Tensor* w = builder.constant(node.inputs[1]);
  const Dims& dims = builder.dims(node.inputs[0]);
  if (!w || count_of(dims) == 0 || count_of(builder.dims(node.outputs[0])) == 0) return false;
  Product product;
  product.weights.data = *w;
  const auto given = [&](size_t slot) { return slot < node.inputs.size() && node.inputs[slot] != ValueId::none; };
  const int64_t filters = w->dims()[conv ? 0 : w->dims().size() - 1];
  if (given(3)) {
    const Tensor* zero = builder.constant(node.inputs[3]);
    if (!zero || (zero->size() != 1 && zero->size() != filters)) return false;
    product.weights.zero_point = zero_points(*zero);
  }
  const bool is_signed = builder.dtype(node.inputs[0]) == DType::int8;
  product.params.input = {1.0f, 0, is_signed};
  product.params.output_kind = Int8Output::int32;
  ValueId runtime_zero = ValueId::none;
  if (given(2)) {
    if (count_of(builder.dims(node.inputs[2])) != 1) return false;
    const Tensor* zero = builder.constant(node.inputs[2]);
    if (zero)
      product.params.input.zero_point = static_cast<int32_t>(zero->as_int(0));
    else if (!is_signed)
      runtime_zero = node.inputs[2];
    else
      return false;
  }
  if (conv) {
    const auto window = make_window({conv->auto_pad, conv->dilations, conv->pads, conv->strides}, dims,
                                    Dims(w->dims().begin() + 2, w->dims().end()));
    if (!window) return false;
    const auto shape = conv_shape(*window, filters, conv->group);
    if (!shape) return false;
    product.shape = *shape;
  } else {
    if (w->rank() != 2 || dims.size() < 2) return false;
    product.params.weights_io = true;
    product.shape = matrix_shape(count_of(dims, 0, dims.size() - 1), dims.back(), filters);
  }
  const auto kernel = packed(builder, key_of("integer ", product.shape), {id}, product);
  builder.claim(id);
  const Order order = conv ? Order::channels_last : Order::onnx;
  const int in = builder.require(node.inputs[0], order);
  const int zero = runtime_zero == ValueId::none ? -1 : builder.require(runtime_zero, Order::onnx);
  const int out = builder.create(node.outputs[0], order);
  Step step{.kernel = conv ? "convinteger.int8" : "matmulinteger.int8", .nodes = {id}, .reads = {in}, .writes = {out}};
  if (zero >= 0) step.reads.push_back(zero);
  step.scratch = kernel->scratch_bytes(product.shape, builder.threads);
  step.run = [=, shape = product.shape, bytes = step.scratch](const Frame& frame) {
    Int8Quant quant;
    Int8ConvData data{.x = frame.at(in), .y = frame.at(out)};
    if (zero >= 0) {
      quant.zero_point = *frame.at<const uint8_t>(zero);
      data.input = &quant;
    }
    kernel->run(shape, data, {frame.scratch, bytes}, frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace

bool match_int8_product(Builder& builder, NodeId id) {
  return match_quantized(builder, id) || match_integer(builder, id);
}

}  // namespace pare
