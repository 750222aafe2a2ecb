#include "distill/lower.h"

namespace pare {

Result<void> lower(const Unary& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const auto apply = [&]() -> at::Tensor {
    using enum Unary::Kind;
    switch (op.kind) {
      case Abs: return x.abs();
      case Acos: return x.acos();
      case Acosh: return x.acosh();
      case Asin: return x.asin();
      case Asinh: return x.asinh();
      case Atan: return x.atan();
      case Atanh: return x.atanh();
      case BitwiseNot: return x.bitwise_not();
      case Ceil: return x.ceil();
      case Cos: return x.cos();
      case Cosh: return x.cosh();
      case Erf: return x.erf();
      case Exp: return x.exp();
      case Floor: return x.floor();
      case HardSwish: return at::hardswish(x);
      case Identity: return x;
      case IsNaN: return x.isnan();
      case Log: return x.log();
      case Mish: return at::mish(x);
      case Neg: return x.neg();
      case Not: return x.logical_not();
      case Reciprocal: return x.reciprocal();
      case Relu: return x.relu();
      case Round: return x.round();
      case Sigmoid: return x.sigmoid();
      case Sign: return x.sign();
      case Sin: return x.sin();
      case Sinh: return x.sinh();
      case Softplus: return at::softplus(x);
      case Softsign: return x / (x.abs() + 1);
      case Sqrt: return x.sqrt();
      case Tan: return x.tan();
      case Tanh: return x.tanh();
    }
    return {};
  };
  if (op.kind == Unary::Kind::BitwiseNot && x.is_floating_point()) {
    return unsupported("works on the bits of integers narrower than 32 bits, which training holds as floats");
  }
  context.outputs[0] = apply();
  return {};
}

Result<void> lower(const Binary& op, LowerContext& context) {
  const at::Tensor& a = context.inputs[0];
  const at::Tensor& b = context.inputs[1];
  const bool integers = is_integer(context.input_types[0]);
  const auto apply = [&]() -> at::Tensor {
    using enum Binary::Kind;
    switch (op.kind) {
      case Add: return a + b;
      case And: return a.logical_and(b);
      case BitwiseAnd: return a.bitwise_and(b);
      case BitwiseOr: return a.bitwise_or(b);
      case BitwiseXor: return a.bitwise_xor(b);
      case Div: return integers ? at::div(a, b, "trunc") : a / b;
      case Equal: return a.eq(b);
      case Greater: return a.gt(b);
      case GreaterOrEqual: return a.ge(b);
      case Less: return a.lt(b);
      case LessOrEqual: return a.le(b);
      case Mul: return a * b;
      case Or: return a.logical_or(b);
      case PRelu: return at::where(a.lt(0), a * b, a);
      case Pow: return at::pow(a, b).to(a.scalar_type());
      case Sub: return a - b;
      case Xor: return a.logical_xor(b);
    }
    return {};
  };
  const bool bitwise = op.kind == Binary::Kind::BitwiseAnd || op.kind == Binary::Kind::BitwiseOr ||
                       op.kind == Binary::Kind::BitwiseXor;
  if (bitwise && a.is_floating_point()) {
    return unsupported("works on the bits of integers narrower than 32 bits, which training holds as floats");
  }
  context.outputs[0] = apply();
  return {};
}

Result<void> lower(const Variadic& op, LowerContext& context) {
  at::Tensor y = context.inputs[0];
  for (size_t i = 1; i < context.inputs.size(); ++i) {
    const at::Tensor& x = context.inputs[i];
    switch (op.kind) {
      case Variadic::Kind::Max: y = at::maximum(y, x); break;
      case Variadic::Kind::Min: y = at::minimum(y, x); break;
      case Variadic::Kind::Mean:
      case Variadic::Kind::Sum: y = y + x; break;
    }
  }
  context.outputs[0] =
      op.kind == Variadic::Kind::Mean ? y / static_cast<double>(context.inputs.size()) : y;
  return {};
}

Result<void> lower(const Clip&, LowerContext& context) {
  std::optional<at::Scalar> low, high;
  if (context.has(1)) low = context.inputs[1].item();
  if (context.has(2)) high = context.inputs[2].item();
  at::Tensor y = context.inputs[0];
  if (low) y = y.clamp_min(*low);
  if (high) y = y.clamp_max(*high);
  context.outputs[0] = y;
  return {};
}

Result<void> lower(const LeakyRelu& op, LowerContext& context) {
  context.outputs[0] = at::leaky_relu(context.inputs[0], op.alpha);
  return {};
}
Result<void> lower(const Elu& op, LowerContext& context) {
  context.outputs[0] = at::elu(context.inputs[0], op.alpha);
  return {};
}
Result<void> lower(const Celu& op, LowerContext& context) {
  context.outputs[0] = at::celu(context.inputs[0], op.alpha);
  return {};
}
Result<void> lower(const ThresholdedRelu& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  context.outputs[0] = x * x.gt(op.alpha);
  return {};
}
Result<void> lower(const Selu& op, LowerContext& context) {
  context.outputs[0] = at::elu(context.inputs[0], op.alpha, op.gamma);
  return {};
}
Result<void> lower(const HardSigmoid& op, LowerContext& context) {
  context.outputs[0] = (context.inputs[0] * op.alpha + op.beta).clamp(0, 1);
  return {};
}
Result<void> lower(const Gelu& op, LowerContext& context) {
  context.outputs[0] = at::gelu(context.inputs[0], op.approximate);
  return {};
}

// Precision below float32 is not modelled: training computes in one floating type.
Result<void> lower(const Cast& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  if (op.to == DType::string || context.input_types[0] == DType::string) {
    return unsupported("converts text, which cannot take part in training");
  }
  const at::ScalarType type = torch_type(op.to, context.real);
  if (op.to == DType::boolean) {
    context.outputs[0] = x.ne(0);
  } else if (is_integer(op.to) && x.is_floating_point()) {
    context.outputs[0] = x.detach().trunc().to(type);
  } else {
    context.outputs[0] = x.to(type);
  }
  return {};
}

Result<void> lower(const Where&, LowerContext& context) {
  context.outputs[0] = at::where(context.inputs[0], context.inputs[1], context.inputs[2]);
  return {};
}

Result<void> lower(const Dropout&, LowerContext& context) {
  const double ratio = context.has(1) ? context.inputs[1].item<double>() : 0.5;
  if (context.wants(1)) return unsupported("its output mask is used, which training does not give");
  context.outputs[0] = at::dropout(context.inputs[0], ratio, context.training);
  return {};
}

Result<void> lower(const Opaque& op, LowerContext&) {
  return unsupported("'" + op.type + "' of domain '" + (op.domain.empty() ? "ai.onnx" : op.domain) + "' version " +
                     std::to_string(op.version) + " " + op.reason + " and cannot be trained through");
}

}  // namespace pare
