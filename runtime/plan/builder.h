// Builds a plan: nodes are claimed by matchers, which turn one or several of them into steps.
//
// Values exist where somebody asks for them: `require` gives a value in the wanted order, inserting a conversion where
// it is at hand in the other only, or emitting the DequantizeLinear that was put off until a float consumer came.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>

#include "runtime/fast/int8.h"
#include "runtime/plan/analysis.h"
#include "runtime/plan/plan.h"

namespace pare {

// A value that needs no copy of its own: its element i lies at offset + sum i_k * strides[k] of a plan value, in
// elements.
struct View {
  int value = -1;
  int64_t offset = 0;
  std::vector<int64_t> strides;
};

class Builder {
 public:
  // `nodes` in order; `inputs`: what is given when the plan runs; `wanted` by value: what is returned.
  Builder(const Graph& graph, const Analysis& analysis, const std::vector<NodeId>& nodes,
          const std::vector<ValueId>& inputs, const std::vector<bool>& wanted, WeightCache& weights,
          std::string variant, Isa isa, int threads);

  const Graph& graph;
  const Analysis& analysis;
  const Isa isa;
  const int threads;
  const FloatKernels& kernels;

  const Node& node(NodeId id) const { return graph.node(id); }
  const Dims& dims(ValueId id) const { return analysis.dims(id); }
  DType dtype(ValueId id) const { return analysis.dtype(id); }
  const Tensor* constant(ValueId id) const { return analysis.constant(id); }
  bool is_constant(ValueId id) const { return analysis.is_constant(id); }

  // The node that alone uses the value, once, where nothing outside can see it; none otherwise or when it is claimed.
  NodeId sole_user(ValueId id) const;
  // The unclaimed nodes that use the value, provided nothing outside sees it; empty otherwise.
  std::vector<NodeId> users(ValueId id) const;
  // All nodes that use the value and are not folded away; a node stands there once for each use.
  const std::vector<NodeId>& all_users(ValueId id) const { return users_[static_cast<size_t>(id)]; }
  // All outputs are constants.
  bool folded(NodeId id) const;
  // Nodes other than these use it, or something outside does.
  bool used_beyond(ValueId id, const std::set<NodeId>& nodes) const;
  // Computed by the steps so far, a constant, an input or put off.
  bool available(ValueId id) const;
  bool has(ValueId id, Order order) const;

  int require(ValueId id, Order order);
  // A new place for a node's output.
  int create(ValueId id, Order order);
  int create_scratch(DType dtype, Dims dims, Order order);
  int constant_value(Tensor tensor);
  // `id` has its elements where `value` has them (a view, in ONNX order, or of the same dims).
  void alias(ValueId id, int value, Order order);
  // A DequantizeLinear, a view, or a strided node (strided.h) behind one: emitted when its output is required.
  void put_off(NodeId id);
  void put_off_view(ValueId id, View view);
  // Where the value lies, without a copy if that is possible. The value has to be available.
  View view(ValueId id);
  // view() gives strides of something that is in ONNX order, without emitting any step.
  bool viewable(ValueId id) const;
  // A plan value with the view's elements in ONNX order, or in that order.
  int materialise(const View& view, DType dtype, const Dims& dims, Order order = Order::onnx);
  const PlanValue& plan_value(int value) const { return plan_.values[static_cast<size_t>(value)]; }
  void add(Step step);
  void claim(NodeId id) { claimed_[static_cast<size_t>(id)] = true; }
  bool claimed(NodeId id) const { return claimed_[static_cast<size_t>(id)]; }

  // What is made once of the constants of these nodes (packed weights), shared by all plans; `key` says what else it
  // depends on, bytes(made) its size. Where other dims would change a constant it is this plan's alone.
  template <class T, class Make, class Bytes>
  std::shared_ptr<const T> prepare(std::string key, const std::vector<NodeId>& nodes, Make&& make, Bytes&& bytes) {
    key = variant_ + key;
    for (const NodeId id : nodes) {
      key += "," + std::to_string(static_cast<int>(id));
      for (const ValueId in : node(id).inputs)
        if (is_constant(in) && analysis.depends_on_dims(in)) return make();
    }
    return weights_.get<T>(key, make, bytes);
  }

  // None when a constant that a step needs cannot be computed.
  std::optional<Plan> finish(const std::vector<ValueId>& wanted);

 private:
  void emit_conversion(int from, int to);
  void emit_put_off(ValueId id, Order order);
  void emit_dequantize(NodeId id);
  bool reshapes(NodeId id) const;

