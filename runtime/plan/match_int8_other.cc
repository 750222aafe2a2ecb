// Quantized operators that do not multiply by weights: sums, products, tables, pools, concatenations, quantization.
#include "runtime/fast/int8_elementwise.h"
#include "runtime/kernels.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/strided.h"

namespace pare {
namespace {

bool same_quant(const Int8Quant& a, const Int8Quant& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.is_signed == b.is_signed;
}

// One float input, one float output, each element by itself: 256 values say everything.
bool is_function(const Builder& builder, const Node& node) {
  if (!op_pointwise(node.op) || builder.dtype(node.outputs[0]) != DType::float32) return false;
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != ValueId::none && !builder.constant(node.inputs[i])) return false;
  return true;
}

// The node's result (through its constants) for each of the 256 values of x, quantized as y.
std::optional<Int8Table> function_table(const Builder& builder, const Node& node, const Int8Quant& x,
                                        const Int8Quant& y) {
  std::vector<float> values;
  for (int i = 0; i < 256; ++i) {
    const int32_t q = x.is_signed ? static_cast<int8_t>(i) : i;
    values.push_back(static_cast<float>(q - x.zero_point) * x.scale);
  }
  std::vector<Tensor> inputs{Tensor::of<float>({256}, values)};
  for (size_t i = 1; i < node.inputs.size(); ++i)
    inputs.push_back(node.inputs[i] == ValueId::none ? Tensor() : *builder.constant(node.inputs[i]));
  const auto results = execute(node.op, inputs);
  if (!results) return std::nullopt;
  const auto results_data = (*results)[0].data<float>();
  Int8Table table{};
  for (size_t i = 0; i < 256; ++i) table[i] = static_cast<uint8_t>(y.quantize(results_data[i]));
  return table;
}

void add_lookup(Builder& builder, std::vector<NodeId> nodes, int in, int out, int64_t count, const Int8Table& table) {
  builder.add({.kernel = "table.int8",
               .nodes = std::move(nodes),
               .reads = {in},
               .writes = {out},
               .in_place = 0,
               .run = [=](const Frame& frame) {
                 int8_lookup(frame.isa, table, frame.at(in), count, frame.at(out), count, 1, count, frame.pool);
                 return Result<void>();
               }});
}

void add_lookup(Builder& builder, std::vector<NodeId> nodes, ValueId from, ValueId to, const Int8Table& table) {
  const Order order = builder.dims(from) == builder.dims(to) ? preferred_order(builder, {from}) : Order::onnx;
  for (const NodeId node : nodes) builder.claim(node);
  const int in = builder.require(from, order);
  add_lookup(builder, std::move(nodes), in, builder.create(to, order), count_of(builder.dims(to)), table);
}

bool match_function(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!is_function(builder, node)) return false;
  const auto x = quantized_operand(builder, node.inputs[0]);
  const auto y = quantize_use(builder, node.outputs[0]);
  if (!x || !y) return false;
  const auto table = function_table(builder, node, x->quant, y->quant);
  if (!table) return false;
  add_lookup(builder, {id, y->node}, x->q, y->out, *table);
  return true;
}

// The value after an optional Relu or Clip, and its QuantizeLinear.
struct Ending {
  Int8Bounds bounds;
  std::vector<NodeId> nodes;
  QuantizeUse quantize;
};
std::optional<Ending> match_ending(const Builder& builder, ValueId value) {
  Ending ending;
  if (const auto match = match_activation(builder, value)) {
    if (match->activation.kind == ActivationKind::relu)
      ending.bounds.low = 0;
    else if (match->activation.kind == ActivationKind::clip)
      ending.bounds = {match->activation.a, match->activation.b};
    else
      return std::nullopt;
    value = match->out;
    ending.nodes = match->nodes;
  }
  const auto quantize = quantize_use(builder, value);
  if (!quantize) return std::nullopt;
  ending.quantize = *quantize;
  ending.nodes.push_back(quantize->node);
  return ending;
}

