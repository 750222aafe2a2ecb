// Fused operators as the plain operators that they stand for, and normalizations behind sums.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#include <cmath>

#include "runtime/kernels/attend.h"

namespace pare {
namespace {

using namespace kernels;

// The first output of another operator's kernel.
template <class O>
Result<Tensor> apply(const O& op, std::vector<Tensor> inputs) {
  std::vector<Tensor> outputs(1);
  KernelContext context{inputs, outputs};
  PARE_TRY(run(op, context));
  return std::move(outputs[0]);
}

// f(x) element by element, in double.
template <class F>
Result<Tensor> mapped(const Tensor& x, F&& f) {
  std::vector<Tensor> inputs{x}, outputs(1);
  KernelContext context{inputs, outputs};
  PARE_TRY(map_floats(context, f));
  return std::move(outputs[0]);
}

Result<Tensor> activate(const Tensor& x, std::string_view name, std::vector<double> parameters) {
  const auto given = [&](size_t i, double fallback) { return i < parameters.size() ? parameters[i] : fallback; };
  if (name.empty()) return x;
  if (name == "Relu") return mapped(x, [](double v) { return std::max(v, 0.0); });
  if (name == "Sigmoid") return mapped(x, [](double v) { return 1 / (1 + std::exp(-v)); });
  if (name == "Tanh") return mapped(x, [](double v) { return std::tanh(v); });
  if (name == "Softplus")
    return mapped(x, [](double v) { return std::max(v, 0.0) + std::log1p(std::exp(-std::fabs(v))); });
  if (name == "Softsign") return mapped(x, [](double v) { return v / (1 + std::fabs(v)); });
  if (name == "HardSwish") return mapped(x, [](double v) { return v * std::clamp(v / 6 + 0.5, 0.0, 1.0); });
  if (name == "LeakyRelu") return mapped(x, [a = given(0, 0.01)](double v) { return v >= 0 ? v : a * v; });
  if (name == "Elu") return mapped(x, [a = given(0, 1)](double v) { return v >= 0 ? v : a * std::expm1(v); });
  if (name == "ThresholdedRelu") return mapped(x, [a = given(0, 1)](double v) { return v > a ? v : 0.0; });
  if (name == "Clip")
    return mapped(x, [low = given(0, -INFINITY), high = given(1, INFINITY)](double v) {
      return std::min(std::max(v, low), high);
    });
  if (name == "HardSigmoid")
    return mapped(x, [a = given(0, 0.2), b = given(1, 0.5)](double v) { return std::clamp(a * v + b, 0.0, 1.0); });
  return unsupported("has no kernel with the activation '" + std::string(name) + "'");
}

// What transBatch and trans do to an operand: the first axis goes behind the batch, then the last two are swapped.
Result<Tensor> transposed(const Tensor& x, bool trans, bool batch) {
  if (x.rank() < 2 || (!trans && !batch)) return x;
  Transpose op;
  op.perm = iota(x.rank());
  auto& perm = op.perm;
  if (batch) std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (trans) std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return apply(op, {x});
}

double gelu(FusedGelu::Kind kind, double alpha, double x) {
  switch (kind) {
    case FusedGelu::Kind::BiasGelu:
    case FusedGelu::Kind::Gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case FusedGelu::Kind::FastGelu:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case FusedGelu::Kind::QuickGelu:
      return x / (1 + std::exp(-alpha * x));
  }
  return x;
}

// Rows of a table, or none of them.
template <class T>
double element(const KernelContext& context, size_t slot, int64_t i) {
  return context.has(slot) ? static_cast<double>(context.inputs[slot].data<T>()[i]) : 0.0;
}

// Normalizes each row of `sum` in place; returns means and inverse deviations.
struct Statistics {
  std::vector<float> means, inverses;
};
template <class T>
Statistics normalize_rows(std::span<const double> sums, int64_t columns, bool centred, double epsilon,
                          const Tensor& gamma, const Tensor* beta, std::span<T> out) {
  Statistics statistics;
  const auto scale = gamma.data<T>();
  for (size_t at = 0; columns > 0 && at < sums.size(); at += static_cast<size_t>(columns)) {
    double mean = 0, squares = 0;
    const auto row = sums.subspan(at, static_cast<size_t>(columns));
    for (const double x : row) mean += centred ? x / static_cast<double>(columns) : 0.0;
    for (const double x : row) squares += (x - mean) * (x - mean) / static_cast<double>(columns);
    const double inverse = 1 / std::sqrt(squares + epsilon);
    for (size_t c = 0; c < row.size(); ++c) {
      const double shift = beta ? static_cast<double>(beta->data<T>()[c]) : 0.0;
      out[at + c] = static_cast<T>((row[c] - mean) * inverse * static_cast<double>(scale[c]) + shift);
    }
    statistics.means.push_back(static_cast<float>(mean));
    statistics.inverses.push_back(static_cast<float>(inverse));
  }
  return statistics;
}

template <class T>
Result<void> skip_norm(const SkipNormalization& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const bool layer = op.kind == SkipNormalization::Kind::Layer;
  const size_t bias = layer ? 4 : 3;
  const int64_t columns = x.dims().back();
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, x.dims()));
  PARE_ASSIGN(Tensor sum, allocate(dtype_of<T>, x.dims()));
  std::vector<double> sums(static_cast<size_t>(x.size()));
  const auto a = x.data<T>(), b = context.inputs[1].data<T>();
  auto kept = sum.mutable_data<T>();
  for_each_index<1>(x.dims(), {broadcast_strides(context.inputs[1].dims(), x.dims())}, [&](int64_t i, const auto& at) {
    sums[static_cast<size_t>(i)] = static_cast<double>(a[i]) + static_cast<double>(b[at[0]]) +
                                   element<T>(context, bias, columns ? i % columns : 0);
    kept[i] = static_cast<T>(sums[static_cast<size_t>(i)]);
  });
  const Tensor* beta = layer && context.has(3) ? &context.inputs[3] : nullptr;
  const Statistics statistics = normalize_rows<T>(sums, columns, layer, static_cast<double>(op.epsilon),
                                                  context.inputs[2], beta, y.mutable_data<T>());
  Dims dims = x.dims();
  dims.back() = 1;
  if (columns == 0) return input_error("has rows of no elements");
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = Tensor::of<float>(dims, statistics.means);
  if (context.outputs.size() > 2) context.outputs[2] = Tensor::of<float>(dims, statistics.inverses);
  if (context.outputs.size() > 3) context.outputs[3] = std::move(sum);
  return {};
}

}  // namespace

