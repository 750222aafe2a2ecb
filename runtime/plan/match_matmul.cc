// Products of values that are met once, read where they lie: transposed, sliced and repeated operands cost no copy.
#include <algorithm>

#include "runtime/plan/box.h"
#include "runtime/plan/builder.h"

namespace pare {
namespace {

// Both operands as [batch..., rows, k] and [batch..., k, columns] with strides; the result [batch..., rows, columns].
struct Product {
  View a, b;
  Dims batch;
  std::vector<int64_t> a_batch, b_batch;
  int64_t m = 1, k = 1, n = 1;
  int64_t a_row = 0, a_k = 1, b_k = 0, b_column = 1;
  float scale = 1;
  ValueId addend = ValueId::none;  // of a Gemm
  float addend_scale = 1;
};

// Strides of `own` batch axes seen as `batch`.
std::vector<int64_t> batch_strides(const Dims& own, const std::vector<int64_t>& strides, const Dims& batch) {
  std::vector<int64_t> result(batch.size(), 0);
  const size_t shift = batch.size() - own.size();
  for (size_t i = 0; i < own.size(); ++i)
    if (own[i] != 1) result[shift + i] = strides[i];
  return result;
}

Product product_of_matmul(Builder& builder, const Node& node) {
  Product p{.a = builder.view(node.inputs[0]), .b = builder.view(node.inputs[1])};
  Dims a = builder.dims(node.inputs[0]), b = builder.dims(node.inputs[1]);
  auto a_strides = p.a.strides, b_strides = p.b.strides;
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
    a_strides.insert(a_strides.begin(), 0);
  }
  if (b.size() == 1) {
    b.push_back(1);
    b_strides.push_back(1);
  }
  const Dims a_batch(a.begin(), a.end() - 2), b_batch(b.begin(), b.end() - 2);
  p.batch.assign(std::max(a_batch.size(), b_batch.size()), 1);
  for (const Dims* dims : {&a_batch, &b_batch})
    for (size_t i = 0; i < dims->size(); ++i) {
      int64_t& to = p.batch[p.batch.size() - dims->size() + i];
      to = std::max(to, (*dims)[i]);
    }
  p.a_batch = batch_strides(a_batch, a_strides, p.batch);
  p.b_batch = batch_strides(b_batch, b_strides, p.batch);
  p.m = a[a.size() - 2];
  p.k = a.back();
  p.n = b.back();
  p.a_row = a_strides[a.size() - 2];
  p.a_k = a_strides.back();
  p.b_k = b_strides[b.size() - 2];
  p.b_column = b_strides.back();
  return p;
}

Product product_of_gemm(Builder& builder, const Node& node, const Gemm& op) {
  Product p{.a = builder.view(node.inputs[0]), .b = builder.view(node.inputs[1])};
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

// Rows of A have to be contiguous: a copy, where they are not.
void straighten(Builder& builder, Product& p) {
  if (p.a_k == 1 || p.k == 1) return;
  Dims dims = p.batch;
  dims.insert(dims.end(), {p.m, p.k});
  View view{p.a.value, p.a.offset, p.a_batch};
  view.strides.insert(view.strides.end(), {p.a_row, p.a_k});
  p.a = {builder.materialise(view, DType::float32, dims), 0, strides_in(dims, Order::onnx)};
  p.a_batch.assign(p.a.strides.begin(), p.a.strides.end() - 2);
  p.a_row = p.k;
  p.a_k = 1;
}

// What follows the product and runs in its kernel or decides where results go.
struct Follow {
  std::vector<NodeId> nodes;
  ValueId out;
  float scale = 1;
  Activation activation;
  std::vector<int64_t> strides;  // of the result's own axes in what is written
};

void follow_scale(const Builder& builder, Follow& follow) {
  const NodeId user = builder.sole_user(follow.out);
  if (user == NodeId::none || builder.dims(builder.node(user).outputs[0]) != builder.dims(follow.out)) return;
  const Node& node = builder.node(user);
  const bool first = node.inputs[0] == follow.out;
  const auto factor = scalar_input(builder, node, first ? 1 : 0);
  if (!factor) return;
  if (as<Binary>(node.op, Binary::Kind::Mul))
    follow.scale *= *factor;
  else if (as<Binary>(node.op, Binary::Kind::Div) && first)
    follow.scale /= *factor;
  else
    return;
  follow.nodes.push_back(user);
  follow.out = node.outputs[0];
}

// A Transpose that leaves the last axis in its place: rows are written where it would move them.
void follow_transpose(const Builder& builder, Follow& follow) {
  const Dims& dims = builder.dims(follow.out);
  follow.strides = strides_in(dims, Order::onnx);
  const NodeId user = builder.sole_user(follow.out);
  if (user == NodeId::none || dims.size() < 3) return;
  const Node& node = builder.node(user);
  const auto* op = as<Transpose>(node.op);
  if (!op || op->perm.empty() || op->perm.back() != static_cast<int64_t>(dims.size()) - 1) return;
  const auto moved = strides_in(builder.dims(node.outputs[0]), Order::onnx);
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t axis = op->perm[i] < 0 ? op->perm[i] + static_cast<int64_t>(dims.size()) : op->perm[i];
    follow.strides[static_cast<size_t>(axis)] = moved[i];
  }
  follow.nodes.push_back(user);
  follow.out = node.outputs[0];
}

struct Offsets {
  std::vector<int64_t> a, b, c;
};

// Where each of the products begins. Axes of the batch that are rows of one larger product are joined before.
Offsets offsets_of(const Product& p, const std::vector<int64_t>& c_batch) {
  Offsets at;
  std::vector<int64_t> index(p.batch.size(), 0);
  int64_t a = p.a.offset, b = p.b.offset, c = 0;
  for (int64_t i = 0; i < count_of(p.batch); ++i) {
    at.a.push_back(a);
    at.b.push_back(b);
    at.c.push_back(c);
    for (size_t axis = p.batch.size(); axis-- > 0;) {
      a += p.a_batch[axis];
      b += p.b_batch[axis];
      c += c_batch[axis];
      if (++index[axis] < p.batch[axis]) break;
      a -= p.a_batch[axis] * p.batch[axis];
      b -= p.b_batch[axis] * p.batch[axis];
      c -= c_batch[axis] * p.batch[axis];
      index[axis] = 0;
    }
  }
  return at;
}

// A batch of products with the same B, whose rows lie evenly, is one product of more rows.
void join_batch(Product& p, std::vector<int64_t>& c_batch, int64_t& c_row) {
  while (!p.batch.empty() && p.b_batch.back() == 0 && (p.m == 1 || p.a_batch.back() == p.a_row * p.m) &&
         (p.m == 1 || c_batch.back() == c_row * p.m)) {
    if (p.m == 1) {
      p.a_row = p.a_batch.back();
      c_row = c_batch.back();
    }
    p.m *= p.batch.back();
    p.batch.pop_back();
    p.a_batch.pop_back();
    p.b_batch.pop_back();
    c_batch.pop_back();
  }
}

// out += scale * addend, broadcast, for the C of a Gemm that the kernel does not take.
void add_addend(Builder& builder, const Product& p, int out, NodeId id) {
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
  Follow follow{.nodes = {id}, .out = node.outputs[0]};
  const bool whole = builder.dims(node.inputs[0]).size() >= 2 && builder.dims(node.inputs[1]).size() >= 2;
  builder.claim(id);
  Product p = gemm ? product_of_gemm(builder, node, *gemm) : product_of_matmul(builder, node);
  straighten(builder, p);
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
  std::vector<int64_t> c_batch(p.batch.size(), 0);
  int64_t c_row = p.n;
  if (whole) {
    c_row = follow.strides[p.batch.size()];
    c_batch.assign(follow.strides.begin(), follow.strides.begin() + static_cast<int64_t>(p.batch.size()));
  } else {
    const Dims batch = p.batch;
    for (size_t i = batch.size(); i-- > 0;) c_batch[i] = p.m * p.n * count_of(batch, i + 1, batch.size());
  }
  join_batch(p, c_batch, c_row);
  MatmulShape shape{.count = count_of(p.batch),
                    .m = p.m,
                    .k = p.k,
                    .n = p.n,
                    .a_row = p.a_row,
                    .b_row = p.b_k,
                    .b_column = p.b_column,
                    .c_row = c_row,
                    .scale = p.scale * follow.scale,
                    .activation = follow.activation};
  const int out = builder.create(follow.out, Order::onnx);
  Step step{.kernel = "matmul.float", .nodes = follow.nodes, .reads = {p.a.value, p.b.value}, .writes = {out}};
  step.scratch = static_cast<size_t>(builder.kernels.matmul_scratch_size(shape, builder.threads)) * sizeof(float);
  step.run = [=, a = p.a.value, b = p.b.value, at = offsets_of(p, c_batch)](const Frame& frame) {
    frame.kernels.matmul(shape, {at.a.data(), at.b.data(), at.c.data()}, frame.at<const float>(a),
                         frame.at<const float>(b), nullptr, frame.at<float>(out),
                         reinterpret_cast<float*>(frame.scratch), frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  if (p.addend != ValueId::none) add_addend(builder, p, out, id);
  return true;
}

}  // namespace pare