bool match_binary(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const bool adds = as<Binary>(node.op, Binary::Kind::Add), multiplies = as<Binary>(node.op, Binary::Kind::Mul);
  if (!adds && !multiplies) return false;
  ValueId a_id = node.inputs[0], b_id = node.inputs[1];
  const Dims& out_dims = builder.dims(node.outputs[0]);
  if (builder.dims(a_id) != out_dims) std::swap(a_id, b_id);
  const auto a = quantized_operand(builder, a_id), b = quantized_operand(builder, b_id);
  if (!a || !b || count_of(out_dims) == 0) return false;
  if (builder.dims(a_id) != out_dims || builder.dims(a->q) != out_dims || builder.dims(b->q) != builder.dims(b_id))
    return false;
  auto ending = match_ending(builder, node.outputs[0]);
  if (!ending) return false;
  Order order = preferred_order(builder, {a->q, b->q});
  auto repeat = match_repeat(builder, b->q, out_dims, order);
  if (!repeat && order == Order::channels_last) repeat = match_repeat(builder, b->q, out_dims, order = Order::onnx);
  if (!repeat) return false;
  ending->nodes.insert(ending->nodes.begin(), id);
  for (const NodeId claimed : ending->nodes) builder.claim(claimed);
  const bool full_rank = builder.dims(b->q).size() == out_dims.size();
  const int av = builder.require(a->q, order);
  const int bv = builder.require(b->q, full_rank ? order : Order::onnx);
  const int out = builder.create(ending->quantize.out, order);
  const Int8Binary op{a->quant, b->quant, ending->quantize.quant, ending->bounds};
  builder.add({.kernel = adds ? "qadd.int8" : "qmul.int8",
               .nodes = ending->nodes,
               .reads = {av, bv},
               .writes = {out},
               .in_place = 0,
               .run = [=, r = *repeat](const Frame& frame) {
                 const auto* x = frame.at<const std::byte>(av);
                 const auto* y = frame.at<const std::byte>(bv);
                 auto* to = frame.at<std::byte>(out);
                 const auto rows = adds ? int8_add_rows : int8_mul_rows;
                 const int64_t block = r.rows * r.columns;
                 if (r.rows == 1 && r.batch == 1)
                   (adds ? int8_add : int8_mul)(frame.isa, op, x, y, to, r.columns, frame.pool);
                 else
                   for (int64_t n = 0; n < r.batch; ++n)
                     rows(frame.isa, op, x + n * block, y + n * r.columns, to + n * block, r.rows, r.columns,
                          frame.pool);
                 return Result<void>();
               }});
  return true;
}

bool match_int8_pool(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const bool pools = as<MaxPool>(node.op) || as<AveragePool>(node.op) || as<GlobalPool>(node.op) || as<Reduce>(node.op);
  const auto x = pools ? quantized_operand(builder, node.inputs[0]) : std::nullopt;
  if (!x || builder.dims(x->q) != builder.dims(node.inputs[0])) return false;
  const auto match = pool_shape(builder, node);
  const auto y = quantize_use(builder, node.outputs[0]);
  if (!match || !y || (match->kind == PoolMatch::Kind::max && !same_quant(x->quant, y->quant))) return false;
  builder.claim(id);
  builder.claim(y->node);
  const int in = builder.require(x->q, Order::channels_last);
  const int out = builder.create(y->out, builder.dims(y->out).size() < 3 ? Order::onnx : Order::channels_last);
  const char* names[] = {"maxpool.int8", "averagepool.int8", "globalaveragepool.int8"};
  builder.add({.kernel = names[static_cast<int>(match->kind)],
               .nodes = {id, y->node},
               .reads = {in},
               .writes = {out},
               .run = [=, m = *match, xq = x->quant, yq = y->quant](const Frame& frame) {
                 switch (m.kind) {
                   case PoolMatch::Kind::max:
                     int8_max_pool(frame.isa, m.shape, xq.is_signed, frame.at(in), frame.at(out), frame.pool);
                     break;
                   case PoolMatch::Kind::average:
                     int8_average_pool(frame.isa, m.shape, m.count_include_pad, m.include_bottom, m.include_right, xq,
                                       yq, frame.at(in), frame.at(out), frame.pool);
                     break;
                   case PoolMatch::Kind::global_average:
                     int8_global_average_pool(frame.isa, m.shape.batch, m.shape.h * m.shape.w, m.shape.in_channels, xq,
                                              yq, frame.at(in), frame.at(out), frame.pool);
                     break;
                 }
                 return Result<void>();
               }});
  return true;
}

