#include "runtime/planned_executor.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <map>
#include <new>

#include "graph/subgraphs.h"
#include "runtime/bodies.h"
#include "runtime/inputs.h"
#include "runtime/kernels.h"
#include "runtime/plan/make_plan.h"

namespace pare {
namespace {

// Shapes whose plans are kept, for each stage. Plans share weights and the arena; what is their own is small.
constexpr size_t kPlans = 8;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Memory for intermediates, not cleared: pages that no plan touches cost nothing.
class Arena {
 public:
  std::byte* at_least(size_t bytes) {
    if (bytes > bytes_) {
      memory_.reset();
      bytes_ = 0;
      const size_t size = (bytes + bytes / 8 + 63) / 64 * 64;
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(64, size)));
      if (!memory_) throw std::bad_alloc();
      bytes_ = size;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t bytes_ = 0;
};

// What tells plans apart; whatever is no tensor has dims that no tensor has.
Dims key_of(const Tensor& value) { return value.container() == Container::tensor ? value.dims() : Dims{-1}; }

// A stage planned for certain dims, and the stages that followed it.
struct Entry {
  std::vector<Dims> key;
  Stage stage;
  std::vector<double> seconds, seconds_apart;
  std::list<Entry> next;  // the last used first
};

class PlannedExecutor : public Executor {
 public:
  PlannedExecutor(std::shared_ptr<const Graph> graph, std::vector<ValueId> wanted, const ExecutorOptions& options)
      : graph_(std::move(graph)), profile_(options.profile), pool_(options.threads) {
    program_ = {graph_, needed_nodes(*graph_, wanted), {}};
    context_.wanted = std::move(wanted);
    context_.isa = options.isa.value_or(best_isa());
    context_.threads = pool_.threads();
  }

  const std::vector<NodeId>& nodes() const { return program_.nodes; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    PARE_TRY(check_inputs(*graph_, inputs));
    path_.clear();
    try {
      PARE_ASSIGN(Entry* const first, find(entries_, program_, graph_->inputs, inputs));
      if (first->stage.complete() && first->stage.outputs == context_.wanted) return run_plan(*first, inputs);
      return run_stages(first, inputs);
    } catch (const std::bad_alloc&) {
      return input_error("out of memory");
    }
  }

  const Graph& graph() const override { return *graph_; }

  std::vector<StepReport> steps() const override {
    std::vector<StepReport> reports;
    for (const Entry* entry : path_) {
      const Stage& stage = entry->stage;
      const Graph& graph = *stage.program.graph;
      for (size_t i = 0; stage.plan && i < stage.plan->steps.size(); ++i) {
        const Step& step = stage.plan->steps[i];
        StepReport report{step.kernel, {}, entry->seconds[i], step_bytes(*stage.plan, step)};
        for (const NodeId id : step.nodes) report.nodes.push_back(describe(graph, id));
        reports.push_back(std::move(report));
      }
      for (size_t i = 0; i < stage.apart.size(); ++i)
        reports.push_back({"plain." + std::string(op_type(graph.node(stage.apart[i]).op)),
                           {describe(graph, stage.apart[i])},
                           entry->seconds_apart[i],
                           0});
    }
    return reports;
  }

  MemoryReport memory() const override {
    MemoryReport report{.weight_bytes = context_.weights.bytes()};
    for (const Entry* entry : path_) {
      if (!entry->stage.plan) continue;
      report.arena_bytes = std::max(report.arena_bytes, entry->stage.plan->arena_bytes);
      for (const Storage& storage : entry->stage.plan->storages)
        if (storage.kind == Storage::Kind::constant && storage.first >= 0) report.weight_bytes += storage.bytes;
    }
    return report;
  }

 private:
  static size_t step_bytes(const Plan& plan, const Step& step) {
    size_t bytes = step.weight_bytes;
    for (const auto* values : {&step.reads, &step.writes})
      for (const int value : *values)
        bytes += tensor_bytes(plan.values[value].dtype, plan.values[value].dims).value_or(0);
    return bytes;
  }