Result<void> run(const FusedMatMul& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  PARE_ASSIGN(const Tensor a, transposed(context.inputs[0], op.transA != 0, op.transBatchA != 0));
  PARE_ASSIGN(const Tensor b, transposed(context.inputs[1], op.transB != 0, op.transBatchB != 0));
  PARE_ASSIGN(const Tensor product, apply(MatMul{}, {a, b}));
  PARE_ASSIGN(context.outputs[0], mapped(product, [&](double x) { return static_cast<double>(op.alpha) * x; }));
  return {};
}

Result<void> run(const FusedGemm& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  Gemm gemm;
  gemm.alpha = op.alpha;
  gemm.beta = op.beta;
  gemm.transA = op.transA;
  gemm.transB = op.transB;
  PARE_ASSIGN(const Tensor y, apply(gemm, {context.inputs.begin(), context.inputs.end()}));
  PARE_ASSIGN(
      context.outputs[0],
      activate(y, op.activation, {static_cast<double>(op.activation_alpha), static_cast<double>(op.activation_beta)}));
  return {};
}

Result<void> run(const FusedConv& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  Conv conv;
  conv.auto_pad = op.auto_pad;
  conv.dilations = op.dilations;
  conv.group = op.group;
  conv.kernel_shape = op.kernel_shape;
  conv.pads = op.pads;
  conv.strides = op.strides;
  const size_t operands = std::min<size_t>(3, context.inputs.size());
  PARE_ASSIGN(Tensor y, apply(conv, {context.inputs.begin(), context.inputs.begin() + static_cast<int64_t>(operands)}));
  if (context.has(3)) {
    PARE_ASSIGN(y, apply(Binary{Binary::Kind::Add}, {y, context.inputs[3]}));
  }
  PARE_ASSIGN(context.outputs[0],
              activate(y, op.activation, {op.activation_params.begin(), op.activation_params.end()}));
  return {};
}

