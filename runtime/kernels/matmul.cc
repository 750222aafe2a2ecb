// Matrix products. https://onnx.ai/onnx/operators: Gemm, MatMul, MatMulInteger.
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Integers wrap around.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
template <class T>
using Factor = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;

// numpy.matmul: vectors gain an axis that the result loses; leading axes broadcast.
struct Product {
  int64_t m = 1, k = 1, n = 1;
  Dims batch;
  std::vector<int64_t> a_strides, b_strides;  // in elements, along batch
  Dims out_dims;
};

Result<Product> make_product(Dims a, Dims b) {
  if (a.empty() || b.empty()) return input_error("takes no scalars");
  const bool a_vector = a.size() == 1;
  const bool b_vector = b.size() == 1;
  if (a_vector) a.insert(a.begin(), 1);
  if (b_vector) b.push_back(1);
  Product product{.m = a[a.size() - 2], .k = a.back(), .n = b.back()};
  if (b[b.size() - 2] != product.k)
    return input_error("cannot multiply rows of " + std::to_string(product.k) + " by columns of " +
                       std::to_string(b[b.size() - 2]));
  const Dims a_batch(a.begin(), a.end() - 2);
  const Dims b_batch(b.begin(), b.end() - 2);
  PARE_ASSIGN(product.batch, broadcast_dims({a_batch, b_batch}));
  product.a_strides = broadcast_strides(a_batch, product.batch);
  product.b_strides = broadcast_strides(b_batch, product.batch);
  for (int64_t& stride : product.a_strides) stride *= product.m * product.k;
  for (int64_t& stride : product.b_strides) stride *= product.k * product.n;
  product.out_dims = product.batch;
  if (!a_vector) product.out_dims.push_back(product.m);
  if (!b_vector) product.out_dims.push_back(product.n);
  return product;
}

// out[batch, i, j] = sum over k of a(batch, i, k) * b(batch, k, j), in Acc.
template <class Acc, class A, class B, class Out>
void multiply(const Product& product, A&& a, B&& b, std::span<Out> out) {
  for_each_index<2>(product.batch, {product.a_strides, product.b_strides}, [&](int64_t batch, const auto& at) {
    for (int64_t i = 0; i < product.m; ++i) {
      for (int64_t j = 0; j < product.n; ++j) {
        Acc sum = 0;
        for (int64_t k = 0; k < product.k; ++k)
          sum += a(at[0] + i * product.k + k, i) * b(at[1] + k * product.n + j, j);
        out[(batch * product.m + i) * product.n + j] = static_cast<Out>(sum);
      }
    }
  });
}

// Zero points of rows or columns: a scalar, a vector, or a matrix with one entry per row (column) and batch is refused.
Result<std::vector<int64_t>> zero_points(const KernelContext& context, size_t slot, int64_t count) {
  std::vector<int64_t> zeros(static_cast<size_t>(count), 0);
  if (!context.has(slot)) return zeros;
  const Tensor& tensor = context.inputs[slot];
  if (tensor.size() != 1 && tensor.size() != count)
    return unsupported("takes one zero point or one per row or column, found " + to_string(tensor.type()));
  for (int64_t i = 0; i < count; ++i) zeros[i] = tensor.as_int(tensor.size() == 1 ? 0 : i);
  return zeros;
}

template <class T>
void gemm(const Gemm& op, const Dims& out, int64_t depth, const KernelContext& context, Tensor& y) {
  using Acc = Accumulator<T>;
  const auto a = context.inputs[0].data<T>();
  const auto b = context.inputs[1].data<T>();
  auto to = y.mutable_data<T>();
  const int64_t m = out[0], n = out[1];
  std::vector<int64_t> c_strides{0, 0};
  if (context.has(2)) c_strides = broadcast_strides(context.inputs[2].dims(), out);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      Acc sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += Acc(a[op.transA ? k * m + i : i * depth + k]) * Acc(b[op.transB ? j * depth + k : k * n + j]);
      sum *= static_cast<Acc>(Factor<T>(op.alpha));
      if (context.has(2)) {
        const T c = context.inputs[2].data<T>()[i * c_strides[0] + j * c_strides[1]];
        sum += static_cast<Acc>(Factor<T>(op.beta)) * Acc(c);
      }
      to[i * n + j] = static_cast<T>(sum);
    }
  }
}

}  // namespace

Result<void> run(const Gemm& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  if (a.rank() != 2 || b.rank() != 2) return input_error("takes matrices");
  const int64_t m = a.dims()[op.transA ? 1 : 0], depth = a.dims()[op.transA ? 0 : 1];
  const int64_t n = b.dims()[op.transB ? 0 : 1];
  if (b.dims()[op.transB ? 1 : 0] != depth)
    return input_error("cannot multiply " + to_string(a.type()) + " by " + to_string(b.type()));
  if (context.has(2)) {
    PARE_ASSIGN(const Dims together, broadcast_dims({context.inputs[2].dims(), Dims{m, n}}));
    if (together != Dims{m, n}) return input_error("C does not broadcast to the product");
  }
  PARE_ASSIGN(Tensor y, allocate(a.dtype(), {m, n}));
  if (!dispatch(a.dtype(), Numbers{}, [&]<class T>() { gemm<T>(op, {m, n}, depth, context, y); }))
    return no_kernel(a.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const MatMul& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  PARE_ASSIGN(const Product product, make_product(a.dims(), b.dims()));
  PARE_ASSIGN(Tensor y, allocate(a.dtype(), product.out_dims));
  const bool known = dispatch(a.dtype(), Numbers{}, [&]<class T>() {
    using Acc = Accumulator<T>;
    const auto av = a.data<T>();
    const auto bv = b.data<T>();
    multiply<Acc>(
        product, [&](int64_t i, int64_t) { return Acc(av[i]); }, [&](int64_t i, int64_t) { return Acc(bv[i]); },
        y.mutable_data<T>());
  });
  if (!known) return no_kernel(a.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const MatMulInteger&, KernelContext& context) {
  const Tensor& a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  PARE_ASSIGN(const Product product, make_product(a.dims(), b.dims()));
  PARE_ASSIGN(const auto a_zero, zero_points(context, 2, product.m));
  PARE_ASSIGN(const auto b_zero, zero_points(context, 3, product.n));
  PARE_ASSIGN(Tensor y, allocate(DType::int32, product.out_dims));
  const auto go = [&]<class A, class B>(std::span<const A> av, std::span<const B> bv) {
    multiply<int64_t>(
        product, [&](int64_t i, int64_t row) { return int64_t{av[i]} - a_zero[row]; },
        [&](int64_t i, int64_t column) { return int64_t{bv[i]} - b_zero[column]; }, y.mutable_data<int32_t>());
  };
  const bool known = dispatch(a.dtype(), Bytes{}, [&]<class A>() {
    dispatch(b.dtype(), Bytes{}, [&]<class B>() { go(a.data<A>(), b.data<B>()); });
  });
  if (!known || (b.dtype() != DType::int8 && b.dtype() != DType::uint8))
    return no_kernel(known ? b.dtype() : a.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
