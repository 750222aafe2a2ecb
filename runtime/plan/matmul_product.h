// The geometry of MatMul and Gemm over values that are met once: views, batches, and where results go.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/builder.h"

namespace pare {

// Both operands as [batch..., rows, k] and [batch..., k, columns] with strides; the result [batch..., rows, columns].
struct MatmulProduct {
  View a, b;
  Dims batch;
  std::vector<int64_t> a_batch, b_batch;
  int64_t m = 1, k = 1, n = 1;
  int64_t a_row = 0, a_k = 1, b_k = 0, b_column = 1;
  float scale = 1;
  ValueId addend = ValueId::none;  // of a Gemm
  float addend_scale = 1;
};

// Of two views, one-dimensional ones as a row or a column. The batch is broadcast.
MatmulProduct product_of_views(View a_view, Dims a, View b_view, Dims b);
// Rows of A have to be contiguous: a copy, where they are not.
void straighten(Builder& builder, DType dtype, MatmulProduct& product);

// What follows the product and runs in its kernel or decides where results go.
struct ProductFollow {
  std::vector<NodeId> nodes;
  ValueId out;
  float scale = 1;
  Activation activation;
  std::vector<int64_t> strides;  // of the result's own axes in what is written
};

// A Mul or Div by a constant scalar.
void follow_scale(const Builder& builder, ProductFollow& follow);
// A Transpose that leaves the last axis in its place: rows are written where it would move them. Sets `strides`.
void follow_transpose(const Builder& builder, ProductFollow& follow);
// Where rows and batches of the result lie; `whole`: both operands have two axes or more.
struct ProductPlace {
  std::vector<int64_t> batch;
  int64_t row = 0;
};
ProductPlace place_of(const MatmulProduct& product, const ProductFollow& follow, bool whole);
// A batch of products with the same B, whose rows lie evenly, is one product of more rows.
void join_batch(MatmulProduct& product, ProductPlace& place);

// Where each of the products begins, in elements.
struct ProductOffsets {
  std::vector<int64_t> a, b, c;
};

ProductOffsets offsets_of(const MatmulProduct& product, const std::vector<int64_t>& c_batch);

}  // namespace pare
