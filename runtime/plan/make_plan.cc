#include "runtime/plan/make_plan.h"

#include <algorithm>
#include <set>

#include "runtime/plan/builder.h"

namespace pare {
namespace {

// The first that claims a node decides: fusions that start at it before what it is by itself.
constexpr Matcher kMatchers[] = {
    match_view,   match_put_off, match_int8_product,   match_int8_matmul, match_int8_other, match_quantize,
    match_conv,   match_gemm,    match_conv_transpose, match_matmul,      match_recurrent,  match_norm,
    match_reduce, match_pool,    match_elementwise,    match_softmax,     match_strided,    match_gather,
    match_resize, match_move,    match_plain};

// A value that a plan can hold: whole bytes of known dims. One beyond what a tensor may take fails here, before
// anything is allocated.
Result<bool> plannable(const Graph& graph, const Analysis& analysis, ValueId id) {
  constexpr size_t kMaxBytes = size_t{4} << 30;
  if (id == ValueId::none) return true;
  if (analysis.is_constant(id)) return analysis.dtype(id) != DType::string;
  if (!analysis.has_dims(id) || bits(analysis.dtype(id)) < 8) return false;
  const auto bytes = tensor_bytes(analysis.dtype(id), analysis.dims(id));
  if (!bytes || *bytes > kMaxBytes)
    return input_error("value '" + graph.value(id).name + "' would take more than 4 GiB");
  return true;
}

// Sorts the nodes into those to plan, those that run apart behind them, and the rest.
class Sorter {
 public:
  Sorter(const Program& program, const Analysis& analysis, const std::vector<GivenValue>& given)
      : program_(program), analysis_(analysis), state_(program.graph->value_limit(), State::missing) {
    for (const ValueId id : program.graph->values())
      if (const auto& constant = program.graph->value(id).constant)
        at(id) = constant->dtype() == DType::string ? State::apart : State::planned;
    for (const GivenValue& value : given) at(value.id) = value.plannable() ? State::planned : State::apart;
  }

  Result<void> sort(std::vector<NodeId>& planned, std::vector<NodeId>& apart, std::vector<NodeId>& rest) {
    for (const NodeId id : program_.nodes) {
      const Node& node = program_.graph->node(id);
      State state = State::planned;
      for (const ValueId in : node.inputs) state = worse(state, in);
      for (const ValueId in : node.captures) state = worse(state, in);
      if (state == State::planned) {
        for (const ValueId out : node.outputs) {
          PARE_ASSIGN(const bool fits, plannable(*program_.graph, analysis_, out));
          if (!fits) state = State::apart;
        }
      }
      (state == State::planned ? planned : state == State::apart ? apart : rest).push_back(id);
      for (const ValueId out : node.outputs)
        if (out != ValueId::none) at(out) = state == State::planned ? state : State::missing;
    }
    return {};
  }

 private:
  enum class State : uint8_t { planned, apart, missing };  // apart: at hand, but not for a plan

  State& at(ValueId id) { return state_[static_cast<size_t>(id)]; }
  State worse(State state, ValueId id) { return id == ValueId::none ? state : std::max(state, at(id)); }

  const Program& program_;
  const Analysis& analysis_;
  std::vector<State> state_;
};

// Values that the nodes compute or are given and others need.
std::vector<ValueId> handed_on(const Program& program, const std::vector<NodeId>& planned,
                               const std::vector<NodeId>& later, const std::vector<ValueId>& wanted) {
  std::set<ValueId> needed(wanted.begin(), wanted.end());
  for (const NodeId id : later) {
    const Node& node = program.graph->node(id);
    needed.insert(node.inputs.begin(), node.inputs.end());
    needed.insert(node.captures.begin(), node.captures.end());
  }
  std::vector<ValueId> result;
  for (const NodeId id : planned)
    for (const ValueId out : program.graph->node(id).outputs)
      if (out != ValueId::none && needed.count(out) > 0) result.push_back(out);
  return result;
}

}  // namespace

Result<Stage> make_stage(Program program, const std::vector<GivenValue>& given, PlanContext& context) {
  auto analysis = Analysis::make(*program.graph, program.nodes, given, context.folded[program.variant]);
  if (!analysis) return analysis.failure();
  while (take_branch(program, *analysis)) {
    analysis = Analysis::make(*program.graph, program.nodes, given, context.folded[program.variant]);
    if (!analysis) return analysis.failure();
  }
  Stage stage;
  std::vector<NodeId> planned;
  PARE_TRY(Sorter(program, *analysis, given).sort(planned, stage.apart, stage.rest));
  std::vector<NodeId> later = stage.apart;
  later.insert(later.end(), stage.rest.begin(), stage.rest.end());
  const bool plain = std::all_of(context.wanted.begin(), context.wanted.end(), [&](ValueId id) {
    return analysis->is_constant(id) ||
           (bits(analysis->dtype(id)) >= 8 && analysis->container(id) == Container::tensor);
  });
  stage.outputs = later.empty() && plain ? context.wanted : handed_on(program, planned, later, context.wanted);
  for (const GivenValue& value : given)
    if (value.plannable()) stage.inputs.push_back(value.id);
  std::vector<bool> wanted(program.graph->value_limit(), false);
  for (const ValueId id : stage.outputs) wanted[static_cast<size_t>(id)] = true;
  Builder builder(*program.graph, *analysis, planned, stage.inputs, wanted, context.weights, program.variant,
                  context.isa, context.threads);
  for (const NodeId id : planned) {
    if (builder.folded(id) || builder.claimed(id)) continue;
    for (const Matcher matcher : kMatchers)
      if (matcher(builder, id)) break;
  }
  stage.plan = builder.finish(stage.outputs);
  if (!stage.plan) {
    // A constant that does not compute: its node says why when it runs.
    stage.outputs.clear();
    stage.apart = program.nodes;
    stage.rest.clear();
  }
  stage.program = std::move(program);
  return stage;
}

}  // namespace pare
