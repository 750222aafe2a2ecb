// Products on integer weights (com.microsoft): DynamicQuantizeMatMul, MatMulIntegerToFloat, MatMulNBits,
// GatherBlockQuantized, DynamicQuantizeLSTM. Sums of integers are exact.
#include <cmath>

#include "graph/packed.h"
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

Result<std::vector<Tensor>> run_as(const auto& op, std::vector<Tensor> inputs, size_t outputs = 1) {
  std::vector<Tensor> results(outputs);
  KernelContext inner{inputs, results};
  if (auto done = run(op, inner); !done) return done.failure();
  return results;
}

Tensor input_or_none(const KernelContext& context, size_t i) { return context.has(i) ? context.inputs[i] : Tensor(); }

// y = integer product * (a_scale * b_scale) + bias, scales and bias one for all or one per row (a) or column (b).
Result<Tensor> scaled_product(const Tensor& sums, const Tensor& a_scale, const Tensor& b_scale, const Tensor& bias,
                              bool vector_b) {
  const int64_t columns = vector_b || sums.rank() == 0 ? 1 : sums.dims().back();
  const auto fits = [&](const Tensor& tensor) { return tensor.size() == 1 || tensor.size() == columns; };
  const int64_t rows = vector_b           ? (sums.rank() ? sums.dims().back() : 1)
                       : sums.rank() >= 2 ? *(sums.dims().end() - 2)
                                          : 1;
  if (!fits(b_scale) || (bias.dtype() != DType::undefined && bias.size() != columns) ||
      (a_scale.size() != 1 && a_scale.size() != rows))
    return input_error("scales and bias need one element, or one per row of A (a_scale) or column of B, found " +
                       to_string(a_scale.type()) + " and " + to_string(b_scale.type()));
  PARE_ASSIGN(Tensor y, allocate(DType::float32, sums.dims()));
  auto out = y.mutable_data<float>();
  for (int64_t i = 0; i < y.size(); ++i) {
    const int64_t column = i % columns, row = i / columns % std::max<int64_t>(1, rows);
    const auto left = static_cast<float>(a_scale.as_double(a_scale.size() == 1 ? 0 : row));
    const auto right = static_cast<float>(b_scale.as_double(b_scale.size() == 1 ? 0 : column));
    out[i] = static_cast<float>(sums.as_int(i)) * (left * right);
    if (bias.dtype() != DType::undefined) out[i] += static_cast<float>(bias.as_double(column));
  }
  return y;
}

int64_t packed(const std::byte* bytes, int64_t bits, int64_t i) {
  return static_cast<int64_t>(packed_element(bytes, static_cast<int>(bits), i));
}

// Which block each of the K rows of B belongs to: by its place, or by g_idx.
Result<std::vector<int64_t>> groups_of(const MatMulNBits& op, const KernelContext& context, int64_t blocks) {
  std::vector<int64_t> groups(static_cast<size_t>(op.K));
  if (context.has(4) && context.inputs[4].size() < op.K)
    return input_error("g_idx has " + std::to_string(context.inputs[4].size()) + " elements, expected K, " +
                       std::to_string(op.K));
  for (int64_t k = 0; k < op.K; ++k) {
    const int64_t group = context.has(4) ? context.inputs[4].as_int(k) : k / op.block_size;
    if (group < 0 || group >= blocks)
      return input_error("g_idx has an entry " + std::to_string(group) + ", expected 0 to " +
                         std::to_string(blocks - 1));
    groups[k] = group;
  }
  return groups;
}

// Column n of the matrix that B holds.
void unpack_column(const MatMulNBits& op, const KernelContext& context, const std::vector<int64_t>& groups, int64_t n,
                   std::vector<double>& column) {
  const int64_t blocks = (op.K + op.block_size - 1) / op.block_size, blob = op.block_size * op.bits / 8;
  const std::byte* weights = context.inputs[1].bytes().data() + n * blocks * blob;
  const int64_t zero_row = (blocks * op.bits + 7) / 8;
  for (int64_t k = 0; k < op.K; ++k) {
    const int64_t group = groups[k];
    double zero = static_cast<double>(int64_t{1} << (op.bits - 1));
    if (context.has(3)) {
      const Tensor& zeros = context.inputs[3];
      zero = zeros.dtype() == DType::uint8
                 ? static_cast<double>(packed(zeros.bytes().data() + n * zero_row, op.bits, group))
                 : zeros.as_double(n * blocks + group);
    }
    const int64_t level = packed(weights + k / op.block_size * blob, op.bits, k % op.block_size);
    column[k] = (static_cast<double>(level) - zero) * context.inputs[2].as_double(n * blocks + group);
  }
}

// Scale or zero point of GatherBlockQuantized: which element belongs to an element of the data.
struct Blocks {
  int64_t inner, size, block, blocks;
  int64_t of(int64_t i) const { return (i / (inner * size) * blocks + i / inner % size / block) * inner + i % inner; }
};

}  // namespace