Result<void> run(const FusedGelu& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  Tensor x = context.inputs[0];
  if (context.has(1)) {
    PARE_ASSIGN(x, apply(Binary{Binary::Kind::Add}, {x, context.inputs[1]}));
  }
  PARE_ASSIGN(context.outputs[0], mapped(x, [&](double v) { return gelu(op.kind, static_cast<double>(op.alpha), v); }));
  return {};
}

Result<void> run(const SkipNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) {
    PARE_TRY(*done);
    // The statistics are float32 whatever the input is.
    for (size_t i = 1; i < std::min<size_t>(3, context.outputs.size()); ++i) {
      PARE_ASSIGN(context.outputs[i], cast(context.outputs[i], DType::float32));
    }
    return {};
  }
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() { result = skip_norm<T>(op, context); }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

Result<void> run(const SimplifiedLayerNormalization& op, KernelContext& context) {
  RMSNormalization norm;
  norm.axis = op.axis;
  norm.epsilon = op.epsilon;
  PARE_ASSIGN(context.outputs[0], apply(norm, {context.inputs[0], context.inputs[1]}));
  if (context.outputs.size() < 2) return {};
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  Dims dims = x.dims();
  for (size_t i = axis; i < dims.size(); ++i) dims[i] = 1;
  PARE_ASSIGN(Tensor inverses, allocate(DType::float32, dims));
  const int64_t columns = product(x.dims(), axis, x.dims().size());
  for (int64_t row = 0; row < inverses.size(); ++row) {
    double squares = 0;
    for (int64_t i = row * columns; i < (row + 1) * columns; ++i) squares += std::pow(x.as_double(i), 2);
    inverses.set_double(row, 1 / std::sqrt(squares / static_cast<double>(columns) + static_cast<double>(op.epsilon)));
  }
  context.outputs[1] = std::move(inverses);
  return {};
}

Result<void> run(const FusedRotaryEmbedding& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  if (op.is_packed_batching) return unsupported("has no kernel for packed batches");
  const Tensor &x = context.inputs[0], &positions = context.inputs[1];
  RotaryEmbedding rotary;
  rotary.interleaved = op.interleaved;
  rotary.rotary_embedding_dim = op.rotary_embedding_dim;
  const int64_t pairs = context.inputs[2].dims()[1];
  if (x.rank() == 3) {
    const int64_t heads = op.num_heads ? op.num_heads : pairs ? x.dims()[2] / (2 * pairs) : 0;
    if (heads < 1 || x.dims()[2] % heads != 0) return input_error("has a width that its heads do not divide");
    rotary.num_heads = heads;
  }
  const int64_t batch = x.dims()[0], length = x.dims()[x.rank() == 3 ? 1 : 2];
  PARE_ASSIGN(Tensor ids, allocate(DType::int64, {batch, length}));
  if (positions.size() != 1 && positions.dims() != ids.dims())
    return input_error("position_ids must be an offset or one entry per token, found " + to_string(positions.type()));
  // One number is the position of the first token.
  for (int64_t i = 0; i < ids.size(); ++i)
    ids.mutable_data<int64_t>()[i] = positions.rank() == 1 ? positions.as_int(0) + i % length : positions.as_int(i);
  PARE_ASSIGN(context.outputs[0], apply(rotary, {x, context.inputs[2], context.inputs[3], ids}));
  return {};
}

}  // namespace pare
