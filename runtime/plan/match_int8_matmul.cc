// MatMul of two values that are both quantized, as in attention: read where they lie, through Transpose and Reshape.
#include "runtime/fast/int8_matmul.h"
#include "runtime/plan/box.h"
#include "runtime/plan/matmul_product.h"
#include "runtime/plan/strided.h"

namespace pare {

bool match_int8_matmul(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!as<MatMul>(node.op) || count_of(builder.dims(node.outputs[0])) == 0 ||
      count_of(builder.dims(node.inputs[0])) == 0)
    return false;
  const auto a_path = quantized_path(builder, node.inputs[0]), b_path = quantized_path(builder, node.inputs[1]);
  if (!a_path || !b_path) return false;
  const Dims &a_dims = builder.dims(node.inputs[0]), &b_dims = builder.dims(node.inputs[1]);
  const bool whole = a_dims.size() >= 2 && b_dims.size() >= 2;
  ProductFollow follow{.nodes = {id}, .out = node.outputs[0]};
  Int8MatmulParams params;
  follow_scale(builder, follow);
  if (!(follow.scale > 0)) follow = {.nodes = {id}, .out = node.outputs[0]};
  params.scale = follow.scale;
  if (const auto match = match_activation(builder, follow.out);
      match && (match->activation.kind == ActivationKind::relu || match->activation.kind == ActivationKind::clip)) {
    params.bounds = match->activation.kind == ActivationKind::relu
                        ? Int8Bounds{0, std::numeric_limits<float>::infinity()}
                        : Int8Bounds{match->activation.a, match->activation.b};
    follow.nodes.insert(follow.nodes.end(), match->nodes.begin(), match->nodes.end());
    follow.out = match->out;
  }
  if (const auto quantize = quantize_use(builder, follow.out)) {
    params.output_kind = Int8Output::quantized;
    params.output = quantize->quant;
    follow.nodes.push_back(quantize->node);
    follow.out = quantize->out;
  }
  follow.strides = strides_in(builder.dims(follow.out), Order::onnx);
  if (whole) follow_transpose(builder, follow);
  for (const NodeId claimed : follow.nodes) builder.claim(claimed);

  const QuantizedView a = quantized_view(builder, node.inputs[0], *a_path);
  const QuantizedView b = quantized_view(builder, node.inputs[1], *b_path);
  params.a = a.quant;
  params.b = b.quant;
  MatmulProduct p = product_of_views(a.view, a_dims, b.view, b_dims);
  straighten(builder, a.dtype, p);
  ProductPlace place = place_of(p, follow, whole);
  join_batch(p, place);
  params.shape = {.count = count_of(p.batch),
                  .m = p.m,
                  .k = p.k,
                  .n = p.n,
                  .a_row = p.a_row,
                  .b_row = p.b_k,
                  .b_column = p.b_column,
                  .y_row = place.row};
  const int out = builder.create(follow.out, Order::onnx);
  Step step{.kernel = "qmatmul.int8", .nodes = follow.nodes, .reads = {p.a.value, p.b.value}, .writes = {out}};
  step.scratch = int8_matmul_scratch(builder.isa, params.shape, builder.threads);
  step.run = [=, left = p.a.value, right = p.b.value, at = offsets_of(p, place.batch),
              bytes = step.scratch](const Frame& frame) {
    int8_matmul(frame.isa, params,
                {frame.at(left), frame.at(right), frame.at(out), at.a.data(), at.b.data(), at.c.data()},
                {frame.scratch, bytes}, frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
