#include "distill/lower.h"

namespace pare {

std::vector<int64_t> LowerContext::ints(size_t i) const {
  const at::Tensor values = inputs[i].to(at::kLong).contiguous();
  const int64_t* data = values.data_ptr<int64_t>();
  return {data, data + values.numel()};
}

int64_t LowerContext::axis(int64_t axis, size_t input) const { return axis < 0 ? axis + inputs[input].dim() : axis; }

Result<void> lower_op(const Op& op, LowerContext& context) {
  return std::visit([&](const auto& o) { return lower(o, context); }, op.variant());
}

bool is_weight(const Op& op, size_t input, const Dims& dims) {
  if (as<BatchNormalization>(op)) return input == 1 || input == 2;
  if (as<InstanceNormalization>(op) || as<LayerNormalization>(op)) return input >= 1;
  if (as<Conv>(op) || as<ConvTranspose>(op) || as<Gemm>(op) || as<MatMul>(op)) return true;
  if (as<LSTM>(op)) return (input >= 1 && input <= 3) || input == 7;
  if (as<GRU>(op) || as<RNN>(op)) return input >= 1 && input <= 3;
  if (as<GroupNormalization>(op) || as<RMSNormalization>(op) || as<SimplifiedLayerNormalization>(op)) return input >= 1;
  if (as<SkipNormalization>(op)) return input >= 2;
  if (as<CausalConvWithState>(op)) return input == 1 || input == 2;
  if (as<FusedMatMul>(op)) return true;
  if (as<Gather>(op)) return input == 0 && dims.size() >= 2;
  if (as<Binary>(op, Binary::Kind::PRelu)) return input == 1;
  const bool single = element_count(dims).value_or(1) <= 1;
  return !single && (as<Binary>(op, Binary::Kind::Add) || as<Binary>(op, Binary::Kind::Sub) ||
                     as<Binary>(op, Binary::Kind::Mul));
}

std::pair<double, double> integer_range(DType dtype) {
  const double count = std::ldexp(1.0, bits(dtype));
  return is_signed_integer(dtype) ? std::pair{-count / 2, count / 2 - 1} : std::pair{0.0, count - 1};
}

}  // namespace pare
