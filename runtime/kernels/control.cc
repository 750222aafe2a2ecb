#include <algorithm>
#include <limits>

#include "runtime/bodies.h"
#include "runtime/kernels/dispatch.h"

namespace pare {

using namespace kernels;

namespace {

constexpr size_t kMostScanned = size_t{4} << 30;  // bytes that one node may collect

// Runs bodies of one node: through what the executor keeps for it, or else plainly.
class BodyRunner {
 public:
  explicit BodyRunner(KernelContext& context) : context_(context), passing_({.reference = true}) {}

  Result<std::vector<Tensor>> run(const GraphPtr& body, std::string_view attribute, std::span<const Tensor> inputs) {
    if (!body) return input_error(std::string(attribute) + " is missing");
    auto results = (context_.bodies ? *context_.bodies : passing_).run(body, inputs, context_.captures);
    if (!results) return in_context(std::string(attribute), results.failure());
    return results;
  }

 private:
  KernelContext& context_;
  Bodies passing_;
};

Result<bool> truth(const Tensor& tensor, std::string_view name) {
  if (tensor.dtype() == DType::boolean && tensor.size() == 1) return tensor.as_int(0) != 0;
  return input_error(std::string(name) + " is " + to_string(tensor.type()) + ", expected one bool");
}

Result<void> check_outputs(const std::vector<Tensor>& results, size_t wanted) {
  if (results.size() >= wanted) return {};
  return input_error("body gave " + std::to_string(results.size()) + " outputs, expected at least " +
                     std::to_string(wanted));
}

// What the iterations gave for one output, put together along a new axis when all of it is there.
class Collector {
 public:
  Result<void> add(Tensor element) {
    if (element.container() != Container::tensor) {
      return input_error("collects a " + to_string(element.type()) + ", expected a tensor");
    }
    if (!parts_.empty() && (element.dims() != parts_[0].dims() || element.dtype() != parts_[0].dtype())) {
      return input_error("collects " + to_string(element.type()) + " after " + to_string(parts_[0].type()) +
                         ", expected one type");
    }
    bytes_ += element.byte_size() + sizeof(Tensor);
    if (bytes_ > kMostScanned) return input_error("its iterations give more than 4 GiB to collect");
    parts_.push_back(std::move(element));
    return {};
  }

  bool empty() const { return parts_.empty(); }

  Result<Tensor> take(int64_t axis, bool backwards) {
    const int rank = parts_[0].rank() + 1;
    PARE_ASSIGN(const size_t at, axis_of(axis, static_cast<size_t>(rank)));
    Dims dims = parts_[0].dims();
    dims.insert(dims.begin() + static_cast<int64_t>(at), 1);
    for (Tensor& part : parts_) part = part.reshaped(dims);
    if (backwards) std::reverse(parts_.begin(), parts_.end());
    if (parts_.size() == 1) return std::move(parts_[0]);
    PARE_ASSIGN(auto joined, execute(Concat{static_cast<int64_t>(at)}, parts_));
    return std::move(joined[0]);
  }

