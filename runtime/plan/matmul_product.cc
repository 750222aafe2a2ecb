#include "runtime/plan/matmul_product.h"

#include <algorithm>

#include "runtime/plan/box.h"

namespace pare {
namespace {

// Strides of `own` batch axes seen as `batch`.
std::vector<int64_t> batch_strides(const Dims& own, const std::vector<int64_t>& strides, const Dims& batch) {
  std::vector<int64_t> result(batch.size(), 0);
  const size_t shift = batch.size() - own.size();
  for (size_t i = 0; i < own.size(); ++i)
    if (own[i] != 1) result[shift + i] = strides[i];
  return result;
}

}  // namespace

MatmulProduct product_of_views(View a_view, Dims a, View b_view, Dims b) {
  MatmulProduct p{.a = std::move(a_view), .b = std::move(b_view)};
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

void straighten(Builder& builder, DType dtype, MatmulProduct& p) {
  if (p.a_k == 1 || p.k == 1) return;
  Dims dims = p.batch;
  dims.insert(dims.end(), {p.m, p.k});
  View view{p.a.value, p.a.offset, p.a_batch};
  view.strides.insert(view.strides.end(), {p.a_row, p.a_k});
  p.a = {builder.materialise(view, dtype, dims), 0, strides_in(dims, Order::onnx)};
  p.a_batch.assign(p.a.strides.begin(), p.a.strides.end() - 2);
  p.a_row = p.k;
  p.a_k = 1;
}

void follow_scale(const Builder& builder, ProductFollow& follow) {
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

void follow_transpose(const Builder& builder, ProductFollow& follow) {
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

ProductPlace place_of(const MatmulProduct& p, const ProductFollow& follow, bool whole) {
  ProductPlace place{std::vector<int64_t>(p.batch.size(), 0), p.n};
  if (whole) {
    place.row = follow.strides[p.batch.size()];
    place.batch.assign(follow.strides.begin(), follow.strides.begin() + static_cast<int64_t>(p.batch.size()));
    return place;
  }
  for (size_t i = p.batch.size(); i-- > 0;) place.batch[i] = p.m * p.n * count_of(p.batch, i + 1, p.batch.size());
  return place;
}

void join_batch(MatmulProduct& p, ProductPlace& place) {
  auto& [c_batch, c_row] = place;
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

ProductOffsets offsets_of(const MatmulProduct& p, const std::vector<int64_t>& c_batch) {
  ProductOffsets at;
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

}  // namespace pare
