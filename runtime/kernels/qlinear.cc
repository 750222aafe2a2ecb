// Operators on quantized integers that carry their scales along. https://onnx.ai/onnx/operators: QLinearConv,
// QLinearMatMul; com.microsoft: QLinearAdd, QLinearMul, QLinearSigmoid, QLinearLeakyRelu, QLinearSoftmax,
// QLinearAveragePool, QLinearGlobalAveragePool, QLinearConcat, QGemm. Sums of integers are exact; the arithmetic on
// scales is float32, in the order that gives the integers of ONNX Runtime.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Scale and zero point of a whole operand.
struct Quantizer {
  float scale = 1;
  int64_t zero = 0;
};

bool one(const KernelContext& context, size_t i) { return context.has(i) && context.inputs[i].size() == 1; }

Result<Quantizer> quantizer(const KernelContext& context, size_t slot) {
  if (!one(context, slot) || (context.has(slot + 1) && !one(context, slot + 1)))
    return input_error("input " + std::to_string(slot) + " must be one scale, and the next one its zero point");
  return Quantizer{static_cast<float>(context.inputs[slot].as_double(0)),
                   context.has(slot + 1) ? context.inputs[slot + 1].as_int(0) : 0};
}

// saturate(round_half_even(value) + zero), with 0 for NaN.
void store(Tensor& y, int64_t i, float value, int64_t zero) {
  const double rounded = std::isnan(value) ? 0.0 : std::nearbyint(static_cast<double>(value));
  y.set_double(i, rounded + static_cast<double>(zero));
}

Result<Tensor> run_as(const auto& op, std::vector<Tensor> inputs) {
  std::vector<Tensor> outputs(1);
  KernelContext inner{inputs, outputs};
  if (auto done = run(op, inner); !done) return done.failure();
  return std::move(outputs[0]);
}

Tensor input_or_none(const KernelContext& context, size_t i) { return context.has(i) ? context.inputs[i] : Tensor(); }

// The table of a function of one quantized number, elementwise.
template <class F>
Result<void> map_levels(KernelContext& context, F&& f) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const Quantizer from, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer to, quantizer(context, 3));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  for (int64_t i = 0; i < x.size(); ++i) {
    const float real = from.scale * static_cast<float>(x.as_int(i) - from.zero);
    store(y, i, static_cast<float>(f(real)) / to.scale, to.zero);
  }
  context.outputs[0] = std::move(y);
  return {};
}

// Channels last to channels first, or back.
Result<Tensor> channels_moved(const Tensor& x, bool to_first) {
  Dims dims = x.dims();
  auto strides = strides_of(dims);
  const auto move = [&](auto& list) {
    to_first ? std::rotate(list.begin() + 1, list.end() - 1, list.end())
             : std::rotate(list.begin() + 1, list.begin() + 2, list.end());
  };
  move(dims);
  move(strides);
  return strided(x, dims, strides);
}

Result<Tensor> dequantized(const Tensor& x, const Quantizer& from) {
  PARE_ASSIGN(Tensor real, allocate(DType::float32, x.dims()));
  auto out = real.mutable_data<float>();
  for (int64_t i = 0; i < x.size(); ++i) out[i] = from.scale * static_cast<float>(x.as_int(i) - from.zero);
  return real;
}

// Which entry of a scale or zero point each element of a row-major matrix uses: one for all, or one per column.
struct PerColumn {
  const Tensor* tensor;  // null: 0
  int64_t columns;
  Result<void> check(std::string_view what) const {
    if (!tensor || tensor->size() == 1 || tensor->size() == columns) return {};
    return input_error(std::string(what) + " has " + std::to_string(tensor->size()) + " elements, expected 1 or " +
                       std::to_string(columns));
  }
  int64_t at(int64_t column) const { return tensor->size() == 1 ? 0 : column; }
};

// A scale or zero point of QLinearMatMul that broadcasts against operand `dims`: along rows (a) or columns (b).
Result<std::vector<double>> spread(const Tensor& parameter, const Dims& dims, bool rows) {
  const auto count = element_count(dims).value_or(0);
  std::vector<double> values(static_cast<size_t>(count));
  if (parameter.size() == 1) {
    std::fill(values.begin(), values.end(), parameter.as_double(0));
    return values;
  }
  Dims shape = parameter.dims();
  if (shape.size() == 1 && rows && dims.size() >= 2) shape.push_back(1);
  PARE_ASSIGN(const Dims together, broadcast_dims({shape, dims}));
  if (together != dims)
    return input_error("a scale or zero point " + to_string(parameter.type()) + " does not fit its operand");
  for_each_index<1>(dims, {broadcast_strides(shape, dims)},
                    [&](int64_t i, const auto& at) { values[i] = parameter.as_double(at[0]); });
  return values;
}

