#include "graph/ops/sequence.h"

#include "graph/ops/infer_util.h"
#include "graph/subgraphs.h"
#include "graph/wire_type.h"

namespace pare {
namespace {

bool is_known(const Type& type) { return type.dtype != DType::undefined || type.shape.has_value(); }

Result<void> need_container(const InferContext& context, size_t i, std::string_view name, Container container) {
  if (!context.has(i) || !is_known(context.type(i)) || context.type(i).container == container) return {};
  return input_error(std::string(name) + " is " + to_string(context.type(i)) + ", expected a " +
                     (container == Container::tensor ? "tensor" : "sequence"));
}

Result<void> need_sequence(const InferContext& context, size_t i = 0) {
  return need_container(context, i, "input_sequence", Container::sequence);
}

// A scalar, or a vector of one element.
Result<void> need_position(const InferContext& context, size_t i) {
  PARE_TRY(need_container(context, i, "position", Container::tensor));
  PARE_TRY(need_dtype(context, i, "position", {DType::int32, DType::int64}));
  return need_rank(context, i, "position", 0, 1);
}

void give(InferContext& context, DType dtype, std::optional<Shape> shape, Container container) {
  context.set(0, dtype, std::move(shape));
  if (!context.outputs.empty()) context.outputs[0].type.container = container;
}

}  // namespace

Result<void> SequenceConstruct::infer(InferContext& context) const {
  Type shared = context.type(0);
  for (size_t i = 1; i < context.inputs.size(); ++i) {
    if (!context.has(i)) return input_error("input " + std::to_string(i) + " is left out, expected a tensor");
    auto type = either(shared, context.type(i));
    if (!type) return in_context("input " + std::to_string(i), type.failure());
    shared = *std::move(type);
  }
  give(context, shared.dtype, shared.shape, Container::sequence);
  return {};
}

Result<void> SequenceEmpty::infer(InferContext& context) const {
  give(context, dtype == DType::undefined ? DType::float32 : dtype, std::nullopt, Container::sequence);
  return {};
}

Result<void> SequenceAt::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  PARE_TRY(need_position(context, 1));
  context.set(0, context.type(0).dtype, context.shape(0));
  return {};
}

Result<void> SequenceInsert::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  PARE_TRY(need_container(context, 1, "tensor", Container::tensor));
  PARE_TRY(need_position(context, 2));
  Type element = context.type(0);
  element.container = Container::tensor;
  PARE_ASSIGN(Type shared, either(element, context.type(1)));
  give(context, shared.dtype, std::move(shared.shape), Container::sequence);
  return {};
}

Result<void> SequenceErase::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  PARE_TRY(need_position(context, 1));
  give(context, context.type(0).dtype, context.shape(0), Container::sequence);
  return {};
}

Result<void> SequenceLength::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  context.set(0, DType::int64, Shape{});
  return {};
}

Result<void> SplitToSequence::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "split", {DType::int32, DType::int64}));
  PARE_TRY(need_rank(context, 1, "split", 0, 1));
  std::optional<Shape> shape = context.shape(0);
  if (shape) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape->size())));
    Dim& extent = (*shape)[static_cast<size_t>(at)];
    if (!context.has(1)) {
      if (keepdims != 0) {
        extent = Dim(1);
      } else {
        shape->erase(shape->begin() + at);
      }
    } else {
      const auto sizes = context.ints(1);
      const int64_t size = sizes && !sizes->empty() ? sizes->front() : 0;
      bool even = size > 0;
      for (size_t i = 0; even && i < sizes->size(); ++i) even = (*sizes)[i] == size;
      const bool scalar = context.shape(1) && context.shape(1)->empty();
      if (scalar && even) even = extent.known() && extent.size % size == 0;
      extent = even ? Dim(size) : Dim();
    }
  }
  give(context, context.type(0).dtype, std::move(shape), Container::sequence);
  return {};
}

Result<void> ConcatFromSequence::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  if (new_axis != 0 && new_axis != 1) {
    return input_error("new_axis is " + std::to_string(new_axis) + ", expected 0 or 1");
  }
  std::optional<Shape> shape = context.shape(0);
  if (shape) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape->size()) + new_axis));
    if (new_axis != 0) {
      shape->insert(shape->begin() + at, Dim());
    } else {
      (*shape)[static_cast<size_t>(at)] = Dim();
    }
  }
  context.set(0, context.type(0).dtype, std::move(shape));
  return {};
}

Result<void> SequenceMap::infer(InferContext& context) const {
  PARE_TRY(need_sequence(context));
  if (!body) return input_error("body is missing");
  if (body->outputs.size() < context.outputs.size()) {
    return input_error("body has " + std::to_string(body->outputs.size()) + " outputs, expected at least " +
                       std::to_string(context.outputs.size()));
  }
  std::vector<Known> elements;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    if (!context.has(i)) return input_error("input " + std::to_string(i) + " is left out, expected a value");
    Known known = context.inputs[i];
    if (known.type.container == Container::sequence) {
      known.type.container = Container::tensor;
      known.constant = nullptr;
      known.contents.reset();
    }
    elements.push_back(std::move(known));
  }
  PARE_ASSIGN(const auto outputs, infer_subgraph(body, "body", elements, context));
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    context.outputs[i].type = outputs[i].type;
    context.outputs[i].type.container = Container::sequence;
  }
  return {};
}

Result<void> OptionalOf::infer(InferContext& context) const {
  Type of;
  if (type) {
    const auto read = attribute_type(type->bytes);
    if (!read) return input_error("type is no tensor or sequence of tensors");
    of = *read;
  }
  if (context.has(0)) {
    const Type& given = context.type(0);
    if (is_known(given)) {
      const bool fits = !type || (of.dtype == given.dtype && of.container == given.container);
      if (!fits) return input_error("input is " + to_string(given) + ", expected " + to_string(of));
      of = given;
    }
  } else if (!type) {
    return input_error("has neither an input nor a type, expected one of them");
  }
  const bool sequence = of.container == Container::sequence;
  give(context, of.dtype, of.shape, sequence ? Container::optional_sequence : Container::optional);
  return {};
}

Result<void> OptionalGetElement::infer(InferContext& context) const {
  const Type& from = context.type(0);
  give(context, from.dtype, from.shape, holds_sequence(from.container) ? Container::sequence : Container::tensor);
  return {};
}

Result<void> OptionalHasElement::infer(InferContext& context) const {
  context.set(0, DType::boolean, Shape{});
  return {};
}

void SequenceConstruct::links(LinkContext&) const {}
void SequenceEmpty::links(LinkContext&) const {}
void SequenceAt::links(LinkContext&) const {}
void SequenceInsert::links(LinkContext&) const {}
void SequenceErase::links(LinkContext&) const {}
void SequenceLength::links(LinkContext&) const {}
void SplitToSequence::links(LinkContext&) const {}
void ConcatFromSequence::links(LinkContext&) const {}
void SequenceMap::links(LinkContext&) const {}
void OptionalOf::links(LinkContext&) const {}
void OptionalGetElement::links(LinkContext&) const {}
void OptionalHasElement::links(LinkContext&) const {}

}  // namespace pare
