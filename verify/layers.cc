#include "verify/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "graph/error.h"

namespace pare {
namespace {

bool computed_float(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  return value.producer != NodeId::none && value.type.dtype == DType::float32;
}

struct Shared {
  std::string name;
  ValueId reference, candidate;
};

std::vector<Shared> shared_values(const Graph& reference, const Graph& candidate) {
  std::vector<Shared> shared;
  for (const NodeId id : candidate.order()) {
    for (const ValueId output : candidate.node(id).outputs) {
      if (output == ValueId::none || !computed_float(candidate, output)) continue;
      const std::string& name = candidate.value(output).name;
      const auto partner = reference.find(name);
      if (partner && computed_float(reference, *partner)) shared.push_back({name, *partner, output});
    }
  }
  return shared;
}

// The candidate's nodes between one shared value and the nearest shared values, graph inputs and constants before it.
struct Segment {
  std::shared_ptr<Graph> graph;
  std::vector<std::string> inputs;  // names in both graphs
};

class SegmentBuilder {
 public:
  SegmentBuilder(const Graph& candidate, const std::set<ValueId>& boundary) : from_(candidate), boundary_(boundary) {}

  // Nullopt where a node holds subgraphs, whose captured values would have to come along.
  std::optional<Segment> build(ValueId target) {
    segment_ = {std::make_shared<Graph>(), {}};
    copies_.clear();
    if (!copy_producer(target)) return std::nullopt;
    segment_.graph->outputs.push_back(copies_.at(target));
    if (!segment_.graph->sort() || !infer_types(*segment_.graph)) return std::nullopt;
    return std::move(segment_);
  }

 private:
  ValueId copy_value(ValueId id) {
    const Value& value = from_.value(id);
    const ValueId copy = value.constant ? segment_.graph->add_constant(value.name, *value.constant)
                                        : segment_.graph->add_value(value.name, value.type);
    copies_.emplace(id, copy);
    return copy;
  }

  bool copy_operand(ValueId id) {
    if (id == ValueId::none || copies_.contains(id)) return true;
    const Value& value = from_.value(id);
    if (value.constant) {
      copy_value(id);
      return true;
    }
    if (boundary_.contains(id) || value.producer == NodeId::none) {
      segment_.graph->inputs.push_back(copy_value(id));
      segment_.inputs.push_back(value.name);
      return true;
    }
    return copy_producer(id);
  }

  bool copy_producer(ValueId id) {
    const Node& node = from_.node(from_.value(id).producer);
    if (!node.captures.empty()) return false;
    for (const ValueId input : node.inputs)
      if (!copy_operand(input)) return false;
    if (copies_.contains(id)) return true;
    const auto copied = [&](const std::vector<ValueId>& ids, bool outputs) {
      std::vector<ValueId> copies;
      for (const ValueId each : ids)
        copies.push_back(each == ValueId::none ? each : outputs ? copy_value(each) : copies_.at(each));
      return copies;
    };
    const std::vector<ValueId> inputs = copied(node.inputs, false);
    segment_.graph->add_node(node.op, inputs, copied(node.outputs, true), node.name);
    return true;
  }

  const Graph& from_;
  const std::set<ValueId>& boundary_;
  Segment segment_;
  std::map<ValueId, ValueId> copies_;
};

// A value's elements as one row: axis 0 need not count samples inside a model.
Tensor as_row(const Tensor& tensor) { return tensor.reshaped({1, tensor.size()}); }

struct Tracked {
  Shared shared;
  OutputError cumulative, local;
  std::unique_ptr<Executor> segment;
  std::vector<std::string> segment_inputs;
};

class LayerRun {
 public:
  LayerRun(const Graph& reference, const Graph& candidate, const LayerOptions& options)
      : reference_(reference), candidate_(candidate), options_(options) {
    const std::vector<Shared> shared = shared_values(reference, candidate);
    if (shared.empty()) {
      throw Error(ErrorCode::input,
                  "the two models share no value of one name; --layers compares values that the passes of "
                  "pare kept, or models that were exported alike");
    }
    std::set<ValueId> boundary;
    for (const Shared& each : shared) boundary.insert(each.candidate);
    SegmentBuilder builder(candidate, boundary);
    for (const Shared& each : shared) {
      Tracked tracked{each, {}, {}, nullptr, {}};
      if (auto segment = builder.build(each.candidate)) {
        if (auto executor = Executor::create(segment->graph, {.threads = options.threads})) {
          tracked.segment = *std::move(executor);
          tracked.segment_inputs = segment->inputs;
        }
      }
      tracked_.push_back(std::move(tracked));
      names_.push_back(each.name);
    }
    const auto executor = [&](const Graph& graph) {
      return unwrap(Executor::create(std::make_shared<Graph>(graph), {.threads = options.threads, .keep = names_}));
    };
    reference_executor_ = executor(reference);
    candidate_executor_ = executor(candidate);
  }