// x minus its zero points as float64, which holds every sum of products of bytes exactly.
Result<Tensor> centred(const Tensor& x, const Tensor& zero, bool rows) {
  PARE_ASSIGN(const auto zeros, spread(zero, x.dims(), rows));
  PARE_ASSIGN(Tensor result, allocate(DType::float64, x.dims()));
  auto out = result.mutable_data<double>();
  for (int64_t i = 0; i < x.size(); ++i) out[i] = x.as_double(i) - zeros[i];
  return result;
}

// The scales of a product's rows (a_scale) or columns (b_scale), laid out against the product.
Dims product_scale_dims(const Tensor& scale, bool rows) {
  Dims dims = scale.dims();
  if (dims.size() == 1 && rows && dims[0] != 1) dims.push_back(1);
  return dims;
}

float rounded_as(DType type, float value) {
  if (type == DType::float16) return half_to_float(float_to_half(value));
  if (type == DType::bfloat16) return bfloat16_to_float(float_to_bfloat16(value));
  return value;
}

}  // namespace

Result<void> run(const QLinearConv& op, KernelContext& context) {
  PARE_ASSIGN(const Quantizer x, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer y, quantizer(context, 6));
  const ConvInteger conv{op.auto_pad, op.dilations, op.group, op.kernel_shape, op.pads, op.strides};
  PARE_ASSIGN(const Tensor sums,
              run_as(conv, {context.inputs[0], context.inputs[3], context.inputs[2], context.inputs[5]}));
  const int64_t filters = context.inputs[3].dims()[0];
  const PerColumn scales{&context.inputs[4], filters};
  PARE_TRY(scales.check("w_scale"));
  if (context.has(8) && context.inputs[8].size() != filters) return input_error("needs one bias per filter");
  PARE_ASSIGN(Tensor result, allocate(context.inputs[7].dtype(), sums.dims()));
  const int64_t plane = product(sums.dims(), 2, sums.dims().size());
  for (int64_t i = 0; i < sums.size(); ++i) {
    const int64_t m = i / plane % filters;
    const float ratio = x.scale * static_cast<float>(scales.tensor->as_double(scales.at(m))) / y.scale;
    const int64_t sum = sums.as_int(i) + (context.has(8) ? context.inputs[8].as_int(m) : 0);
    store(result, i, static_cast<float>(static_cast<int32_t>(sum)) * ratio, y.zero);
  }
  context.outputs[0] = std::move(result);
  return {};
}

// With 8-bit floats nothing is rounded to integers: the output type rounds.
Result<void> run(const QLinearMatMul&, KernelContext& context) {
  const auto& in = context.inputs;
  PARE_ASSIGN(Tensor a, centred(in[0], in[2], true));
  PARE_ASSIGN(Tensor b, centred(in[3], in[5], false));
  const bool a_row = a.rank() == 1, b_column = b.rank() == 1;
  PARE_ASSIGN(Tensor sums, run_as(MatMul{}, {std::move(a), std::move(b)}));
  // A vector's axis is missing in the product; its scale can only be one.
  const Dims dims = sums.dims();
  const Dims a_scales = a_row ? Dims{} : product_scale_dims(in[1], !b_column);
  const Dims b_scales = b_column ? Dims{} : in[4].dims();
  PARE_ASSIGN(const Dims together, broadcast_dims({a_scales, b_scales, in[6].dims(), in[7].dims(), dims}));
  if (in[1].size() != element_count(a_scales) || in[4].size() != element_count(b_scales) ||
      element_count(together) != element_count(dims))
    return input_error("scales " + to_string(in[1].type()) + " and " + to_string(in[4].type()) +
                       " do not fit the product " + to_string(sums.type()));
  PARE_ASSIGN(Tensor y, allocate(in[7].dtype(), dims));
  const DType precision = in[1].dtype();
  for_each_index<4>(together,
                    {broadcast_strides(a_scales, together), broadcast_strides(b_scales, together),
                     broadcast_strides(in[6].dims(), together), broadcast_strides(in[7].dims(), together)},
                    [&](int64_t i, const auto& at) {
                      const auto scale = [&](size_t k, int64_t j) { return static_cast<float>(in[k].as_double(j)); };
                      const float ab = rounded_as(precision, scale(1, at[0]) * scale(4, at[1]));
                      const float value =
                          static_cast<float>(sums.as_double(i)) * rounded_as(precision, ab / scale(6, at[2]));
                      if (is_float(y.dtype()))
                        y.set_double(i, static_cast<double>(value) + in[7].as_double(at[3]));
                      else
                        store(y, i, value, in[7].as_int(at[3]));
                    });
  context.outputs[0] = std::move(y);
  return {};
}

