#include "runtime/planned_executor.h"

#include <chrono>
#include <list>
#include <new>

#include "runtime/inputs.h"
#include "runtime/plan/builder.h"
#include "runtime/reference_executor.h"

namespace pare {
namespace {

constexpr size_t kPlans = 4;  // input shapes whose plans are kept

constexpr Matcher kMatchers[] = {
    match_view, match_put_off, match_int8_product, match_int8_other, match_quantize, match_conv, match_conv_transpose,
    match_gemm, match_pool,    match_elementwise,  match_softmax,    match_move,     match_plain};

struct Entry {
  std::vector<Dims> key;
  std::optional<Plan> plan;  // none: dims depend on data, or a constant fails; runs node by node
  std::shared_ptr<Buffer> arena;
  std::vector<std::byte*> storages;
  std::vector<double> seconds;
};

class PlannedExecutor : public Executor {
 public:
  PlannedExecutor(std::shared_ptr<const Graph> graph, std::vector<ValueId> wanted, const ExecutorOptions& options)
      : graph_(std::move(graph)),
        options_(options),
        isa_(options.isa.value_or(best_isa())),
        wanted_(std::move(wanted)),
        nodes_(needed_nodes(*graph_, wanted_)),
        uses_(*graph_),
        outside_(graph_->value_limit(), false),
        pool_(options.threads) {
    for (const ValueId id : wanted_) outside_[static_cast<size_t>(id)] = true;
  }

  const std::vector<NodeId>& nodes() const { return nodes_; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    PARE_TRY(check_inputs(*graph_, inputs));
    try {
      PARE_TRY(find_plan(inputs));
      Entry& entry = entries_.front();
      if (!entry.plan) return run_by_node(inputs);
      return run_plan(entry, inputs);
    } catch (const std::bad_alloc&) {
      return input_error("out of memory");
    }
  }

  const Graph& graph() const override { return *graph_; }

  std::vector<StepReport> steps() const override {
    std::vector<StepReport> reports;
    if (entries_.empty()) return reports;
    const Entry& entry = entries_.front();
    if (!entry.plan) return reference_ ? reference_->steps() : reports;
    for (size_t i = 0; i < entry.plan->steps.size(); ++i) {
      const Step& step = entry.plan->steps[i];
      StepReport report{step.kernel, {}, entry.seconds[i]};
      for (const NodeId id : step.nodes) report.nodes.push_back(describe(*graph_, id));
      reports.push_back(std::move(report));
    }
    return reports;
  }

  MemoryReport memory() const override {
    MemoryReport report{.weight_bytes = weights_.bytes()};
    if (entries_.empty() || !entries_.front().plan) return report;
    report.arena_bytes = entries_.front().plan->arena_bytes;
    for (const Storage& storage : entries_.front().plan->storages)
      if (storage.kind == Storage::Kind::constant && storage.first >= 0) report.weight_bytes += storage.bytes;
    return report;
  }

 private:
  Result<std::vector<Tensor>> run_by_node(std::span<const Tensor> inputs) {
    if (!reference_) {
      PARE_ASSIGN(reference_, create_reference_executor(graph_, options_));
    }
    return reference_->run(inputs);
  }

  // Brings the plan for these dims to the front.
  Result<void> find_plan(std::span<const Tensor> inputs) {
    const auto fits = [&](const Entry& entry) {
      for (size_t i = 0; i < inputs.size(); ++i)
        if (entry.key[i] != inputs[i].dims()) return false;
      return true;
    };
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (!fits(*it)) continue;
      entries_.splice(entries_.begin(), entries_, it);
      return {};
    }
    PARE_ASSIGN(Entry entry, make_entry(inputs));
    if (entries_.size() >= kPlans) entries_.pop_back();
    entries_.push_front(std::move(entry));
    return {};
  }