  // The stage for these values, brought to the front of its list.
  Result<Entry*> find(std::list<Entry>& entries, const Program& program, const std::vector<ValueId>& ids,
                      std::span<const Tensor> values) {
    const auto fits = [&](const Entry& entry) {
      for (size_t i = 0; i < values.size(); ++i)
        if (entry.key[i] != key_of(values[i])) return false;
      return true;
    };
    auto found = std::find_if(entries.begin(), entries.end(), fits);
    if (found == entries.end()) {
      std::vector<GivenValue> given;
      Entry entry;
      for (size_t i = 0; i < values.size(); ++i) {
        given.push_back({ids[i], values[i].dtype(), values[i].dims(), values[i].container()});
        entry.key.push_back(key_of(values[i]));
      }
      PARE_ASSIGN(entry.stage, make_stage(program, given, context_));
      if (entry.stage.plan) entry.seconds.assign(entry.stage.plan->steps.size(), 0);
      entry.seconds_apart.assign(entry.stage.apart.size(), 0);
      if (entries.size() >= kPlans) entries.pop_back();
      entries.push_front(std::move(entry));
      found = entries.begin();
    }
    entries.splice(entries.begin(), entries, found);
    path_.push_back(&entries.front());
    return &entries.front();
  }

  Result<std::vector<Tensor>> run_plan(Entry& entry, std::span<const Tensor> inputs) {
    const Plan& plan = *entry.stage.plan;
    std::vector<Tensor> results;
    for (const int value : plan.outputs) results.emplace_back(plan.values[value].dtype, plan.values[value].dims);
    std::byte* const arena = arena_.at_least(plan.arena_bytes);
    storages_.resize(plan.storages.size());
    for (size_t i = 0; i < plan.storages.size(); ++i) {
      const Storage& storage = plan.storages[i];
      switch (storage.kind) {
        case Storage::Kind::arena:
          storages_[i] = arena + storage.offset;
          break;
        case Storage::Kind::constant:
          storages_[i] = const_cast<std::byte*>(storage.constant.bytes().data());
          break;
        case Storage::Kind::input:
          storages_[i] = const_cast<std::byte*>(inputs[storage.index].bytes().data());
          break;
        case Storage::Kind::output:
          storages_[i] = results[storage.index].mutable_bytes().data();
          break;
      }
    }
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      const auto start = profile_ ? Clock::now() : Clock::time_point();
      const Frame frame{plan.values, storages_, arena + plan.scratch_offsets[i], pool_, float_kernels(context_.isa),
                        context_.isa};
      PARE_TRY(plan.steps[i].run(frame));
      if (profile_) entry.seconds[i] = seconds_since(start);
    }
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      const PlanValue& value = plan.values[plan.outputs[i]];
      if (plan.storages[value.storage].kind == Storage::Kind::output) continue;
      const auto to = results[i].mutable_bytes();
      std::copy_n(storages_[value.storage] + value.offset, to.size(), to.data());
    }
    return results;
  }

  // Stage by stage: dims that depend on data are known when what computes them has run.
  Result<std::vector<Tensor>> run_stages(Entry* entry, std::span<const Tensor> inputs) {
    std::map<ValueId, Tensor> values;
    for (size_t i = 0; i < inputs.size(); ++i) values[graph_->inputs[i]] = inputs[i];
    while (true) {
      Stage& stage = entry->stage;
      if (stage.plan) {
        std::vector<Tensor> given;
        for (const ValueId id : stage.inputs) given.push_back(values.at(id));
        PARE_ASSIGN(auto results, run_plan(*entry, given));
        for (size_t i = 0; i < results.size(); ++i) values[stage.outputs[i]] = std::move(results[i]);
      }
      PARE_TRY(run_apart(*entry, values));
      if (stage.rest.empty()) break;
      const Program left{stage.program.graph, stage.rest, stage.program.variant};
      drop_unused(left, values);
      std::vector<ValueId> ids;
      std::vector<Tensor> given;
      for (const auto& [id, tensor] : values) {
        ids.push_back(id);
        given.push_back(tensor);
      }
      PARE_ASSIGN(entry, find(entry->next, left, ids, given));
    }
    std::vector<Tensor> results;
    for (const ValueId id : context_.wanted) {
      const auto& constant = graph_->value(id).constant;
      results.push_back(constant ? *constant : values.at(id));
    }
    return results;
  }