// Every part goes through its table into its columns.
struct Part {
  int value;
  Int8Table table;
  int64_t columns;
};

bool match_concat(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Concat>(node.op);
  const auto y = op ? quantize_use(builder, node.outputs[0]) : std::nullopt;
  if (!y) return false;
  std::vector<QuantizedOperand> operands;
  std::vector<ValueId> qs;
  for (const ValueId input : node.inputs) {
    const auto x = quantized_operand(builder, input);
    if (!x || builder.dims(x->q) != builder.dims(input)) return false;
    operands.push_back(*x);
    qs.push_back(x->q);
  }
  const Dims& dims = builder.dims(y->out);
  if (count_of(dims) == 0) return false;
  const Order order = preferred_order(builder, qs);
  auto axis = static_cast<size_t>(op->axis < 0 ? op->axis + static_cast<int64_t>(dims.size()) : op->axis);
  const bool last = order == Order::channels_last;
  if (last && axis > 0) axis = axis == 1 ? dims.size() - 1 : axis - 1;
  const Dims laid_out = last ? channels_last(dims) : dims;
  const int64_t rows = count_of(laid_out, 0, axis), pitch = count_of(laid_out, axis, laid_out.size());
  builder.claim(id);
  builder.claim(y->node);
  Step step{.kernel = "concat.int8", .nodes = {id, y->node}};
  std::vector<Part> parts;
  for (const QuantizedOperand& x : operands) {
    const int value = builder.require(x.q, order);
    parts.push_back(
        {value, int8_table(x.quant, y->quant, [](float v) { return v; }), count_of(builder.dims(x.q)) / rows});
    step.reads.push_back(value);
  }
  const int out = builder.create(y->out, order);
  step.writes = {out};
  step.run = [=](const Frame& frame) {
    auto* to = frame.at<std::byte>(out);
    for (const Part& part : parts) {
      int8_lookup(frame.isa, part.table, frame.at(part.value), part.columns, to, pitch, rows, part.columns, frame.pool);
      to += part.columns;
    }
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace

bool match_int8_other(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (node.inputs.empty() || node.inputs[0] == ValueId::none || node.outputs.empty() ||
      node.outputs[0] == ValueId::none)
    return false;
  return match_binary(builder, id) || match_int8_pool(builder, id) || match_concat(builder, id) ||
         match_function(builder, id);
}

bool match_quantize(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<QuantizeLinear>(node.op);
  if (!op || op->precision != 0 || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const ValueId from = node.inputs[0], to = node.outputs[0];
  const auto quant = scalar_quant(builder, node, builder.dtype(to));
  if (!quant) return false;
  if (const auto x = quantized_operand(builder, from); x && builder.dims(x->q) == builder.dims(from)) {
    if (same_quant(x->quant, *quant) && !builder.is_constant(x->q)) {
      builder.claim(id);
      const bool last = preferred_order(builder, {x->q}) == Order::channels_last;
      const Order order = last ? Order::channels_last : Order::onnx;
      builder.alias(to, builder.require(x->q, order), order);
      return true;
    }
    add_lookup(builder, {id}, x->q, to, int8_table(x->quant, *quant, [](float v) { return v; }));
    return true;
  }
  if (const auto path = quantized_path(builder, from); path && count_of(builder.dims(from)) > 0) {
    builder.claim(id);
    const QuantizedView view = quantized_view(builder, from, *path);
    if (same_quant(view.quant, *quant)) {
      builder.put_off_view(to, view.view);
      return true;
    }
    const int in = builder.materialise(view.view, view.dtype, builder.dims(from));
    add_lookup(builder, {id}, in, builder.create(to, Order::onnx), count_of(builder.dims(from)),
               int8_table(view.quant, *quant, [](float v) { return v; }));
    return true;
  }
  builder.claim(id);
  const Order order = preferred_order(builder, {from});
  const int in = builder.require(from, order);
  const int out = builder.create(to, order);
  const int64_t count = count_of(builder.dims(to));
  builder.add({.kernel = "quantize.int8",
               .nodes = {id},
               .reads = {in},
               .writes = {out},
               .run = [=, quant = *quant](const Frame& frame) {
                 int8_quantize(frame.isa, quant, frame.at<const float>(in), frame.at(out), count, frame.pool);
                 return Result<void>();
               }});
  return true;
}

}  // namespace pare