  void add(const std::vector<Tensor>& inputs) {
    const auto a = unwrap(reference_executor_->run(inputs));
    const auto b = unwrap(candidate_executor_->run(inputs));
    std::map<std::string, Tensor> known;
    for (size_t i = 0; i < inputs.size(); ++i) known[reference_.value(reference_.inputs[i]).name] = inputs[i];
    for (size_t i = 0; i < names_.size(); ++i) known[names_[i]] = a[reference_.outputs.size() + i];
    for (size_t i = 0; i < tracked_.size(); ++i) {
      const Tensor &x = a[reference_.outputs.size() + i], &y = b[candidate_.outputs.size() + i];
      if (x.dims() != y.dims() || x.size() == 0) continue;
      tracked_[i].cumulative.add(as_row(x), as_row(y));
      add_local(tracked_[i], known, x);
    }
  }

  LayerView finish(int64_t samples) const {
    LayerView view;
    view.samples = samples;
    std::map<NodeId, int64_t> positions;
    for (const NodeId id : candidate_.order()) positions.emplace(id, static_cast<int64_t>(positions.size()));
    for (const Tracked& tracked : tracked_) {
      if (tracked.cumulative.samples.empty()) continue;
      const NodeId producer = candidate_.value(tracked.shared.candidate).producer;
      LayerError error{tracked.shared.name,
                       describe(candidate_, producer),
                       positions.at(producer),
                       tracked.cumulative.sqnr(),
                       tracked.cumulative.cosine(),
                       {},
                       {}};
      if (!tracked.local.samples.empty()) {
        error.local_sqnr = tracked.local.sqnr();
        error.local_cosine = tracked.local.cosine();
      }
      view.layers.push_back(std::move(error));
    }
    view.matched = static_cast<int64_t>(view.layers.size());
    for (const ValueId id : reference_.values())
      view.reference_only += computed_float(reference_, id) && !candidate_.find(reference_.value(id).name);
    std::stable_sort(view.layers.begin(), view.layers.end(), [](const LayerError& a, const LayerError& b) {
      return a.local_sqnr.value_or(a.sqnr) < b.local_sqnr.value_or(b.sqnr);
    });
    view.first_break = sentence(view.layers);
    return view;
  }

 private:
  static void add_local(Tracked& tracked, const std::map<std::string, Tensor>& known, const Tensor& expected) {
    if (!tracked.segment) return;
    std::vector<Tensor> inputs;
    for (const std::string& name : tracked.segment_inputs) {
      const auto found = known.find(name);
      if (found == known.end()) return;
      inputs.push_back(found->second);
    }
    const auto outputs = tracked.segment->run(inputs);
    if (!outputs || outputs->front().dims() != expected.dims()) return;
    tracked.local.add(as_row(expected), as_row(outputs->front()));
  }

  // The worst place where something is lost, and from where on the difference is heard.
  static std::string sentence(const std::vector<LayerError>& layers) {
    if (layers.empty()) return "no shared value could be compared";
    const LayerError& worst = layers.front();
    const double lost = worst.local_sqnr.value_or(worst.sqnr);
    if (std::isinf(lost)) return "nothing is lost at any of the shared values: the two compute the same";
    return fmt::format(
        "it breaks first at '{}', {}: {:.1f} dB on the reference's own activations, {:.1f} dB with what came before",
        worst.value, worst.node, lost, worst.sqnr);
  }

  const Graph& reference_;
  const Graph& candidate_;
  LayerOptions options_;
  std::vector<Tracked> tracked_;
  std::vector<std::string> names_;
  std::unique_ptr<Executor> reference_executor_, candidate_executor_;
};

}  // namespace

LayerView compare_layers(const Graph& reference, const Graph& candidate, const Dataset& dataset,
                         const LayerOptions& options) {
  LayerRun run(reference, candidate, options);
  const int64_t samples = std::min(options.samples, dataset.size());
  const int64_t size = model_batch(reference, options.batch);
  const Batches batches = batches_of(dataset, reference, options.batch);
  int64_t seen = 0;
  for (int64_t i = 0; i < batches.count && seen < samples; ++i) {
    run.add(batches.get(i));
    seen += size;
  }
  return run.finish(std::min(seen, dataset.size()));
}

}  // namespace pare
