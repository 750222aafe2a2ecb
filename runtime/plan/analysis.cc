#include "runtime/plan/analysis.h"

#include "runtime/kernels.h"

namespace pare {
namespace {

constexpr int64_t kSmall = 4096;  // elements that shape arithmetic may have

}  // namespace

Analysis::Analysis(const Graph& graph, FoldedConstants& folded)
    : graph_(&graph),
      shared_(&folded),
      known_(graph.value_limit(), false),
      constant_(graph.value_limit(), false),
      dims_matter_(graph.value_limit(), false),
      dims_(graph.value_limit()),
      dtypes_(graph.value_limit(), DType::undefined),
      containers_(graph.value_limit(), Container::tensor),
      contents_(graph.value_limit()) {}

Result<Analysis> Analysis::make(const Graph& graph, const std::vector<NodeId>& nodes,
                                const std::vector<GivenValue>& given, FoldedConstants& folded) {
  Analysis analysis(graph, folded);
  for (const ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    if (!value.constant) continue;
    const size_t i = index(id);
    analysis.known_[i] = analysis.constant_[i] = true;
    analysis.dims_[i] = value.constant->dims();
    analysis.dtypes_[i] = value.constant->dtype();
  }
  for (const GivenValue& value : given) {
    const size_t i = index(value.id);
    analysis.known_[i] = value.container == Container::tensor;
    analysis.dims_[i] = value.dims;
    analysis.dtypes_[i] = value.dtype;
    analysis.containers_[i] = value.container;
  }
  for (const NodeId id : nodes) {
    if (auto done = analysis.visit(id); !done) return in_context(describe(graph, id), done.failure());
  }
  return analysis;
}

bool Analysis::small(ValueId id) const {
  if (graph_->value(id).constant) return true;
  return has_dims(id) && element_count(dims(id)).value_or(kSmall + 1) <= kSmall;
}

Known Analysis::known(ValueId id) const {
  Known known;
  known.present = id != ValueId::none;
  if (!known.present) return known;
  known.type = {dtype(id), std::nullopt, containers_[index(id)]};
  if (has_dims(id)) {
    known.type.shape = Shape{};
    for (const int64_t dim : dims(id)) known.type.shape->push_back(Dim(dim));
  }
  if (is_constant(id) && small(id)) known.constant = constant(id);
  known.contents = contents_[index(id)];
  return known;
}

Result<void> Analysis::visit(NodeId id) {
  const Node& node = graph_->node(id);
  InferContext context;
  bool all_constant = true;
  for (const ValueId input : node.inputs) {
    context.inputs.push_back(known(input));
    all_constant = all_constant && (input == ValueId::none || is_constant(input));
  }
  for (const ValueId capture : node.captures) {
    context.captures.emplace_back(graph_->value(capture).name, known(capture));
    all_constant = all_constant && is_constant(capture);
  }
  context.outputs.resize(node.outputs.size());
  PARE_TRY(op_infer(node.op, context));
  bool dims_matter = false;
  for (const ValueId input : node.inputs) dims_matter = dims_matter || depends_on_dims(input);
  for (const ValueId capture : node.captures) dims_matter = dims_matter || depends_on_dims(capture);
  const bool from_shape = (as<ShapeOf>(node.op) || as<Size>(node.op)) && has_dims(node.inputs[0]);
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    const ValueId output = node.outputs[k];
    if (output == ValueId::none) continue;
    const Type& type = context.outputs[k].type;
    dtypes_[index(output)] = type.dtype;
    containers_[index(output)] = type.container;
    contents_[index(output)] = context.outputs[k].contents;
    if (const auto known = type.dims()) {
      known_[index(output)] = true;
      dims_[index(output)] = *known;
    }
    if (type.container != Container::tensor) continue;  // computed when it runs
    constant_[index(output)] = all_constant || from_shape;
    dims_matter_[index(output)] = dims_matter || (from_shape && !all_constant);
    if (all_constant && !known_[index(output)]) {
      const Tensor* value = constant(output);
      if (value == nullptr) return input_error("its constant operands do not fit");
      known_[index(output)] = true;
      dims_[index(output)] = value->dims();
    }
  }
  return {};
}

const Tensor* Analysis::constant(ValueId id) const {
  if (!is_constant(id)) return nullptr;
  const Value& value = graph_->value(id);
  if (value.constant) return &*value.constant;
  const FoldedConstants& kept = depends_on_dims(id) ? folded_ : *shared_;
  if (const auto found = kept.find(id); found != kept.end()) return &found->second;
  const Node& node = graph_->node(value.producer);
  std::vector<Tensor> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == ValueId::none) continue;
    const Tensor* operand = constant(node.inputs[i]);
    if (operand != nullptr) {
      inputs[i] = *operand;
    } else if (as<ShapeOf>(node.op) || as<Size>(node.op)) {
      // Only the dims matter: a view of nothing would do, but a tensor must own its elements; a bit each is the least.
      std::vector<Tensor> result(1);
      const Dims& from = dims(node.inputs[i]);
      if (const ShapeOf* op = as<ShapeOf>(node.op)) {
        const auto rank = static_cast<int64_t>(from.size());
        const auto clamp = [&](int64_t at) { return std::min(std::max<int64_t>(at < 0 ? at + rank : at, 0), rank); };
        const int64_t begin = clamp(op->start), end = std::max(begin, clamp(op->end.value_or(rank)));
        result[0] = Tensor::of<int64_t>({end - begin}, Dims(from.begin() + begin, from.begin() + end));
      } else {
        result[0] = Tensor::scalar<int64_t>(element_count(from).value_or(0));
      }
      return &keep(id, std::move(result[0]));
    } else {
      return nullptr;
    }
  }
  std::vector<NamedTensor> captures;
  for (const ValueId capture : node.captures) {
    const Tensor* tensor = constant(capture);
    if (tensor == nullptr) return nullptr;
    captures.push_back({graph_->value(capture).name, *tensor});
  }
  auto results = execute(node.op, inputs, node.outputs.size(), captures);
  if (!results) return nullptr;
  for (size_t k = 0; k < node.outputs.size(); ++k)
    if (node.outputs[k] != ValueId::none) keep(node.outputs[k], std::move((*results)[k]));
  return constant(id);
}

Tensor& Analysis::keep(ValueId id, Tensor tensor) const {
  return (depends_on_dims(id) ? folded_ : *shared_).emplace(id, std::move(tensor)).first->second;
}

}  // namespace pare
