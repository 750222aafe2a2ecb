#include "graph/op.h"

namespace pare {
namespace {

Result<void> check_count(size_t found, int low, int high, std::string_view what) {
  const auto count = static_cast<int64_t>(found);
  if (count >= low && count <= high) return {};
  std::string expected = std::to_string(low);
  if (high == kMany) {
    expected += " or more";
  } else if (high != low) {
    expected += " to " + std::to_string(high);
  }
  return input_error("has " + std::to_string(count) + ' ' + std::string(what) + ", expected " + expected);
}

template <class O>
bool takes_containers(const O& op) {
  if constexpr (std::is_same_v<O, Opaque>) {
    return true;
  } else if constexpr (requires { op.containers(); }) {
    return op.containers();
  } else {
    return false;
  }
}

Result<void> check_tensors(const InferContext& context) {
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    if (context.inputs[i].type.container == Container::tensor) continue;
    return input_error("input " + std::to_string(i) + " is " + to_string(context.type(i)) + ", expected a tensor");
  }
  return {};
}

}  // namespace

Result<void> Opaque::infer(InferContext&) const { return {}; }

Result<void> op_check_arity(const Op& op, const std::vector<bool>& inputs, size_t outputs) {
  const Arity arity = op_arity(op);
  PARE_TRY(check_count(inputs.size(), arity.min_inputs, arity.max_inputs, "inputs"));
  PARE_TRY(check_count(outputs, arity.min_outputs, arity.max_outputs, "outputs"));
  for (size_t i = 0; i < static_cast<size_t>(arity.min_inputs); ++i) {
    if (!inputs[i]) return input_error("leaves out input " + std::to_string(i) + ", which it needs");
  }
  return {};
}

Result<void> op_infer(const Op& op, InferContext& context) {
  std::vector<bool> present;
  for (const Known& input : context.inputs) present.push_back(input.present);
  PARE_TRY(op_check_arity(op, present, context.outputs.size()));
  return std::visit(
      [&](const auto& o) -> Result<void> {
        if (!takes_containers(o)) PARE_TRY(check_tensors(context));
        return o.infer(context);
      },
      op.variant());
}

}  // namespace pare