// The zero points take part in the float sum, so that a tie is one of the output's integers.
Result<void> run(const QLinearBinary& op, KernelContext& context) {
  const Tensor &a = context.inputs[0], &b = context.inputs[3];
  PARE_ASSIGN(const Quantizer qa, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer qb, quantizer(context, 4));
  PARE_ASSIGN(const Quantizer qc, quantizer(context, 6));
  PARE_ASSIGN(const Dims dims, broadcast_dims({a.dims(), b.dims()}));
  PARE_ASSIGN(Tensor y, allocate(a.dtype(), dims));
  const auto real = [](int64_t integer) { return static_cast<float>(integer); };
  const float a_ratio = qa.scale / qc.scale, b_ratio = qb.scale / qc.scale;
  const float fixed = real(qc.zero) - (a_ratio * real(qa.zero) + b_ratio * real(qb.zero));
  const float product_ratio = qa.scale * qb.scale / qc.scale;
  for_each_index<2>(dims, {broadcast_strides(a.dims(), dims), broadcast_strides(b.dims(), dims)},
                    [&](int64_t i, const auto& at) {
                      const int64_t u = a.as_int(at[0]), v = b.as_int(at[1]);
                      const float sum = fixed + a_ratio * real(u) + b_ratio * real(v);
                      const float product = real((u - qa.zero) * (v - qb.zero)) * product_ratio + real(qc.zero);
                      store(y, i, op.kind == QLinearBinary::Kind::Add ? sum : product, 0);
                    });
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const QLinearSigmoid&, KernelContext& context) {
  return map_levels(context, [](float x) { return 1 / (1 + std::exp(-static_cast<double>(x))); });
}

Result<void> run(const QLinearLeakyRelu& op, KernelContext& context) {
  return map_levels(context, [&](float x) { return x >= 0 ? x : x * op.alpha; });
}

