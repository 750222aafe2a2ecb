#include "quantize/place.h"

#include <algorithm>
#include <numeric>

namespace pare {
namespace {

class Placer {
 public:
  Placer(const Graph& graph, const PlaceOptions& options)
      : graph_(graph),
        uses_(graph),
        by_compute_(graph.value_limit()),
        demanded_(graph.value_limit()),
        supplied_(graph.value_limit()),
        marked_(graph.value_limit()),
        parent_(graph.value_limit()) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    classify(options);
  }

  Placement place() {
    find_supply();
    find_demand();
    mark();
    Placement result;
    collect_activations(result);
    result.integer.assign(graph_.node_limit(), false);
    for (const NodeId id : graph_.order()) {
      result.integer[static_cast<size_t>(id)] = multiplies(id) || gives_marked(id);
      collect_constants(id, result);
    }
    result.kept_float = kept_float_;
    result.reasons = reasons_;
    return result;
  }

 private:
  Role role(NodeId id) const { return roles_[static_cast<size_t>(id)]; }
  bool multiplies(NodeId id) const { return role(id) == Role::computes || role(id) == Role::recurs; }
  bool gives_marked(NodeId id) const {
    const auto& outputs = graph_.node(id).outputs;
    return role(id) != Role::float_only && std::any_of(outputs.begin(), outputs.end(), [&](ValueId v) { return is_activation(v) && marked_[at(v)]; });
  }
  bool is_float(ValueId id) const {
    return id != ValueId::none && graph_.value(id).type.dtype == DType::float32;
  }
  bool is_dequantized(ValueId id) const {
    const NodeId producer = graph_.value(id).producer;
    return producer != NodeId::none && as<DequantizeLinear>(graph_.node(producer).op);
  }
  // A value that could get a quantizer: computed in float, and not read back from integers.
  bool is_activation(ValueId id) const { return is_float(id) && !graph_.value(id).constant && !is_dequantized(id); }
  static size_t at(ValueId id) { return static_cast<size_t>(id); }

  // A node that computes needs two float factors, and a third operand, if any, that is a constant (it becomes int32).
  void classify(const PlaceOptions& options) {
    roles_.assign(graph_.node_limit(), Role::float_only);
    for (const NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      Role role = op_role(node.op);
      std::string reason;
      if (role == Role::computes) {
        if (node.inputs.size() < 2 || !is_float(node.inputs[0]) || !is_float(node.inputs[1])) {
          reason = "its operands are not float32";
        } else if (is_dequantized(node.inputs[0]) || is_dequantized(node.inputs[1])) {
          reason = "it is quantized already";
        } else if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none && !graph_.value(node.inputs[2]).constant) {
          reason = "its third operand is computed at run time";
        }
      }
      if (role == Role::recurs) reason = why_not_recurs(node);
      if (options.exclude && role != Role::float_only && options.exclude(node, id)) reason = "it is excluded";
      if (!reason.empty()) {
        role = Role::float_only;
        kept_float_.push_back(id);
        reasons_.push_back(reason);
      }
      roles_[static_cast<size_t>(id)] = role;
    }
  }

  std::string why_not_recurs(const Node& node) const {
    for (const size_t slot : {size_t{1}, size_t{2}}) {
      if (is_float(node.inputs[slot]) && is_dequantized(node.inputs[slot])) return "it is quantized already";
      if (!is_float(node.inputs[slot]) || !graph_.value(node.inputs[slot]).constant) return "its weights are not float32 constants";
    }
    return {};
  }

  // The operands that carry values (not the bounds of a Clip, the fill of a Pad or a state).
  std::vector<ValueId> value_inputs(NodeId id) const {
    const Node& node = graph_.node(id);
    std::vector<ValueId> values;
    for (const ValueId input : node.inputs) {
      if (is_activation(input)) values.push_back(input);
    }
    if ((role(id) == Role::clips || role(id) == Role::recurs) && values.size() > 1) values.resize(1);
    return values;
  }

