// Products of values that are met once, read where they lie: transposed, sliced and repeated operands cost no copy.
#include "runtime/plan/box.h"
#include "runtime/plan/matmul_product.h"

namespace pare {
namespace {

MatmulProduct product_of_matmul(Builder& builder, const Node& node) {
  View a = builder.view(node.inputs[0]), b = builder.view(node.inputs[1]);
  return product_of_views(std::move(a), builder.dims(node.inputs[0]), std::move(b), builder.dims(node.inputs[1]));
}

MatmulProduct product_of_gemm(Builder& builder, const Node& node, const Gemm& op) {
  MatmulProduct p{.a = builder.view(node.inputs[0]), .b = builder.view(node.inputs[1])};
  const Dims& a = builder.dims(node.inputs[0]);
  const Dims& b = builder.dims(node.inputs[1]);
  const size_t a_row = op.transA ? 1 : 0, b_row = op.transB ? 1 : 0;
  p.m = a[a_row];
  p.k = a[1 - a_row];
  p.n = b[1 - b_row];
  p.a_row = p.a.strides[a_row];
  p.a_k = p.a.strides[1 - a_row];
  p.b_k = p.b.strides[b_row];
  p.b_column = p.b.strides[1 - b_row];
  p.scale = op.alpha;
  if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) p.addend = node.inputs[2];
  p.addend_scale = op.beta;
  return p;
}

// out += scale * addend, broadcast, for the C of a Gemm that the kernel does not take.
void add_addend(Builder& builder, const MatmulProduct& p, int out, NodeId id) {
  const Dims& own = builder.dims(p.addend);
  const int addend = builder.require(p.addend, Order::onnx);
  std::vector<int64_t> strides(2, 0);
  const auto from = strides_in(own, Order::onnx);
  for (size_t i = 0; i < own.size(); ++i)
    if (own[i] != 1) strides[2 - own.size() + i] = from[i];
  builder.add({.kernel = "gemm.addend",
               .nodes = {id},
               .reads = {out, addend},
               .writes = {out},
               .run = [=, m = p.m, n = p.n, scale = p.addend_scale](const Frame& frame) {
                 const auto* c = frame.at<const float>(addend);
                 auto* y = frame.at<float>(out);
                 for (int64_t i = 0; i < m; ++i)
                   for (int64_t j = 0; j < n; ++j) y[i * n + j] += scale * c[i * strides[0] + j * strides[1]];
                 return Result<void>();
               }});
}

}  // namespace

bool match_matmul(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* gemm = as<Gemm>(node.op);
  if ((!gemm && !as<MatMul>(node.op)) || builder.dtype(node.inputs[0]) != DType::float32) return false;
  if (builder.dtype(node.inputs[1]) != DType::float32 || count_of(builder.dims(node.outputs[0])) == 0 ||
      count_of(builder.dims(node.inputs[0])) == 0)
    return false;
  ProductFollow follow{.nodes = {id}, .out = node.outputs[0]};
  const bool whole = builder.dims(node.inputs[0]).size() >= 2 && builder.dims(node.inputs[1]).size() >= 2;
  builder.claim(id);
  MatmulProduct p = gemm ? product_of_gemm(builder, node, *gemm) : product_of_matmul(builder, node);
  straighten(builder, DType::float32, p);
  follow.strides = strides_in(builder.dims(follow.out), Order::onnx);
  if (!gemm) {
    follow_scale(builder, follow);
    if (const auto match = match_activation(builder, follow.out)) {
      follow.activation = match->activation;
      follow.nodes.insert(follow.nodes.end(), match->nodes.begin(), match->nodes.end());
      follow.out = match->out;
    }
    if (whole) follow_transpose(builder, follow);
  }
  for (const NodeId other : follow.nodes) builder.claim(other);
  ProductPlace place = place_of(p, follow, whole);
  join_batch(p, place);
  MatmulShape shape{.count = count_of(p.batch),
                    .m = p.m,
                    .k = p.k,
                    .n = p.n,
                    .a_row = p.a_row,
                    .b_row = p.b_k,
                    .b_column = p.b_column,
                    .c_row = place.row,
                    .scale = p.scale * follow.scale,
                    .activation = follow.activation};
  const int out = builder.create(follow.out, Order::onnx);
  Step step{.kernel = "matmul.float", .nodes = follow.nodes, .reads = {p.a.value, p.b.value}, .writes = {out}};
  step.scratch = static_cast<size_t>(builder.kernels.matmul_scratch_size(shape, builder.threads)) * sizeof(float);
  step.run = [=, from = p.a.value, by = p.b.value, at = offsets_of(p, place.batch)](const Frame& frame) {
    frame.kernels.matmul(shape, {at.a.data(), at.b.data(), at.c.data()}, frame.at<const float>(from),
                         frame.at<const float>(by), nullptr, frame.at<float>(out),
                         reinterpret_cast<float*>(frame.scratch), frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  if (p.addend != ValueId::none) add_addend(builder, p, out, id);
  return true;
}

}  // namespace pare