// The output's scale counts as one over a whole number.
Result<void> run(const QLinearSoftmax& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  PARE_ASSIGN(const Quantizer from, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer to, quantizer(context, 3));
  const int64_t size = op.opset < 13 ? product(x.dims(), axis, x.dims().size()) : x.dims()[axis];
  const int64_t step = op.opset < 13 ? 1 : product(x.dims(), axis + 1, x.dims().size());
  const double levels = std::floor(1.0f / to.scale);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const int64_t rows = size == 0 ? 0 : x.size() / size;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t first = row / step * size * step + row % step;
    int64_t largest = x.as_int(first);
    for (int64_t k = 1; k < size; ++k) largest = std::max(largest, x.as_int(first + k * step));
    const auto power = [&](int64_t k) {
      return std::exp(static_cast<double>(x.as_int(first + k * step) - largest) * static_cast<double>(from.scale));
    };
    double sum = 0;
    for (int64_t k = 0; k < size; ++k) sum += power(k);
    for (int64_t k = 0; k < size; ++k) store(y, first + k * step, static_cast<float>(power(k) * levels / sum), to.zero);
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const QLinearAveragePool& op, KernelContext& context) {
  PARE_ASSIGN(const Quantizer from, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer to, quantizer(context, 3));
  Tensor x = context.inputs[0];
  if (op.channels_last) {
    PARE_ASSIGN(x, channels_moved(x, true));
  }
  PARE_ASSIGN(Tensor real, dequantized(x, from));
  const AveragePool pool{op.auto_pad, op.ceil_mode, op.count_include_pad, {}, op.kernel_shape, op.pads, op.strides};
  PARE_ASSIGN(const Tensor means, run_as(pool, {std::move(real)}));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), means.dims()));
  for (int64_t i = 0; i < y.size(); ++i)
    store(y, i, means.data<float>()[i] / to.scale + static_cast<float>(to.zero), 0);
  if (op.channels_last) {
    PARE_ASSIGN(y, channels_moved(y, false));
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const QLinearGlobalAveragePool& op, KernelContext& context) {
  PARE_ASSIGN(const Quantizer from, quantizer(context, 1));
  PARE_ASSIGN(const Quantizer to, quantizer(context, 3));
  const Tensor& x = context.inputs[0];
  if (x.rank() < 3) return input_error("takes a tensor of rank 3 or more");
  const size_t last = x.dims().size() - 1, channel = op.channels_last ? last : 1;
  Dims dims(x.dims().size(), 1);
  dims[0] = x.dims()[0];
  dims[channel] = x.dims()[channel];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), dims));
  const int64_t channels = dims[channel], size = y.size() == 0 ? 0 : x.size() / y.size();
  const float ratio = from.scale / (to.scale * static_cast<float>(size));
  for (int64_t i = 0; i < y.size(); ++i) {
    int64_t sum = 0;
    for (int64_t k = 0; k < size; ++k)
      sum +=
          x.as_int(op.channels_last ? (i / channels * size + k) * channels + i % channels : i * size + k) - from.zero;
    store(y, i, static_cast<float>(sum) * ratio, to.zero);
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const QLinearConcat& op, KernelContext& context) {
  PARE_ASSIGN(const Quantizer to, quantizer(context, 0));
  std::vector<Tensor> parts;
  for (size_t i = 2; i + 2 < context.inputs.size(); i += 3) {
    PARE_ASSIGN(const Quantizer from, quantizer(context, i + 1));
    Tensor part = context.inputs[i];
    if (from.scale != to.scale || from.zero != to.zero) {
      for (int64_t k = 0; k < part.size(); ++k) {
        const float real = from.scale * static_cast<float>(part.as_int(k) - from.zero);
        store(part, k, real / to.scale, to.zero);
      }
    }
    parts.push_back(std::move(part));
  }
  PARE_ASSIGN(context.outputs[0], run_as(Concat{op.axis}, std::move(parts)));
  return {};
}

// alpha scales the product and C alike.
Result<void> run(const QGemm& op, KernelContext& context) {
  PARE_ASSIGN(const Quantizer a, quantizer(context, 1));
  Tensor left = context.inputs[0], right = context.inputs[3];
  if (left.rank() != 2 || right.rank() != 2) return input_error("takes matrices");
  const auto transposed = [](const Tensor& x) { return strided(x, {x.dims()[1], x.dims()[0]}, {1, x.dims()[1]}); };
  if (op.transA) {
    PARE_ASSIGN(left, transposed(left));
  }
  if (op.transB) {
    PARE_ASSIGN(right, transposed(right));
  }
  PARE_ASSIGN(const Tensor sums, run_as(MatMulInteger{}, {left, right, context.inputs[2], context.inputs[5]}));
  const int64_t columns = sums.dims()[1];
  const PerColumn scales{&context.inputs[4], columns};
  PARE_TRY(scales.check("b_scale"));
  std::vector<int64_t> c_strides{0, 0};
  const Tensor c = input_or_none(context, 6);
  if (context.has(6)) {
    PARE_ASSIGN(const Dims together, broadcast_dims({c.dims(), sums.dims()}));
    if (together != sums.dims()) return input_error("C does not broadcast to the product");
    c_strides = broadcast_strides(c.dims(), sums.dims());
  }
  Quantizer to;
  if (context.has(7)) {
    PARE_ASSIGN(to, quantizer(context, 7));
  }
  const DType type = !context.has(7) ? DType::float32 : context.has(8) ? context.inputs[8].dtype() : left.dtype();
  PARE_ASSIGN(Tensor y, allocate(type, sums.dims()));
  for (int64_t i = 0; i < sums.size(); ++i) {
    const int64_t column = i % columns;
    float ratio = op.alpha * a.scale * static_cast<float>(scales.tensor->as_double(scales.at(column)));
    if (context.has(7)) ratio /= to.scale;
    const int64_t bias = context.has(6) ? c.as_int(i / columns * c_strides[0] + column * c_strides[1]) : 0;
    const float value = static_cast<float>(static_cast<int32_t>(sums.as_int(i) + bias)) * ratio;
    if (type == DType::float32)
      y.mutable_data<float>()[i] = value;
    else
      store(y, i, value, to.zero);
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
