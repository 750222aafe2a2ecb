#include "distill/program.h"

#include <algorithm>

namespace pare {

bool channels_last_pays(const Graph& graph) {
  return std::none_of(graph.order().begin(), graph.order().end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    if (!as<BatchNormalization>(node.op)) return false;
    const auto dims = graph.value(node.inputs[1]).type.dims();
    return dims && element_count(*dims).value_or(0) % 8 != 0;
  });
}

Program::Program(const Graph& graph, const ProgramOptions& options, const Graph* originals)
    : graph_(graph), options_(options) {
  for (NodeId id : graph.order()) steps_.push_back({.node = id});
  bind_constants();
  if (options_.trainable) {
    collect_parameters(originals);
    if (options_.learn_scales) add_scales();
  }
  for (const Step& step : steps_) {
    const Node& node = graph_.node(step.node);
    if (!as<BatchNormalization>(node.op)) continue;
    for (size_t slot : {3, 4}) statistics_.push_back(node.inputs[slot]);
  }
  fold_constants();
  plan_lifetimes();
}

at::Tensor Program::laid_out(at::Tensor tensor) const {
  if (!options_.channels_last || tensor.dim() != 4 || !tensor.is_floating_point()) return tensor;
  return tensor.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor Program::input(const Tensor& tensor) const { return laid_out(unwrap(to_torch(tensor, options_.real))); }

void Program::bind_constants() {
  constants_.resize(graph_.value_limit());
  std::vector<bool> used(graph_.value_limit(), false);
  for (ValueId id : graph_.outputs) used[static_cast<size_t>(id)] = true;
  for (const Step& step : steps_) {
    for (ValueId id : graph_.node(step.node).inputs) {
      if (id != ValueId::none) used[static_cast<size_t>(id)] = true;
    }
  }
  for (ValueId id : graph_.values()) {
    const Value& value = graph_.value(id);
    if (!used[static_cast<size_t>(id)] || !value.constant) continue;
    auto tensor = to_torch(*value.constant, options_.real);
    if (!tensor) throw Error(in_context("constant '" + value.name + "'", tensor.failure()));
    constants_[static_cast<size_t>(id)] = laid_out(*tensor);
  }
}

LowerContext Program::context_of(const Step& step, const std::vector<at::Tensor>& values, Mode mode) const {
  const Node& node = graph_.node(step.node);
  LowerContext context;
  context.real = options_.real;
  context.training = mode.training;
  context.batch_statistics = mode.batch_statistics;
  for (ValueId id : node.inputs) {
    const auto i = static_cast<size_t>(id);
    context.inputs.push_back(id == ValueId::none    ? at::Tensor()
                             : values[i].defined() ? values[i]
                                                   : constants_[i]);
    context.input_types.push_back(id == ValueId::none ? DType::undefined : graph_.value(id).type.dtype);
  }
  context.outputs.resize(node.outputs.size());
  for (ValueId id : node.outputs) {
    context.output_types.push_back(id == ValueId::none ? DType::undefined : graph_.value(id).type.dtype);
    context.wanted.push_back(id != ValueId::none);
  }
  return context;
}

std::vector<at::Tensor> Program::run_step(const Step& step, const std::vector<at::Tensor>& values, Mode mode) {
  const Op& op = graph_.node(step.node).op;
  LowerContext context = context_of(step, values, mode);
  const auto fail = [&](const Failure& failure) { throw Error(in_context(describe(graph_, step.node), failure)); };
  try {
    if (const auto* dequantize = as<DequantizeLinear>(op); dequantize && step.shadow != kNone) {
      const at::Tensor& shadow = parameters_[step.shadow].tensor;
      if (bits(step.shadow_type) > 16) return {shadow};
      fit_scale(step, context, shadow);
      auto rounded = quantize(shadow, context.inputs[1], context.has(2) ? context.inputs[2] : at::Tensor(),
                              step.shadow_type, dequantize->axis, dequantize->block_size);
      if (!rounded) fail(rounded.failure());
      context.inputs[0] = *rounded;
      note_scale(step, context, shadow);
    } else if (as<QuantizeLinear>(op)) {
      fit_scale(step, context, context.inputs[0]);
      note_scale(step, context, context.inputs[0]);
    }
    if (auto done = lower_op(op, context); !done) fail(done.failure());
  } catch (const c10::Error& error) {
    fail({ErrorCode::unsupported, std::string("LibTorch does not run it: ") + error.what_without_backtrace()});
  }
  return std::move(context.outputs);
}

std::vector<at::Tensor> Program::forward(std::span<const at::Tensor> inputs, std::span<const ValueId> wanted,
                                         Mode mode) {
  assert(inputs.size() == graph_.inputs.size());
  std::vector<at::Tensor> values(graph_.value_limit());
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs[i])] = inputs[i];
  for (const Step& step : steps_) {
    const auto outputs = run_step(step, values, mode);
    const auto& ids = graph_.node(step.node).outputs;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] != ValueId::none) values[static_cast<size_t>(ids[i])] = outputs[i];
    }
    for (size_t id : step.last_uses) {
      if (std::find(wanted.begin(), wanted.end(), static_cast<ValueId>(id)) == wanted.end()) values[id].reset();
    }
  }
  std::vector<at::Tensor> results;
  for (ValueId id : wanted) {
    const auto i = static_cast<size_t>(id);
    results.push_back(values[i].defined() ? values[i] : constants_[i]);
  }
  return results;
}

// Nodes whose inputs are constants that training leaves alone run once, here.
void Program::fold_constants() {
  const at::NoGradGuard no_gradients;
  std::vector<Step> kept;
  const std::vector<at::Tensor> nothing(constants_.size());
  for (Step& step : steps_) {
    const Node& node = graph_.node(step.node);
    const bool constant = step.shadow == kNone && std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      if (id == ValueId::none) return true;
      const at::Tensor& tensor = constants_[static_cast<size_t>(id)];
      return tensor.defined() && !tensor.requires_grad();
    });
    if (!constant) {
      kept.push_back(std::move(step));
      continue;
    }
    const auto outputs = run_step(step, nothing, {});
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ValueId::none) constants_[static_cast<size_t>(node.outputs[i])] = outputs[i];
    }
  }
  steps_ = std::move(kept);
}

void Program::plan_lifetimes() {
  std::vector<size_t> last(graph_.value_limit(), kNone);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Node& node = graph_.node(steps_[i].node);
    for (const auto* ids : {&node.inputs, &node.outputs}) {
      for (ValueId id : *ids) {
        if (id != ValueId::none) last[static_cast<size_t>(id)] = i;
      }
    }
  }
  for (size_t id = 0; id < last.size(); ++id) {
    if (last[id] != kNone) steps_[last[id]].last_uses.push_back(id);
  }
}

}  // namespace pare
