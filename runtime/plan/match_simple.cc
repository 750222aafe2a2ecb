// Views, plain steps and Softmax.
#include <cstring>

#include "graph/subgraphs.h"
#include "runtime/bodies.h"
#include "runtime/kernels.h"
#include "runtime/plan/builder.h"

namespace pare {

bool match_view(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const bool view = as<Reshape>(node.op) || as<Flatten>(node.op) || as<Squeeze>(node.op) || as<Unsqueeze>(node.op) ||
                    as<Unary>(node.op, Unary::Kind::Identity) ||
                    (as<Dropout>(node.op) && node.outputs.size() == 1 && node.inputs.size() < 3);
  if (!view) return false;
  builder.claim(id);
  builder.put_off(id);
  return true;
}

bool match_put_off(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!as<DequantizeLinear>(node.op) || builder.dtype(node.outputs[0]) != DType::float32) return false;
  if (!scalar_quant(builder, node, builder.dtype(node.inputs[0]))) return false;
  builder.claim(id);
  builder.put_off(id);
  return true;
}

bool match_softmax(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Softmax>(node.op, Softmax::Kind::Softmax);
  if (!op || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const Dims& dims = builder.dims(node.inputs[0]);
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t axis = op->axis < 0 ? op->axis + rank : op->axis;
  const bool last = axis == rank - 1;
  const bool channels = axis == 1 && rank > 2 && builder.has(node.inputs[0], Order::channels_last);
  if ((!last && !channels) || count_of(dims) == 0) return false;
  const Order order = channels ? Order::channels_last : Order::onnx;
  builder.claim(id);
  const int in = builder.require(node.inputs[0], order);
  const int out = builder.create(node.outputs[0], order);
  const int64_t columns = dims[axis], rows = count_of(dims) / columns;
  builder.add(
      {.kernel = "softmax.float", .nodes = {id}, .reads = {in}, .writes = {out}, .run = [=](const Frame& frame) {
         frame.kernels.softmax(frame.at<const float>(in), frame.at<float>(out), rows, columns, frame.pool);
         return Result<void>();
       }});
  return true;
}

namespace {

struct PlainNode {
  std::string where;
  Op op;
  std::vector<int> in, out;  // plan values; -1: left out
  std::vector<DType> dtypes;
  std::vector<Dims> in_dims, out_dims;
  // Of operators that hold graphs: their executors, and what they capture beside constants, behind the inputs in `in`.
  std::shared_ptr<Bodies> bodies;
  std::vector<std::string> captures;
};

Result<void> run_plain(const PlainNode& node, const Frame& frame) {
  std::vector<Tensor> inputs(node.in.size()), outputs(node.out.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.in[i] < 0) continue;
    const size_t bytes = tensor_bytes(node.dtypes[i], node.in_dims[i]).value_or(0);
    PARE_ASSIGN(inputs[i], Tensor::from_buffer(node.dtypes[i], node.in_dims[i],
                                               Buffer::view({frame.at<const std::byte>(node.in[i]), bytes}, nullptr)));
  }
  const size_t count = inputs.size() - node.captures.size();
  std::vector<NamedTensor> captures;
  for (size_t k = 0; k < node.captures.size(); ++k) captures.push_back({node.captures[k], inputs[count + k]});
  KernelContext context{std::span(inputs).first(count), outputs, captures, node.bodies.get()};
  if (auto done = run_kernel(node.op, context); !done) return in_context(node.where, done.failure());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.out[i] < 0) continue;
    if (outputs[i].dims() != node.out_dims[i])
      return Failure{ErrorCode::internal, node.where + ": gave " + to_string(outputs[i].type()) + " against inference"};
    const auto bytes = outputs[i].bytes();
    if (!bytes.empty()) std::memcpy(frame.at<std::byte>(node.out[i]), bytes.data(), bytes.size());
  }
  return {};
}

}  // namespace

bool match_plain(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  PlainNode plain{.where = describe(builder.graph, id), .op = node.op};
  Step step{.kernel = "plain." + std::string(op_type(node.op)), .nodes = {id}};
  builder.claim(id);
  const Order order = op_pointwise(node.op) ? preferred_order(builder, {node.inputs[0]}) : Order::onnx;
  const auto laid_out = [&](ValueId value) {
    return order == Order::channels_last ? channels_last(builder.dims(value)) : builder.dims(value);
  };
  std::vector<ValueId> operands = node.inputs;
  std::vector<NamedTensor> constants;
  for (const ValueId capture : node.captures) {
    const std::string& name = builder.graph.value(capture).name;
    if (const Tensor* tensor = builder.constant(capture)) {
      constants.push_back({name, *tensor});
    } else {
      plain.captures.push_back(name);
      operands.push_back(capture);
    }
  }
  if (!subgraphs(node.op).empty()) {
    const ExecutorOptions options{.threads = builder.threads, .isa = builder.isa};
    plain.bodies = std::make_shared<Bodies>(options, std::move(constants));
  }
  for (const ValueId input : operands) {
    plain.in.push_back(input == ValueId::none ? -1 : builder.require(input, order));
    plain.dtypes.push_back(input == ValueId::none ? DType::undefined : builder.dtype(input));
    plain.in_dims.push_back(input == ValueId::none ? Dims{} : laid_out(input));
    if (plain.in.back() >= 0) step.reads.push_back(plain.in.back());
  }
  for (const ValueId output : node.outputs) {
    plain.out.push_back(output == ValueId::none ? -1 : builder.create(output, order));
    plain.out_dims.push_back(output == ValueId::none ? Dims{} : laid_out(output));
    if (plain.out.back() >= 0) step.writes.push_back(plain.out.back());
  }
  step.run = [plain = std::move(plain)](const Frame& frame) { return run_plain(plain, frame); };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