  void find_demand() {
    for (auto it = graph_.order().rbegin(); it != graph_.order().rend(); ++it) {
      const NodeId id = *it;
      if (role(id) == Role::float_only) continue;
      const bool computes = multiplies(id);
      const auto& outputs = graph_.node(id).outputs;
      const auto any = [&](const std::vector<bool>& flags) {
        return std::any_of(outputs.begin(), outputs.end(), [&](ValueId v) { return is_float(v) && flags[at(v)]; });
      };
      for (const ValueId input : value_inputs(id)) {
        if (computes || any(demanded_)) demanded_[at(input)] = true;
        if (computes || (role(id) == Role::passes && any(by_compute_))) by_compute_[at(input)] = true;
      }
    }
  }

  bool read_by_product(ValueId value) const {
    const auto uses = uses_.of(value);
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return use.slot >= 0 && use.slot < 2 && multiplies(use.node); });
  }

  // Whether a node that rescales has integers for every operand; a constant one is better off in float.
  bool rescales_integers(NodeId id, const std::vector<ValueId>& inputs) const {
    const auto& all = graph_.node(id).inputs;
    if (std::any_of(all.begin(), all.end(), [&](ValueId v) { return is_float(v) && !is_activation(v); })) return false;
    return std::all_of(inputs.begin(), inputs.end(), [&](ValueId v) { return supplied_[at(v)] || read_by_product(v); });
  }

  void find_supply() {
    for (const NodeId id : graph_.order()) {
      if (role(id) == Role::float_only) continue;
      const auto inputs = value_inputs(id);
      if (role(id) == Role::rescales && !rescales_integers(id, inputs)) {
        roles_[static_cast<size_t>(id)] = Role::float_only;
        continue;
      }
      const bool supplies = multiplies(id) ||
                            std::any_of(inputs.begin(), inputs.end(), [&](ValueId v) { return supplied_[at(v)]; });
      for (const ValueId output : graph_.node(id).outputs) {
        if (supplies && is_float(output)) supplied_[at(output)] = true;
      }
    }
  }

  // The clip behind `value` that takes the quantizer over: the value's only use.
  bool deferred_to_clip(ValueId value) const {
    if (!uses_.single(value)) return false;
    const NodeId producer = graph_.value(value).producer;
    if (producer == NodeId::none) return false;
    const Role from = role(producer);
    if (from != Role::computes && from != Role::rescales && from != Role::clips) return false;
    return role(uses_.of(value)[0].node) == Role::clips;
  }

  void mark_value(ValueId value) {
    if (is_activation(value) && demanded_[at(value)] && !deferred_to_clip(value)) marked_[at(value)] = true;
  }

  void mark() {
    for (const ValueId value : graph_.values()) {
      if (by_compute_[at(value)] || supplied_[at(value)]) mark_value(value);
    }
    // A node that rescales one integer input needs all of them; what passes values on is integer on both sides or on
    // neither. Until nothing changes.
    for (bool changed = true; changed;) {
      changed = false;
      for (const NodeId id : graph_.order()) changed = spread(id) || changed;
    }
    for (const NodeId id : graph_.order()) {
      if (role(id) != Role::passes) continue;
      const auto inputs = value_inputs(id);
      ValueId first = ValueId::none;
      const auto join = [&](ValueId value) {
        if (!is_activation(value) || !marked_[at(value)]) return;
        if (first == ValueId::none) first = value;
        parent_[root(at(value))] = root(at(first));
      };
      const auto& outputs = graph_.node(id).outputs;
      const bool integer = std::any_of(outputs.begin(), outputs.end(), [&](ValueId v) { return is_activation(v) && marked_[at(v)]; });
      if (!integer) continue;
      for (const ValueId input : inputs) join(input);
      for (const ValueId output : outputs) join(output);
    }
  }

  bool spread(NodeId id) {
    const Role r = role(id);
    if (r == Role::float_only || multiplies(id)) return false;
    const auto inputs = value_inputs(id);
    const auto& outputs = graph_.node(id).outputs;
    const auto is_marked = [&](ValueId v) { return is_activation(v) && marked_[at(v)]; };
    const bool any_output = std::any_of(outputs.begin(), outputs.end(), is_marked);
    const bool any_input = std::any_of(inputs.begin(), inputs.end(), is_marked);
    bool changed = false;
    const auto set = [&](ValueId value) {
      if (marked_[at(value)]) return;
      mark_value(value);
      changed = changed || marked_[at(value)];
    };
    if ((r == Role::passes && any_output) || (r == Role::rescales && any_input)) {
      for (const ValueId input : inputs) set(input);
    }
    if (any_input && r != Role::clips) {
      for (const ValueId output : outputs) {
        if (is_activation(output)) set(output);
      }
    }
    return changed;
  }

  size_t root(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  void collect_activations(Placement& result) {
    result.group.assign(graph_.value_limit(), ValueId::none);
    const auto collect = [&](ValueId value) {
      if (value == ValueId::none || !marked_[at(value)]) return;
      result.activations.push_back(value);
      result.group[at(value)] = static_cast<ValueId>(root(at(value)));
    };
    for (const ValueId input : graph_.inputs) collect(input);
    for (const NodeId id : graph_.order()) {
      for (const ValueId output : graph_.node(id).outputs) collect(output);
    }
  }

  // `axis`: of a constant factor, the one that is an axis of the output, element for element, and not one of the other
  // factor's. `reduced`: the one that is an axis of the other factor.
  PlacedConstant placed(NodeId id, int slot) const {
    PlacedConstant result{id, slot};
    if (role(id) == Role::recurs) return {id, slot, 1, 2};
    LinkContext context = link_context(graph_, id);
    op_links(graph_.node(id).op, context);
    for (const Link& link : context.links) {
      const auto weight = [&](const AxisRef& a) { return a.side == AxisRef::Side::input && a.slot == slot; };
      if (link.map != IndexMap{} || weight(link.source) == weight(link.target)) continue;
      const AxisRef& own = weight(link.source) ? link.source : link.target;
      const AxisRef& other = weight(link.source) ? link.target : link.source;
      int& axis = other.side == AxisRef::Side::output ? result.axis : result.reduced;
      axis = std::max(axis, own.axis);
    }
    return result;
  }

  void collect_constants(NodeId id, Placement& result) {
    const Node& node = graph_.node(id);
    const auto constant = [&](size_t slot) {
      return slot < node.inputs.size() && is_float(node.inputs[slot]) && graph_.value(node.inputs[slot]).constant &&
             graph_.value(node.inputs[slot]).constant->size() > 0;
    };
    switch (role(id)) {
      case Role::computes:
        for (const int slot : {0, 1}) {
          if (!constant(static_cast<size_t>(slot))) continue;
          PlacedConstant weight = placed(id, slot);
          if (slot == 0) weight.axis = -1;
          result.weights.push_back(weight);
        }
        if (constant(2)) result.biases.push_back({id, 2});
        break;
      case Role::recurs:
        result.weights.push_back(placed(id, 1));
        result.weights.push_back(placed(id, 2));
        break;
      case Role::passes:
        for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
          // A fill or a bound of one element is not worth it.
          if (constant(slot) && graph_.value(node.inputs[slot]).constant->size() > 1 && node.outputs.size() == 1 &&
              (slot == 0 || gives_marked(id))) {
            result.passed.push_back({id, static_cast<int>(slot)});
          }
        }
        break;
      case Role::clips:
      case Role::rescales:
      case Role::float_only: break;
    }
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<Role> roles_;
  std::vector<bool> by_compute_, demanded_, supplied_, marked_;
  std::vector<size_t> parent_;
  std::vector<NodeId> kept_float_;
  std::vector<std::string> reasons_;
};

}  // namespace

Placement place_quantizers(const Graph& graph, const PlaceOptions& options) {
  return Placer(graph, options).place();
}

}  // namespace pare
