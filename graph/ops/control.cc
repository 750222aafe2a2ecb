#include "graph/ops/control.h"

#include <algorithm>

#include "graph/ops/infer_util.h"
#include "graph/subgraphs.h"

namespace pare {
namespace {

// Bodies that hold more levels than this are inferred once, whatever their states: with every level repeated, a file of
// nested loops would take for ever.
constexpr int kSettledLevels = 2;
constexpr int kPasses = 3;  // in which states lose single extents; after that, their shapes
constexpr int kMostPasses = 8;

Result<void> need_single(const InferContext& context, size_t i, std::string_view name, DType dtype) {
  PARE_TRY(need_dtype(context, i, name, {dtype}));
  if (!context.has(i) || !context.shape(i)) return {};
  for (const Dim& dim : *context.shape(i)) {
    if (dim.known() && dim.size != 1) {
      return input_error(std::string(name) + " is " + to_string(context.type(i)) + ", expected one element");
    }
  }
  return {};
}

// The only element of integer or bool input i, as far as it is known.
Dim single_content(const InferContext& context, size_t i) {
  const auto contents = contents_of(context, i);
  return contents && contents->size() == 1 ? contents->front() : Dim();
}

Known of_type(Type type) {
  Known known;
  known.present = true;
  known.type = std::move(type);
  return known;
}

// One element; a vector where the body declares it so.
Type single_type(const Graph& body, size_t input, DType dtype) {
  const auto& declared = body.value(body.inputs[input]).type.shape;
  const bool vector = declared && declared->size() == 1;
  return {dtype, vector ? Shape{Dim(1)} : Shape{}};
}

Result<void> check_outputs(const Graph& graph, std::string_view attribute, size_t wanted) {
  if (graph.outputs.size() >= wanted) return {};
  return input_error(std::string(attribute) + " has " + std::to_string(graph.outputs.size()) +
                     " outputs, expected at least " + std::to_string(wanted));
}

void set_output(InferContext& context, size_t i, const Known& from) {
  context.outputs[i].type = from.type;
  InferContext copy;
  copy.inputs = {from};
  set_contents(context, i, contents_of(copy, 0));
}

// The operands of a body that runs again and again: those from `first_in` on are `count` states, which its outputs from
// `first_out` on replace.
struct Repetition {
  const GraphPtr& body;
  std::vector<Known> operands;
  size_t first_in, first_out, count;

  Type& state(size_t k) { return operands[first_in + k].type; }
  // Loosens the types of the states until they hold for every iteration. Returns the outputs of the body.
  Result<std::vector<Known>> settle(const InferContext& context);

 private:
  void forget_shapes() {
    for (size_t k = 0; k < count; ++k) state(k).shape.reset();
  }
};

Result<std::vector<Known>> Repetition::settle(const InferContext& context) {
  for (size_t k = 0; k < count; ++k) operands[first_in + k] = of_type(state(k));  // contents change
  const bool deep = subgraph_levels(*body) > kSettledLevels;
  if (deep) forget_shapes();
  for (int pass = 0;; ++pass) {
    PARE_ASSIGN(std::vector<Known> outputs, infer_subgraph(body, "body", operands, context));
    bool settled = true;
    for (size_t k = 0; k < count; ++k) {
      auto type = either(state(k), outputs[first_out + k].type);
      if (!type) {
        return in_context("state '" + body->value(body->inputs[first_in + k]).name + "' of body", type.failure());
      }
      if (*type == state(k)) continue;
      settled = false;
      state(k) = *std::move(type);
    }
    if (settled) return outputs;
    if (deep || pass == kMostPasses) {
      forget_shapes();
      for (Known& output : outputs) {
        output = of_type(output.type);
        output.type.shape.reset();
      }
      return outputs;
    }
    if (pass >= kPasses) forget_shapes();
  }
}

// Inserts `count` as the extent at `axis` of what one iteration gives; an axis outside the rank is a Failure.
Result<Type> stacked(const Type& element, const Dim& count, int64_t axis) {
  Type type{element.dtype, std::nullopt};
  if (element.container != Container::tensor) {
    return input_error("collects a " + to_string(element) + ", expected a tensor");
  }
  if (!element.shape) return type;
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(element.shape->size()) + 1));
  type.shape = element.shape;
  type.shape->insert(type.shape->begin() + at, count);
  return type;
}

}  // namespace

Result<void> If::infer(InferContext& context) const {
  PARE_TRY(need_single(context, 0, "cond", DType::boolean));
  const GraphPtr* branches[] = {&then_branch, &else_branch};
  const std::string_view names[] = {"then_branch", "else_branch"};
  for (size_t b = 0; b < 2; ++b) {
    if (!*branches[b]) return input_error(std::string(names[b]) + " is missing");
    PARE_TRY(check_outputs(**branches[b], names[b], context.outputs.size()));
  }
  const auto taken = content_number(single_content(context, 0));
  if (taken) {
    const size_t b = *taken != 0 ? 0 : 1;
    PARE_ASSIGN(const auto outputs, infer_subgraph(*branches[b], names[b], {}, context));
    for (size_t i = 0; i < context.outputs.size(); ++i) set_output(context, i, outputs[i]);
    return {};
  }
  PARE_ASSIGN(const auto a, infer_subgraph(then_branch, names[0], {}, context));
  PARE_ASSIGN(const auto b, infer_subgraph(else_branch, names[1], {}, context));
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    auto type = either(a[i].type, b[i].type);
    if (!type) return in_context("output " + std::to_string(i), type.failure());
    context.outputs[i].type = *std::move(type);
  }
  return {};
}

