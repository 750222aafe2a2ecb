#include "graph/wire_type.h"
#include "runtime/bodies.h"
#include "runtime/kernels/dispatch.h"

namespace pare {

using namespace kernels;

namespace {

constexpr size_t kMostElements = size_t{1} << 24;  // of a sequence

Result<const std::vector<Tensor>*> elements_of(const Tensor& value) {
  if (value.container() == Container::sequence) return &value.elements();
  return input_error("input_sequence is " + to_string(value.type()) + ", expected a sequence");
}

// The position that an optional operand gives in a sequence where `count` places are allowed, negative ones counted
// from the end; `otherwise` without the operand.
Result<size_t> position_of(const KernelContext& context, size_t i, size_t count, size_t otherwise) {
  int64_t at = static_cast<int64_t>(otherwise);
  if (context.has(i)) {
    if (context.inputs[i].size() != 1) {
      return input_error("position is " + to_string(context.inputs[i].type()) + ", expected one element");
    }
    at = context.inputs[i].as_int(0);
  }
  const auto limit = static_cast<int64_t>(count);
  if (at < -limit || at >= limit) {
    return input_error("position " + std::to_string(at) + " is outside the sequence, expected " +
                       (count == 0 ? std::string("a sequence that holds something")
                                   : std::to_string(-limit) + " to " + std::to_string(limit - 1)));
  }
  return static_cast<size_t>(at < 0 ? at + limit : at);
}

}  // namespace

Result<void> run(const SequenceConstruct&, KernelContext& context) {
  context.outputs[0] = Tensor::sequence(context.inputs[0].dtype(), {context.inputs.begin(), context.inputs.end()});
  return {};
}

Result<void> run(const SequenceEmpty& op, KernelContext& context) {
  context.outputs[0] = Tensor::sequence(op.dtype == DType::undefined ? DType::float32 : op.dtype, {});
  return {};
}

Result<void> run(const SequenceAt&, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  PARE_ASSIGN(const size_t at, position_of(context, 1, elements->size(), 0));
  context.outputs[0] = (*elements)[at];
  return {};
}

Result<void> run(const SequenceInsert&, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  if (elements->size() >= kMostElements) return input_error("the sequence would hold more than 16777216 tensors");
  const size_t count = elements->size();
  // From the back -1 is the last element: the new one goes before it.
  size_t at = count;
  if (context.has(2)) {
    const bool end = context.inputs[2].size() == 1 && context.inputs[2].as_int(0) == static_cast<int64_t>(count);
    if (!end) {
      PARE_ASSIGN(at, position_of(context, 2, count, count));
    }
  }
  std::vector<Tensor> made = *elements;
  made.insert(made.begin() + static_cast<int64_t>(at), context.inputs[1]);
  context.outputs[0] = Tensor::sequence(context.inputs[0].dtype(), std::move(made));
  return {};
}

Result<void> run(const SequenceErase&, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  PARE_ASSIGN(const size_t at, position_of(context, 1, elements->size(), elements->empty() ? 0 : elements->size() - 1));
  std::vector<Tensor> made = *elements;
  made.erase(made.begin() + static_cast<int64_t>(at));
  context.outputs[0] = Tensor::sequence(context.inputs[0].dtype(), std::move(made));
  return {};
}

Result<void> run(const SequenceLength&, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  context.outputs[0] = Tensor::scalar(static_cast<int64_t>(elements->size()));
  return {};
}

namespace {

// Sizes along the axis: those given, as many as fit of the one given, or ones.
Result<std::vector<int64_t>> piece_sizes(const KernelContext& context, int64_t extent) {
  std::vector<int64_t> sizes;
  if (context.has(1) && context.inputs[1].rank() == 1) {
    sizes = context.inputs[1].ints();
    int64_t left = extent;
    for (const int64_t size : sizes) {
      if (size < 0 || size > left)
        return input_error("split holds " + std::to_string(size) + ", expected sizes of a sum of " +
                           std::to_string(extent));
      left -= size;
    }
    if (left != 0)
      return input_error("split leaves " + std::to_string(left) + " of " + std::to_string(extent) + " out");
    return sizes;
  }
  const int64_t size = context.has(1) ? context.inputs[1].as_int(0) : 1;
  if (size < 1) return input_error("split is " + std::to_string(size) + ", expected 1 or more");
  for (int64_t begin = 0; begin < extent; begin += std::min(size, extent - begin)) {
    if (sizes.size() >= kMostElements) return input_error("the sequence would hold more than 16777216 tensors");
    sizes.push_back(std::min(size, extent - begin));
  }
  return sizes;
}

}  // namespace

Result<void> run(const SplitToSequence& op, KernelContext& context) {
  const Tensor& whole = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, whole.dims().size()));
  PARE_ASSIGN(const auto sizes, piece_sizes(context, whole.dims()[axis]));
  const auto strides = strides_of(whole.dims());
  std::vector<Tensor> pieces;
  int64_t begin = 0;
  for (const int64_t size : sizes) {
    Dims dims = whole.dims();
    dims[axis] = size;
    PARE_ASSIGN(Tensor piece, strided(whole, dims, strides, begin * strides[axis]));
    if (!context.has(1) && op.keepdims == 0) {
      dims.erase(dims.begin() + static_cast<int64_t>(axis));
      piece = piece.reshaped(dims);
    }
    pieces.push_back(std::move(piece));
    begin += size;
  }
  context.outputs[0] = Tensor::sequence(whole.dtype(), std::move(pieces));
  return {};
}

