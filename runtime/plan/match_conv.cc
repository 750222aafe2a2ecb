// Float convolutions and matrix products with what follows them: scales and shifts per channel fold into the packed
// weights; a residual and an activation run in the kernel.
#include <cmath>

#include "runtime/plan/builder.h"
#include "runtime/plan/conv_shape.h"

namespace pare {
namespace {

// What follows a product: y = activation(product * scale[c] + shift[c] + residual).
struct Tail {
  std::vector<float> scale, shift;  // empty: 1, 0
  ValueId residual = ValueId::none;
  Activation activation;
  ValueId out;
  std::vector<NodeId> nodes;
};

void multiply(std::vector<float>& values, size_t size, float initial, const std::vector<float>& by) {
  if (values.empty()) values.assign(size, initial);
  for (size_t i = 0; i < size; ++i) values[i] *= by[i];
}
void accumulate(std::vector<float>& values, size_t size, const std::vector<float>& more, float sign = 1) {
  if (values.empty()) values.assign(size, 0);
  for (size_t i = 0; i < size; ++i) values[i] += sign * more[i];
}

bool absorb_batch_norm(const Builder& builder, const Node& node, size_t channels, Tail& tail) {
  const auto* op = as<BatchNormalization>(node.op);
  if (!op || op->training_mode != 0 || node.outputs.size() != 1) return false;
  const Tensor* constants[4];
  for (size_t i = 0; i < 4; ++i) {
    constants[i] = builder.constant(node.inputs[i + 1]);
    if (!constants[i] || constants[i]->dtype() != DType::float32 ||
        constants[i]->size() != static_cast<int64_t>(channels))
      return false;
  }
  std::vector<float> factor(channels), shift(channels);
  for (size_t c = 0; c < channels; ++c) {
    const double slope =
        constants[0]->as_double(c) / std::sqrt(constants[3]->as_double(c) + static_cast<double>(op->epsilon));
    factor[c] = static_cast<float>(slope);
    shift[c] = static_cast<float>(constants[1]->as_double(c) - constants[2]->as_double(c) * slope);
  }
  multiply(tail.scale, channels, 1, factor);
  if (!tail.shift.empty()) multiply(tail.shift, channels, 0, factor);
  accumulate(tail.shift, channels, shift);
  return true;
}

// Add, Sub, Mul, Div with a constant per channel; Add of another value of the same dims.
bool absorb_binary(const Builder& builder, const Node& node, size_t axis, Tail& tail) {
  const auto* op = as<Binary>(node.op);
  if (!op) return false;
  const bool first = node.inputs[0] == tail.out;
  const ValueId other = node.inputs[first ? 1 : 0];
  const Dims& dims = builder.dims(tail.out);
  if (builder.dims(node.outputs[0]) != dims || other == tail.out) return false;
  const auto size = static_cast<size_t>(dims[axis]);
  if (const Tensor* tensor = builder.constant(other); tensor != nullptr && tail.residual == ValueId::none) {
    auto values = per_axis(*tensor, dims, axis);
    if (!values) return false;
    switch (op->kind) {
      case Binary::Kind::Add:
        accumulate(tail.shift, size, *values);
        return true;
      case Binary::Kind::Sub:
        if (!first) return false;
        accumulate(tail.shift, size, *values, -1);
        return true;
      case Binary::Kind::Div:
        if (!first) return false;
        for (float& value : *values) value = 1 / value;
        [[fallthrough]];
      case Binary::Kind::Mul:
        multiply(tail.scale, size, 1, *values);
        if (!tail.shift.empty()) multiply(tail.shift, size, 0, *values);
        return true;
      default:
        return false;
    }
  }
  if (op->kind != Binary::Kind::Add || tail.residual != ValueId::none) return false;
  if (builder.dims(other) != dims || !builder.available(other)) return false;
  tail.residual = other;
  return true;
}

Tail match_tail(const Builder& builder, NodeId id, size_t axis, std::vector<float> bias) {
  Tail tail{.shift = std::move(bias), .out = builder.node(id).outputs[0], .nodes = {id}};
  const auto channels = static_cast<size_t>(builder.dims(tail.out)[axis]);
  while (true) {
    if (const auto match = match_activation(builder, tail.out)) {
      tail.activation = match->activation;
      tail.out = match->out;
      tail.nodes.insert(tail.nodes.end(), match->nodes.begin(), match->nodes.end());
      return tail;
    }
    const NodeId user = builder.sole_user(tail.out);
    if (user == NodeId::none) return tail;
    const Node& node = builder.node(user);
    const bool norm = axis == 1 && tail.residual == ValueId::none && node.inputs[0] == tail.out &&
                      absorb_batch_norm(builder, node, channels, tail);
    if (!norm && !absorb_binary(builder, node, axis, tail)) return tail;
    tail.out = node.outputs[0];
    tail.nodes.push_back(user);
  }
}

std::optional<std::vector<float>> bias_of(const Builder& builder, const Node& node, size_t slot) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return std::vector<float>();
  const Tensor* tensor = builder.constant(node.inputs[slot]);
  if (!tensor || tensor->dtype() != DType::float32) return std::nullopt;
  return tensor->floats();
}

struct Packed {
  std::shared_ptr<const float> weights, bias;
  size_t bytes = 0;
};

void claim_all(Builder& builder, const std::vector<NodeId>& nodes) {
  for (const NodeId id : nodes) builder.claim(id);
}

std::shared_ptr<const float> pack_bias(const Tail& tail) {
  if (tail.shift.empty()) return nullptr;
  const auto size = static_cast<int64_t>(tail.shift.size());
  return aligned_floats(size, [&](float* to) { std::copy(tail.shift.begin(), tail.shift.end(), to); });
}

// Packs weights once: `scale(i)` is what weight i is multiplied by, `pack(from, to)` writes the packed form of `size`
// floats. Pages of weights that a file can give again go.
template <class Scale, class Pack>
std::shared_ptr<const Packed> pack_once(Builder& builder, const std::string& key, const Tail& tail,
                                        const Tensor& weights, bool scaled, int64_t size, const Scale& scale,
                                        const Pack& pack) {
  const auto make = [&] {
    auto made = std::make_shared<Packed>();
    made->bytes = static_cast<size_t>(size) * sizeof(float);
    made->weights = aligned_floats(size, [&](float* to) {
      const float* from = weights.data<float>().data();
      std::vector<float> changed;
      if (scaled) {
        changed = weights.floats();
        for (size_t i = 0; i < changed.size(); ++i) changed[i] *= scale(static_cast<int64_t>(i));
        from = changed.data();
      }
      pack(from, to);
    });
    weights.release(0, weights.byte_size());
    made->bias = pack_bias(tail);
    return std::shared_ptr<const Packed>(made);
  };
  return builder.prepare<Packed>(key, tail.nodes, make, [](const Packed& made) { return made.bytes; });
}

}  // namespace