  Result<void> run_apart(Entry& entry, std::map<ValueId, Tensor>& values) {
    const Graph& graph = *entry.stage.program.graph;
    const auto at = [&](ValueId id) -> Tensor {
      if (id == ValueId::none) return {};
      const auto& constant = graph.value(id).constant;
      if (constant) return *constant;
      const auto found = values.find(id);
      return found == values.end() ? Tensor() : found->second;
    };
    for (size_t k = 0; k < entry.stage.apart.size(); ++k) {
      const NodeId id = entry.stage.apart[k];
      const auto start = Clock::now();
      const Node& node = graph.node(id);
      std::vector<Tensor> operands;
      std::vector<NamedTensor> captures;
      for (const ValueId in : node.inputs) operands.push_back(at(in));
      for (const ValueId in : node.captures) captures.push_back({graph.value(in).name, at(in)});
      auto results = execute(node.op, operands, node.outputs.size(), captures, bodies_of(entry.stage.program, id));
      if (!results) return in_context(describe(graph, id), results.failure());
      for (size_t i = 0; i < node.outputs.size(); ++i)
        if (node.outputs[i] != ValueId::none) values[node.outputs[i]] = std::move((*results)[i]);
      if (profile_) entry.seconds_apart[k] = seconds_since(start);
    }
    return {};
  }

  Bodies* bodies_of(const Program& program, NodeId id) {
    const Node& node = program.graph->node(id);
    if (subgraphs(node.op).empty()) return nullptr;
    auto& bodies = bodies_[{program.variant, id}];
    if (!bodies) bodies = make_bodies(*program.graph, node, {.threads = context_.threads, .isa = context_.isa});
    return bodies.get();
  }

  // Values that nobody asks for any more.
  void drop_unused(const Program& left, std::map<ValueId, Tensor>& values) const {
    std::vector<bool> used(left.graph->value_limit(), false);
    for (const ValueId id : context_.wanted) used[static_cast<size_t>(id)] = true;
    for (const NodeId id : left.nodes) {
      for (const ValueId in : left.graph->node(id).inputs)
        if (in != ValueId::none) used[static_cast<size_t>(in)] = true;
      for (const ValueId in : left.graph->node(id).captures) used[static_cast<size_t>(in)] = true;
    }
    std::erase_if(values, [&](const auto& value) { return !used[static_cast<size_t>(value.first)]; });
  }

  std::shared_ptr<const Graph> graph_;
  bool profile_;
  ThreadPool pool_;
  Program program_;
  PlanContext context_;
  Arena arena_;
  std::vector<std::byte*> storages_;
  std::map<std::pair<std::string, NodeId>, std::unique_ptr<Bodies>> bodies_;  // by variant, of nodes that run apart
  std::list<Entry> entries_;                                                  // the last used first
  std::vector<Entry*> path_;                                                  // the stages of the last run
};

}  // namespace

Result<std::unique_ptr<Executor>> create_planned_executor(std::shared_ptr<const Graph> graph,
                                                          const ExecutorOptions& options) {
  PARE_ASSIGN(std::vector<ValueId> wanted, wanted_values(*graph, options.keep));
  auto executor = std::make_unique<PlannedExecutor>(graph, std::move(wanted), options);
  PARE_TRY(check_supported(*graph, executor->nodes()));
  return std::unique_ptr<Executor>(std::move(executor));
}

}  // namespace pare