Result<void> run(const DynamicQuantizeMatMul&, KernelContext& context) {
  PARE_ASSIGN(const std::vector<Tensor> a, run_as(DynamicQuantizeLinear{}, {context.inputs[0]}, 3));
  PARE_ASSIGN(const std::vector<Tensor> sums,
              run_as(MatMulInteger{}, {a[0], context.inputs[1], a[2], input_or_none(context, 3)}));
  PARE_ASSIGN(context.outputs[0], scaled_product(sums[0], a[1], context.inputs[2], input_or_none(context, 4),
                                                 context.inputs[1].rank() == 1));
  return {};
}

Result<void> run(const MatMulIntegerToFloat&, KernelContext& context) {
  PARE_ASSIGN(const std::vector<Tensor> sums,
              run_as(MatMulInteger{},
                     {context.inputs[0], context.inputs[1], input_or_none(context, 4), input_or_none(context, 5)}));
  PARE_ASSIGN(const Tensor y, scaled_product(sums[0], context.inputs[2], context.inputs[3], input_or_none(context, 6),
                                             context.inputs[1].rank() == 1));
  PARE_ASSIGN(context.outputs[0], cast(y, context.inputs[2].dtype()));
  return {};
}

Result<void> run(const MatMulNBits& op, KernelContext& context) {
  const Tensor& a = context.inputs[0];
  PARE_ASSIGN(const Tensor left, cast(a, a.dtype() == DType::float64 ? DType::float64 : DType::float32));
  PARE_ASSIGN(const std::vector<int64_t> groups, groups_of(op, context, (op.K + op.block_size - 1) / op.block_size));
  Dims dims = a.dims();
  dims.back() = op.N;
  PARE_ASSIGN(Tensor y, allocate(left.dtype(), dims));
  const int64_t rows = left.size() / op.K;
  std::vector<double> column(static_cast<size_t>(op.K));
  dispatch(left.dtype(), Floats{}, [&]<class T>() {
    const auto in = left.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t n = 0; n < op.N; ++n) {
      unpack_column(op, context, groups, n, column);
      for (int64_t m = 0; m < rows; ++m) {
        double sum = context.has(5) ? context.inputs[5].as_double(n) : 0.0;
        for (int64_t k = 0; k < op.K; ++k) sum += static_cast<double>(in[m * op.K + k]) * column[k];
        out[m * op.N + n] = static_cast<T>(sum);
      }
    }
  });
  PARE_ASSIGN(context.outputs[0], cast(y, a.dtype()));
  return {};
}

// An index outside the data gives zeros.
Result<void> run(const GatherBlockQuantized& op, KernelContext& context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1], &scales = context.inputs[2];
  const bool bytes = data.dtype() == DType::uint8;
  const int64_t share = bytes ? 8 / op.bits : 1;  // elements in one of the data
  Dims dims = data.dims();
  PARE_ASSIGN(const size_t at, axis_of(op.gather_axis, dims.size()));
  PARE_ASSIGN(const size_t along, axis_of(op.quantize_axis, dims.size()));
  dims.back() *= share;
  const Blocks map{product(dims, along + 1, dims.size()), dims[along], op.block_size,
                   (dims[along] + op.block_size - 1) / op.block_size};
  Dims expected = dims;
  expected[along] = map.blocks;
  const int64_t packed_zeros = (map.blocks + share - 1) / share;
  Dims zero_dims = expected;
  zero_dims[along] = packed_zeros;
  if (scales.dims() != expected || (context.has(3) && context.inputs[3].dims() != zero_dims))
    return input_error("scales are " + to_string(scales.type()) + ", expected one per block of " +
                       std::to_string(op.block_size) + " of data " + to_string(data.type()) +
                       ", and zero points packed alike");
  Dims out_dims(dims.begin(), dims.begin() + static_cast<int64_t>(at));
  out_dims.insert(out_dims.end(), indices.dims().begin(), indices.dims().end());
  out_dims.insert(out_dims.end(), dims.begin() + static_cast<int64_t>(at) + 1, dims.end());
  PARE_ASSIGN(Tensor y, allocate(scales.dtype(), out_dims));
  const auto level = [&](const Tensor& tensor, int64_t i) {
    return bytes ? packed(tensor.bytes().data(), op.bits, i) : tensor.as_int(i);
  };
  const int64_t inner = product(dims, at + 1, dims.size()), count = indices.size();
  for (int64_t i = 0; i < y.size(); ++i) {
    int64_t row = indices.as_int(i / inner % count);
    if (row < 0) row += dims[at];
    if (row < 0 || row >= dims[at]) continue;
    const int64_t from = (i / inner / count * dims[at] + row) * inner + i % inner;
    const int64_t scale = map.of(from);
    int64_t zero = bytes ? int64_t{1} << (op.bits - 1) : 0;
    if (context.has(3))
      zero = level(context.inputs[3], bytes ? scale / map.blocks * packed_zeros * share + scale % map.blocks : scale);
    y.set_double(i, static_cast<double>(static_cast<float>(level(data, from) - zero) *
                                        static_cast<float>(scales.as_double(scale))));
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