std::optional<ConvShape> conv_shape(const SlidingWindow& window, int64_t out_channels, int64_t groups) {
  if (window.rank > 2) return std::nullopt;
  const auto& y = window.axis[1];
  const auto& x = window.axis[2];
  if (y.pad_begin < 0 || y.pad_end < 0 || x.pad_begin < 0 || x.pad_end < 0) return std::nullopt;
  ConvShape shape{.batch = window.batch,
                  .h = y.in,
                  .w = x.in,
                  .in_channels = window.channels,
                  .out_channels = out_channels,
                  .kernel_h = y.kernel,
                  .kernel_w = x.kernel,
                  .stride_h = y.stride,
                  .stride_w = x.stride,
                  .dilation_h = y.dilation,
                  .dilation_w = x.dilation,
                  .pad_top = y.pad_begin,
                  .pad_left = x.pad_begin,
                  .pad_bottom = y.pad_end,
                  .pad_right = x.pad_end,
                  .groups = groups};
  return shape;
}

std::string shape_key(const ConvShape& s) {
  std::string key;
  for (const int64_t v : {s.in_channels, s.out_channels, s.kernel_h, s.kernel_w, s.groups})
    key += std::to_string(v) + "x";
  return key;
}

bool match_conv(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Conv>(node.op);
  if (!op || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const Tensor* weights = builder.constant(node.inputs[1]);
  const auto bias = bias_of(builder, node, 2);
  const Dims& in_dims = builder.dims(node.inputs[0]);
  if (!weights || !bias || count_of(in_dims) == 0 || count_of(builder.dims(node.outputs[0])) == 0) return false;
  const auto window = make_window({op->auto_pad, op->dilations, op->pads, op->strides}, in_dims,
                                  Dims(weights->dims().begin() + 2, weights->dims().end()));
  if (!window) return false;
  const auto shape = conv_shape(*window, weights->dims()[0], op->group);
  if (!shape) return false;

  Tail tail = match_tail(builder, id, 1, *bias);
  const int64_t per_filter = weights->size() / shape->out_channels;
  const auto packed = pack_once(
      builder, "conv " + shape_key(*shape), tail, *weights, !tail.scale.empty(),
      builder.kernels.conv_packed_size(*shape),
      [&](int64_t i) { return tail.scale[static_cast<size_t>(i / per_filter)]; },
      [&](const float* from, float* to) { builder.kernels.conv_pack(*shape, from, to); });
  claim_all(builder, tail.nodes);
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int residual = tail.residual == ValueId::none ? -1 : builder.require(tail.residual, Order::channels_last);
  const int out = builder.create(tail.out, Order::channels_last);
  const bool depthwise = shape->groups > 1 && shape->groups == shape->in_channels;
  Step step{.kernel = depthwise ? "depthwise.nhwc.float" : "conv2d.nhwc.float",
            .nodes = tail.nodes,
            .reads = {in},
            .writes = {out}};
  step.weight_bytes = packed->bytes;
  if (residual >= 0) step.reads.push_back(residual);
  step.scratch = static_cast<size_t>(builder.kernels.conv_scratch_size(*shape)) * sizeof(float);
  step.run = [=, shape = *shape, activation = tail.activation](const Frame& frame) {
    Epilogue epilogue{.bias = packed->bias.get(), .activation = activation};
    if (residual >= 0) epilogue.residual = frame.at<const float>(residual);
    frame.kernels.conv(shape, frame.at<const float>(in), packed->weights.get(), frame.at<float>(out), epilogue,
                       reinterpret_cast<float*>(frame.scratch), frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

bool match_conv_transpose(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<ConvTranspose>(node.op);
  if (!op || op->group != 1 || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const Tensor* weights = builder.constant(node.inputs[1]);
  const auto bias = bias_of(builder, node, 2);
  const Dims& in_dims = builder.dims(node.inputs[0]);
  if (!weights || !bias || count_of(in_dims) == 0 || count_of(builder.dims(node.outputs[0])) == 0) return false;
  const Dims& w = weights->dims();
  const auto window = make_transposed_window({op->auto_pad, op->dilations, op->pads, op->strides}, in_dims,
                                             Dims(w.begin() + 2, w.end()), op->output_padding, op->output_shape);
  if (!window) return false;
  const auto shape = conv_shape(*window, w[1], 1);
  if (!shape) return false;

  Tail tail = match_tail(builder, id, 1, *bias);
  const int64_t taps = count_of(w, 2, w.size());
  const auto packed = pack_once(
      builder, "transposed ", tail, *weights, !tail.scale.empty(), builder.kernels.conv_transpose_packed_size(*shape),
      [&](int64_t i) { return tail.scale[static_cast<size_t>(i / taps % w[1])]; },
      [&](const float* from, float* to) { builder.kernels.conv_transpose_pack(*shape, from, to); });
  claim_all(builder, tail.nodes);
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int residual = tail.residual == ValueId::none ? -1 : builder.require(tail.residual, Order::channels_last);
  const int out = builder.create(tail.out, Order::channels_last);
  Step step{.kernel = "convtranspose2d.nhwc.float", .nodes = tail.nodes, .reads = {in}, .writes = {out}};
  step.weight_bytes = packed->bytes;
  if (residual >= 0) step.reads.push_back(residual);
  step.scratch = static_cast<size_t>(builder.kernels.conv_transpose_scratch_size(*shape)) * sizeof(float);
  step.run = [=, shape = *shape, activation = tail.activation, out_h = window->axis[1].out,
              out_w = window->axis[2].out](const Frame& frame) {
    Epilogue epilogue{.bias = packed->bias.get(), .activation = activation};
    if (residual >= 0) epilogue.residual = frame.at<const float>(residual);
    frame.kernels.conv_transpose(shape, out_h, out_w, frame.at<const float>(in), packed->weights.get(),
                                 frame.at<float>(out), epilogue, reinterpret_cast<float*>(frame.scratch), frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

namespace {

// A product of rows by a matrix: A [m, k] with rows in order, B element (k, n) at b[k * row_stride + n *
// column_stride].
struct RowsByMatrix {
  int64_t m = 0, k = 0, n = 0, row_stride = 0, column_stride = 0;
  float alpha = 1;
  std::vector<float> bias;
};

std::optional<RowsByMatrix> rows_by_matrix(const Builder& builder, const Node& node) {
  const Dims& a = builder.dims(node.inputs[0]);
  const Dims& b = builder.dims(node.inputs[1]);
  RowsByMatrix product;
  if (const auto* op = as<Gemm>(node.op)) {
    if (op->transA != 0) return std::nullopt;
    product = {a[0], a[1], b[op->transB ? 0 : 1], op->transB ? 1 : b[1], op->transB ? b[1] : 1, op->alpha, {}};
    if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) {
      const Tensor* c = builder.constant(node.inputs[2]);
      if (!c) return std::nullopt;
      const auto values = per_axis(*c, {product.m, product.n}, 1);
      if (!values) return std::nullopt;
      product.bias = *values;
      for (float& value : product.bias) value *= op->beta;
    }
    return product;
  }
  if (!as<MatMul>(node.op) || a.size() < 2 || b.size() != 2) return std::nullopt;
  return RowsByMatrix{count_of(a, 0, a.size() - 1), a.back(), b[1], b[1], 1, 1, {}};
}

}  // namespace

bool match_gemm(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if ((!as<Gemm>(node.op) && !as<MatMul>(node.op)) || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const auto product = rows_by_matrix(builder, node);
  if (!product || product->m * product->k * product->n == 0) return false;
  const Tensor* weights = builder.constant(node.inputs[1]);
  if (!weights) return false;
  const ValueId first_out = node.outputs[0];
  Tail tail = match_tail(builder, id, builder.dims(first_out).size() - 1, product->bias);
  const auto column_of = [&](int64_t i) { return product->column_stride == 1 ? i % product->n : i / product->k; };
  const auto packed = pack_once(
      builder, "gemm ", tail, *weights, !tail.scale.empty() || product->alpha != 1,
      builder.kernels.gemm_packed_size(product->k, product->n),
      [&](int64_t i) {
        return product->alpha * (tail.scale.empty() ? 1.0f : tail.scale[static_cast<size_t>(column_of(i))]);
      },
      [&](const float* from, float* to) {
        builder.kernels.gemm_pack(from, product->row_stride, product->column_stride, product->k, product->n, to);
      });
  claim_all(builder, tail.nodes);
  const int in = builder.require(node.inputs[0], Order::onnx);
  const int residual = tail.residual == ValueId::none ? -1 : builder.require(tail.residual, Order::onnx);
  const int out = builder.create(tail.out, Order::onnx);
  const GemmShape shape{product->m, product->k, product->n, product->k, product->n};
  Step step{.kernel = "gemm.float", .nodes = tail.nodes, .reads = {in}, .writes = {out}};
  step.weight_bytes = packed->bytes;
  if (residual >= 0) step.reads.push_back(residual);
  step.run = [=, activation = tail.activation](const Frame& frame) {
    Epilogue epilogue{.bias = packed->bias.get(), .activation = activation};
    if (residual >= 0) epilogue.residual = frame.at<const float>(residual);
    frame.kernels.gemm(shape, frame.at<const float>(in), packed->weights.get(), frame.at<float>(out), epilogue,
                       frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