  const std::vector<bool>& wanted_;
  WeightCache& weights_;
  const std::string variant_;
  std::vector<std::vector<NodeId>> users_;  // by value
  std::vector<bool> captured_;              // by value: a subgraph uses it
  Plan plan_;
  std::vector<std::array<int, 2>> places_;  // by value: plan value in ONNX order and channels last, or -1
  std::map<ValueId, View> views_;
  std::vector<bool> claimed_, put_off_;
  bool failed_ = false;
};

// Both orders are the same bytes.
bool same_in_both_orders(const Dims& dims);
// [N, spatial..., C]
Dims channels_last(const Dims& dims);
int64_t count_of(const Dims& dims);
int64_t count_of(const Dims& dims, size_t begin, size_t end);

// Floats aligned to 64 bytes.
std::shared_ptr<const float> aligned_floats(int64_t count, const std::function<void(float*)>& fill);

// A matcher claims the node, perhaps with others after it, and adds steps; or returns false and changes nothing.
using Matcher = bool (*)(Builder&, NodeId);
bool match_view(Builder&, NodeId);          // Reshape, Flatten, Identity...: no step
bool match_put_off(Builder&, NodeId);       // DequantizeLinear of activations
bool match_int8_product(Builder&, NodeId);  // quantized Conv, Gemm, MatMul, ConvInteger, MatMulInteger
bool match_int8_matmul(Builder&, NodeId);   // MatMul of two quantized values
bool match_int8_other(Builder&, NodeId);    // quantized Add, Mul, pools, activations, Concat...
bool match_quantize(Builder&, NodeId);      // QuantizeLinear of floats
bool match_conv(Builder&, NodeId);          // Conv + what follows
bool match_conv_transpose(Builder&, NodeId);
bool match_gemm(Builder&, NodeId);  // Gemm, MatMul + what follows
bool match_pool(Builder&, NodeId);
bool match_norm(Builder&, NodeId);       // LayerNormalization, RMSNormalization, also in parts
bool match_matmul(Builder&, NodeId);     // MatMul, Gemm of values met once
bool match_recurrent(Builder&, NodeId);  // LSTM, GRU
bool match_elementwise(Builder&, NodeId);
bool match_chain(Builder&, NodeId);  // element-wise floats and those that follow them, in one sweep
bool match_softmax(Builder&, NodeId);
bool match_reduce(Builder&, NodeId);
bool match_resize(Builder&, NodeId);  // linear, cubic
bool match_gather(Builder&, NodeId);
bool match_strided(Builder&, NodeId);  // Transpose, Slice, Expand, Split...: a view, no step
bool match_move(Builder&, NodeId);     // Slice, Pad, Concat, Split, Transpose, Expand, nearest Resize...
bool match_plain(Builder&, NodeId);    // everything

// Parts that matchers share (fuse.cc, quantized.cc).

// The values of `tensor`, broadcast to `out`, as one per entry of `axis`; nullopt unless it is constant along all
// others.
std::optional<std::vector<float>> per_axis(const Tensor& tensor, const Dims& out, size_t axis);

// A function of each element that starts at `value` and takes nothing else, ready to be fused behind what computes it.
struct ActivationMatch {
  Activation activation;
  ValueId out;
  std::vector<NodeId> nodes;
};
std::optional<ActivationMatch> match_activation(const Builder& builder, ValueId value);
// Whether a normalization in parts begins with this node: then nothing else should claim it.
bool begins_norm(const Builder& builder, NodeId id);
// A scalar float32 constant in that slot.
std::optional<float> scalar_input(const Builder& builder, const Node& node, size_t slot);
std::optional<Activation> activation_of(const Builder& builder, const Node& node);

// A float value that is the DequantizeLinear (one scale) of an 8-bit value at hand, perhaps through views.
struct QuantizedOperand {
  ValueId q;
  Int8Quant quant;
  bool strided = false;  // the value is a view of q's elements in another order: see strided.h
};
std::optional<QuantizedOperand> quantized_operand(const Builder& builder, ValueId value);
// The QuantizeLinear (one scale, 8 bits) that alone uses `value`.
struct QuantizeUse {
  NodeId node;
  Int8Quant quant;
  ValueId out;
};
std::optional<QuantizeUse> quantize_use(const Builder& builder, ValueId value);
std::optional<Int8Quant> scalar_quant(const Builder& builder, const Node& quantize_or_dequantize, DType dtype);

// Channels last where an operand is at hand only so.
Order preferred_order(const Builder& builder, const std::vector<ValueId>& operands);

// How an operand repeats over `out` in that order: batch blocks, in each of them rows that all see the same columns.
struct Repeat {
  int64_t batch = 1, rows = 1, columns = 1;
};
std::optional<Repeat> match_repeat(const Builder& builder, ValueId operand, const Dims& out, Order order);
// `require`, constants of lower rank (float32) seen as of `rank` first.
int require_full_rank(Builder& builder, ValueId id, size_t rank, Order order);

// A pool over NHWC. The shape's bottom and right pads hold what ceil_mode overhangs; include_* are the declared ones.
struct PoolMatch {
  enum class Kind : uint8_t { max, average, global_average };
  Kind kind = Kind::max;
  ConvShape shape;
  bool count_include_pad = false;
  int64_t include_bottom = 0, include_right = 0;
};
std::optional<PoolMatch> pool_shape(const Builder& builder, const Node& node);

}  // namespace pare