 private:
  std::vector<Tensor> parts_;
  size_t bytes_ = 0;
};

// What a node that never ran its body gives for the outputs from `first` on: nothing, of the type that inference finds.
template <class O>
Result<void> give_nothing(const O& op, KernelContext& context, size_t first) {
  InferContext infer;
  for (const Tensor& input : context.inputs) {
    Known known;
    known.present = input.dtype() != DType::undefined;
    if (known.present) known.type = input.type();
    infer.inputs.push_back(std::move(known));
  }
  for (const NamedTensor& capture : context.captures) {
    Known known;
    known.present = true;
    known.type = capture.tensor.type();
    infer.captures.emplace_back(capture.name, std::move(known));
  }
  infer.outputs.resize(context.outputs.size());
  PARE_TRY(op.infer(infer));
  for (size_t i = first; i < context.outputs.size(); ++i) {
    const Type& type = infer.outputs[i].type;
    Dims dims{0};
    if (type.shape) {
      dims.clear();
      for (const Dim& dim : *type.shape) dims.push_back(dim.known() ? dim.size : 0);
    }
    PARE_ASSIGN(context.outputs[i], allocate(type.dtype, dims));
  }
  return {};
}

// One element; a vector where the body declares it so.
Tensor single(Tensor scalar, const Graph& body, size_t input) {
  const auto& shape = body.value(body.inputs[input]).type.shape;
  return shape && shape->size() == 1 ? scalar.reshaped({1}) : scalar;
}

Tensor bool_scalar(bool value) { return Tensor::scalar<bool>(value); }

}  // namespace

Result<void> run(const If& op, KernelContext& context) {
  PARE_ASSIGN(const bool taken, truth(context.inputs[0], "cond"));
  BodyRunner bodies(context);
  PARE_ASSIGN(auto results,
              bodies.run(taken ? op.then_branch : op.else_branch, taken ? "then_branch" : "else_branch", {}));
  PARE_TRY(check_outputs(results, context.outputs.size()));
  std::move(results.begin(), results.begin() + static_cast<int64_t>(context.outputs.size()), context.outputs.begin());
  return {};
}

// for (i = 0; i < M && cond; ++i) cond, states..., scans... = body(i, cond, states...)
Result<void> run(const Loop& op, KernelContext& context) {
  int64_t trips = std::numeric_limits<int64_t>::max();
  if (context.has(0)) {
    if (context.inputs[0].dtype() != DType::int64 || context.inputs[0].size() != 1) {
      return input_error("M is " + to_string(context.inputs[0].type()) + ", expected one int64");
    }
    trips = context.inputs[0].as_int(0);
  }
  bool going = true;
  if (context.has(1)) {
    PARE_ASSIGN(going, truth(context.inputs[1], "cond"));
  }
  const bool asks = context.has(1) || !context.has(0);
  const size_t states = context.inputs.size() > 2 ? context.inputs.size() - 2 : 0;
  const size_t wanted = std::max(states, context.outputs.size());
  std::vector<Tensor> operands(2);
  for (size_t k = 0; k < states; ++k) operands.push_back(context.inputs[k + 2]);
  std::vector<Collector> scans(wanted - states);
  BodyRunner bodies(context);
  for (int64_t i = 0; i < trips && going; ++i) {
    operands[0] = single(Tensor::scalar(i), *op.body, 0);
    operands[1] = single(bool_scalar(going), *op.body, 1);
    PARE_ASSIGN(auto results, bodies.run(op.body, "body", operands));
    PARE_TRY(check_outputs(results, wanted + 1));
    if (asks) {
      PARE_ASSIGN(going, truth(results[0], "the body's condition"));
    }
    std::move(results.begin() + 1, results.begin() + 1 + static_cast<int64_t>(states), operands.begin() + 2);
    for (size_t k = 0; k < scans.size(); ++k) PARE_TRY(scans[k].add(std::move(results[1 + states + k])));
  }
  for (size_t i = 0; i < std::min(states, context.outputs.size()); ++i) context.outputs[i] = std::move(operands[i + 2]);
  if (!scans.empty() && scans[0].empty()) return give_nothing(op, context, states);
  for (size_t k = 0; k < scans.size(); ++k) {
    PARE_ASSIGN(context.outputs[states + k], scans[k].take(0, false));
  }
  return {};
}

namespace {

int64_t entry(const std::vector<int64_t>& values, size_t i) { return i < values.size() ? values[i] : 0; }

// Slice `i` of the tensor along the axis, which goes.
Result<Tensor> slice(const Tensor& tensor, size_t axis, int64_t i) {
  std::vector<int64_t> strides = strides_of(tensor.dims());
  Dims dims = tensor.dims();
  const int64_t offset = i * strides[axis];
  strides.erase(strides.begin() + static_cast<int64_t>(axis));
  dims.erase(dims.begin() + static_cast<int64_t>(axis));
  return strided(tensor, dims, strides, offset);
}

}  // namespace

// states..., scans... = body(states..., slices...) for every slice of the scan inputs
Result<void> run(const Scan& op, KernelContext& context) {
  const auto sliced = static_cast<size_t>(op.num_scan_inputs);
  const size_t states = context.inputs.size() - sliced;
  const size_t wanted = std::max(states, context.outputs.size());
  std::vector<size_t> axes;
  int64_t length = -1;
  for (size_t k = 0; k < sliced; ++k) {
    const Tensor& whole = context.inputs[states + k];
    PARE_ASSIGN(const size_t axis, axis_of(entry(op.scan_input_axes, k), whole.dims().size()));
    axes.push_back(axis);
    if (length >= 0 && whole.dims()[axis] != length) {
      return input_error("scan input " + std::to_string(k) + " has " + std::to_string(whole.dims()[axis]) +
                         " slices, the first " + std::to_string(length));
    }
    length = whole.dims()[axis];
  }
  std::vector<Tensor> operands(context.inputs.begin(), context.inputs.end());
  std::vector<Collector> scans(wanted - states);
  BodyRunner bodies(context);
  for (int64_t i = 0; i < length; ++i) {
    for (size_t k = 0; k < sliced; ++k) {
      const int64_t at = entry(op.scan_input_directions, k) != 0 ? length - 1 - i : i;
      PARE_ASSIGN(operands[states + k], slice(context.inputs[states + k], axes[k], at));
    }
    PARE_ASSIGN(auto results, bodies.run(op.body, "body", operands));
    PARE_TRY(check_outputs(results, wanted));
    std::move(results.begin(), results.begin() + static_cast<int64_t>(states), operands.begin());
    for (size_t k = 0; k < scans.size(); ++k) PARE_TRY(scans[k].add(std::move(results[states + k])));
  }
  for (size_t i = 0; i < std::min(states, context.outputs.size()); ++i) context.outputs[i] = std::move(operands[i]);
  if (!scans.empty() && scans[0].empty()) return give_nothing(op, context, states);
  for (size_t k = 0; k < scans.size(); ++k) {
    PARE_ASSIGN(context.outputs[states + k],
                scans[k].take(entry(op.scan_output_axes, k), entry(op.scan_output_directions, k) != 0));
  }
  return {};
}

}  // namespace pare