  Result<Entry> make_entry(std::span<const Tensor> inputs) {
    Entry entry;
    for (const Tensor& input : inputs) entry.key.push_back(input.dims());
    PARE_ASSIGN(const Analysis analysis, Analysis::make(*graph_, nodes_, entry.key));
    PARE_ASSIGN(const bool fixed, plannable(analysis));
    if (!fixed) return entry;
    Builder builder(*graph_, analysis, uses_, outside_, weights_, isa_, pool_.threads());
    for (const NodeId id : nodes_) {
      bool folded = true;
      for (const ValueId out : graph_->node(id).outputs)
        folded = folded && (out == ValueId::none || analysis.is_constant(out));
      if (folded || builder.claimed(id)) continue;
      for (const Matcher matcher : kMatchers)
        if (matcher(builder, id)) break;
    }
    entry.plan = builder.finish(wanted_);
    if (!entry.plan) return entry;
    Plan& plan = *entry.plan;
    entry.arena = Buffer::allocate(plan.arena_bytes);
    for (const Storage& storage : plan.storages) {
      std::byte* at = nullptr;
      if (storage.kind == Storage::Kind::arena) at = entry.arena->mutable_data() + storage.offset;
      if (storage.kind == Storage::Kind::constant) at = const_cast<std::byte*>(storage.constant.bytes().data());
      entry.storages.push_back(at);
    }
    entry.seconds.assign(plan.steps.size(), 0);
    return entry;
  }

  // Every value has dims and whole bytes. Values beyond what one tensor may take fail here, before anything is
  // allocated.
  Result<bool> plannable(const Analysis& analysis) const {
    constexpr size_t kMaxBytes = size_t{4} << 30;
    const auto check = [&](ValueId id) -> Result<bool> {
      if (id == ValueId::none || graph_->value(id).constant) return true;
      if (!analysis.has_dims(id) || bits(analysis.dtype(id)) < 8) return false;
      const auto bytes = tensor_bytes(analysis.dtype(id), analysis.dims(id));
      if (!bytes || *bytes > kMaxBytes)
        return input_error("value '" + graph_->value(id).name + "' would take more than 4 GiB");
      return true;
    };
    bool fixed = true;
    for (const ValueId id : graph_->inputs) {
      PARE_ASSIGN(const bool known, check(id));
      fixed = fixed && known;
    }
    for (const NodeId id : nodes_) {
      for (const ValueId out : graph_->node(id).outputs) {
        PARE_ASSIGN(const bool known, check(out));
        fixed = fixed && known;
      }
    }
    return fixed;
  }

  Result<std::vector<Tensor>> run_plan(Entry& entry, std::span<const Tensor> inputs) {
    Plan& plan = *entry.plan;
    std::vector<Tensor> results;
    for (const int value : plan.outputs) results.emplace_back(plan.values[value].dtype, plan.values[value].dims);
    for (size_t i = 0; i < plan.storages.size(); ++i) {
      const Storage& storage = plan.storages[i];
      if (storage.kind == Storage::Kind::input)
        entry.storages[i] = const_cast<std::byte*>(inputs[storage.index].bytes().data());
      if (storage.kind == Storage::Kind::output) entry.storages[i] = results[storage.index].mutable_bytes().data();
    }
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      const auto start = options_.profile ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
      const Frame frame{plan.values, entry.storages,      entry.arena->mutable_data() + plan.scratch_offsets[i],
                        pool_,       float_kernels(isa_), isa_};
      PARE_TRY(plan.steps[i].run(frame));
      if (options_.profile)
        entry.seconds[i] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      const int at = plan.values[plan.outputs[i]].storage;
      if (plan.storages[at].kind == Storage::Kind::output) continue;
      const auto to = results[i].mutable_bytes();
      std::copy_n(entry.storages[at], to.size(), to.data());
    }
    return results;
  }

  std::shared_ptr<const Graph> graph_;
  ExecutorOptions options_;
  Isa isa_;
  std::vector<ValueId> wanted_;
  std::vector<NodeId> nodes_;
  Uses uses_;
  std::vector<bool> outside_;
  ThreadPool pool_;
  WeightCache weights_;
  std::list<Entry> entries_;  // the last used first
  std::unique_ptr<Executor> reference_;
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