Result<void> Loop::infer(InferContext& context) const {
  PARE_TRY(need_single(context, 0, "M", DType::int64));
  PARE_TRY(need_single(context, 1, "cond", DType::boolean));
  if (!body) return input_error("body is missing");
  const size_t states = context.inputs.size() > 2 ? context.inputs.size() - 2 : 0;
  if (body->inputs.size() != states + 2) {
    return input_error("body takes " + std::to_string(body->inputs.size()) + " inputs, expected " +
                       std::to_string(states + 2) + ": iteration, condition and the states");
  }
  PARE_TRY(check_outputs(*body, "body", std::max(states + 1, context.outputs.size() + 1)));
  Repetition repetition{body, {}, 2, 1, states};
  repetition.operands.push_back(of_type(single_type(*body, 0, DType::int64)));
  repetition.operands.push_back(of_type(single_type(*body, 1, DType::boolean)));
  repetition.operands[1].contents = std::vector<Dim>{Dim(1)};  // a body runs only where it is true
  for (size_t k = 0; k < states; ++k) {
    if (!context.has(k + 2)) return input_error("state " + std::to_string(k) + " is left out, expected a value");
    repetition.operands.push_back(context.inputs[k + 2]);
  }
  PARE_ASSIGN(const auto outputs, repetition.settle(context));
  InferContext going;
  going.inputs = {outputs[0]};
  const bool goes_on = !context.has(1) || (content_number(single_content(context, 1)) == 1 &&
                                           content_number(single_content(going, 0)) == 1);
  Dim trip = goes_on && context.has(0) ? single_content(context, 0) : Dim();
  if (const auto number = content_number(trip)) trip = Dim(std::max<int64_t>(*number, 0));
  if (context.has(1) && content_number(single_content(context, 1)) == 0) trip = Dim(0);
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    if (i < states) {
      context.outputs[i].type = repetition.state(i);
      continue;
    }
    auto type = stacked(outputs[i + 1].type, trip, 0);
    if (!type) return in_context("output " + std::to_string(i), type.failure());
    context.outputs[i].type = *std::move(type);
  }
  return {};
}

namespace {

int64_t entry(const std::vector<int64_t>& values, size_t i) { return i < values.size() ? values[i] : 0; }

// Empty lists stand for zeros.
Result<void> check_lists(const Scan& op, size_t inputs, size_t outputs) {
  const auto check = [](std::string_view name, const std::vector<int64_t>& values, size_t count,
                        bool direction) -> Result<void> {
    if (!values.empty() && values.size() != count) {
      return input_error(std::string(name) + " has " + std::to_string(values.size()) + " entries, expected " +
                         std::to_string(count));
    }
    for (const int64_t value : values) {
      if (direction && value != 0 && value != 1) {
        return input_error(std::string(name) + " holds " + std::to_string(value) + ", expected 0 or 1");
      }
    }
    return {};
  };
  PARE_TRY(check("scan_input_axes", op.scan_input_axes, inputs, false));
  PARE_TRY(check("scan_input_directions", op.scan_input_directions, inputs, true));
  PARE_TRY(check("scan_output_axes", op.scan_output_axes, outputs, false));
  return check("scan_output_directions", op.scan_output_directions, outputs, true);
}

// Takes the scanned axis out of the type; `length` is the extent that all scan inputs share.
Result<Type> scanned(const Type& whole, int64_t axis, Dim& length) {
  Type type{whole.dtype, std::nullopt};
  if (!whole.shape) return type;
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(whole.shape->size())));
  PARE_ASSIGN(length, unify(length, (*whole.shape)[static_cast<size_t>(at)], "the scanned axes"));
  type.shape = whole.shape;
  type.shape->erase(type.shape->begin() + at);
  return type;
}

}  // namespace

Result<void> Scan::infer(InferContext& context) const {
  if (!body) return input_error("body is missing");
  const size_t inputs = context.inputs.size();
  if (num_scan_inputs < 1 || static_cast<uint64_t>(num_scan_inputs) > inputs) {
    return input_error("num_scan_inputs is " + std::to_string(num_scan_inputs) + ", expected 1 to " +
                       std::to_string(inputs));
  }
  const auto scans = static_cast<size_t>(num_scan_inputs);
  const size_t states = inputs - scans;
  PARE_TRY(check_outputs(*body, "body", std::max(states, context.outputs.size())));
  PARE_TRY(check_lists(*this, scans, body->outputs.size() - states));
  Repetition repetition{body, context.inputs, 0, 0, states};
  Dim length;
  for (size_t k = 0; k < inputs; ++k) {
    if (!context.has(k)) return input_error("input " + std::to_string(k) + " is left out, expected a value");
    if (k < states) continue;
    auto type = scanned(context.type(k), entry(scan_input_axes, k - states), length);
    if (!type) return in_context("input " + std::to_string(k), type.failure());
    repetition.operands[k] = of_type(*std::move(type));
  }
  PARE_ASSIGN(const auto outputs, repetition.settle(context));
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    if (i < states) {
      context.outputs[i].type = repetition.state(i);
      continue;
    }
    auto type = stacked(outputs[i].type, length, entry(scan_output_axes, i - states));
    if (!type) return in_context("output " + std::to_string(i), type.failure());
    context.outputs[i].type = *std::move(type);
  }
  return {};
}

// What branches and bodies do to an axis is not told: nothing that enters or leaves them is pruned.
void If::links(LinkContext&) const {}
void Loop::links(LinkContext&) const {}
void Scan::links(LinkContext&) const {}

}  // namespace pare