Result<void> run(const ConcatFromSequence& op, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  if (elements->empty()) return input_error("input_sequence is empty, expected one tensor or more");
  std::vector<Tensor> parts = *elements;
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, parts[0].dims().size() + (op.new_axis != 0 ? 1 : 0)));
  if (op.new_axis != 0) {
    for (Tensor& part : parts) {
      if (part.rank() != parts[0].rank())
        return input_error("input_sequence holds tensors of different ranks, expected one");
    }
    const auto at = static_cast<int64_t>(axis);
    for (Tensor& part : parts) {
      Dims dims = part.dims();
      dims.insert(dims.begin() + at, 1);
      part = part.reshaped(dims);
    }
  }
  PARE_ASSIGN(auto joined, execute(Concat{static_cast<int64_t>(axis)}, parts));
  context.outputs[0] = std::move(joined[0]);
  return {};
}

// out_sequence... = body(element of input_sequence, further operands: their element where they are sequences)
Result<void> run(const SequenceMap& op, KernelContext& context) {
  PARE_ASSIGN(const auto* elements, elements_of(context.inputs[0]));
  for (const Tensor& input : context.inputs) {
    if (input.container() == Container::sequence && input.elements().size() != elements->size()) {
      return input_error("its sequences have " + std::to_string(elements->size()) + " and " +
                         std::to_string(input.elements().size()) + " tensors, expected as many");
    }
  }
  Bodies passing({.reference = true});
  Bodies& bodies = context.bodies ? *context.bodies : passing;
  std::vector<std::vector<Tensor>> made(context.outputs.size());
  for (size_t i = 0; i < elements->size(); ++i) {
    std::vector<Tensor> operands;
    for (const Tensor& input : context.inputs)
      operands.push_back(input.container() == Container::sequence ? input.elements()[i] : input);
    auto results = bodies.run(op.body, operands, context.captures);
    if (!results) return in_context("body", results.failure());
    for (size_t k = 0; k < made.size(); ++k) made[k].push_back(std::move((*results)[k]));
  }
  for (size_t k = 0; k < made.size(); ++k) {
    const DType declared = op.body->value(op.body->outputs[k]).type.dtype;
    if (made[k].empty() && declared == DType::undefined) {
      return unsupported("gives an empty sequence of a type that body does not declare");
    }
    const DType dtype = made[k].empty() ? declared : made[k][0].dtype();
    context.outputs[k] = Tensor::sequence(dtype, std::move(made[k]));
  }
  return {};
}

Result<void> run(const OptionalOf& op, KernelContext& context) {
  if (context.has(0)) {
    context.outputs[0] = context.inputs[0];
    return {};
  }
  auto type = op.type ? attribute_type(op.type->bytes) : std::nullopt;
  if (!type) return input_error("has neither an input nor a type, expected one of them");
  const bool sequence = type->container == Container::sequence;
  type->container = sequence ? Container::optional_sequence : Container::optional;
  context.outputs[0] = Tensor::nothing(*type);
  return {};
}

namespace {

bool holds_something(const Tensor& value) {
  return value.container() == Container::tensor || value.container() == Container::sequence;
}

}  // namespace

Result<void> run(const OptionalGetElement&, KernelContext& context) {
  if (!holds_something(context.inputs[0])) return input_error("input holds nothing, expected an element");
  context.outputs[0] = context.inputs[0];
  return {};
}

Result<void> run(const OptionalHasElement&, KernelContext& context) {
  context.outputs[0] = Tensor::scalar<bool>(context.has(0) && holds_something(context.inputs[0]));
  return {};
}

}  // namespace pare
