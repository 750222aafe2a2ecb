#include "runtime/reference_executor.h"

#include <chrono>

#include "runtime/bodies.h"
#include "runtime/inputs.h"
#include "runtime/kernels.h"

namespace pare {
namespace {

class ReferenceExecutor : public Executor {
 public:
  ReferenceExecutor(std::shared_ptr<const Graph> graph, std::vector<ValueId> wanted, const ExecutorOptions& options)
      : graph_(std::move(graph)),
        wanted_(std::move(wanted)),
        nodes_(needed_nodes(*graph_, wanted_)),
        profile_(options.profile) {
    last_use_.resize(graph_->value_limit(), -1);
    for (size_t step = 0; step < nodes_.size(); ++step) {
      const Node& node = graph_->node(nodes_[step]);
      for (const ValueId id : node.inputs)
        if (id != ValueId::none) last_use_[static_cast<size_t>(id)] = static_cast<int64_t>(step);
      for (const ValueId id : node.captures) last_use_[static_cast<size_t>(id)] = static_cast<int64_t>(step);
    }
    for (const ValueId id : wanted_) last_use_[static_cast<size_t>(id)] = static_cast<int64_t>(nodes_.size());
    seconds_.resize(nodes_.size(), 0);
    for (const NodeId id : nodes_) bodies_.push_back(make_bodies(*graph_, graph_->node(id), options));
  }

  const std::vector<NodeId>& nodes() const { return nodes_; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    PARE_TRY(check_inputs(*graph_, inputs));
    std::vector<Tensor> values(graph_->value_limit());
    for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_->inputs[i])] = inputs[i];
    size_t live = 0;
    peak_ = 0;
    for (size_t step = 0; step < nodes_.size(); ++step) {
      const auto start = std::chrono::steady_clock::now();
      PARE_TRY(run_node(nodes_[step], values, bodies_[step].get()));
      if (profile_) seconds_[step] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const Node& node = graph_->node(nodes_[step]);
      for (const ValueId id : node.outputs)
        if (id != ValueId::none) live += values[static_cast<size_t>(id)].byte_size();
      peak_ = std::max(peak_, live);
      release(node.inputs, step, values, live);
      release(node.captures, step, values, live);
      release(node.outputs, step, values, live);
    }
    std::vector<Tensor> results;
    for (const ValueId id : wanted_) results.push_back(value(id, values));
    return results;
  }

  const Graph& graph() const override { return *graph_; }

  std::vector<StepReport> steps() const override {
    std::vector<StepReport> reports;
    for (size_t step = 0; step < nodes_.size(); ++step)
      reports.push_back({"plain." + std::string(op_type(graph_->node(nodes_[step]).op)),
                         {describe(*graph_, nodes_[step])},
                         seconds_[step]});
    return reports;
  }

  MemoryReport memory() const override {
    MemoryReport report{.arena_bytes = peak_};
    for (const ValueId id : graph_->values())
      if (graph_->value(id).constant) report.weight_bytes += graph_->value(id).constant->byte_size();
    return report;
  }

 private:
  const Tensor& value(ValueId id, const std::vector<Tensor>& values) const {
    const auto& constant = graph_->value(id).constant;
    return constant ? *constant : values[static_cast<size_t>(id)];
  }

  Result<void> run_node(NodeId id, std::vector<Tensor>& values, Bodies* bodies) {
    const Node& node = graph_->node(id);
    std::vector<Tensor> operands(node.inputs.size());
    for (size_t i = 0; i < operands.size(); ++i)
      if (node.inputs[i] != ValueId::none) operands[i] = value(node.inputs[i], values);
    std::vector<NamedTensor> captures;
    for (const ValueId capture : node.captures)
      captures.push_back({graph_->value(capture).name, value(capture, values)});
    auto results = execute(node.op, operands, node.outputs.size(), captures, bodies);
    if (!results) return in_context(describe(*graph_, id), results.failure());
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != ValueId::none) values[static_cast<size_t>(node.outputs[i])] = std::move((*results)[i]);
    return {};
  }

  void release(const std::vector<ValueId>& ids, size_t step, std::vector<Tensor>& values, size_t& live) const {
    for (const ValueId id : ids) {
      if (id == ValueId::none || last_use_[static_cast<size_t>(id)] > static_cast<int64_t>(step)) continue;
      Tensor& dead = values[static_cast<size_t>(id)];
      if (graph_->value(id).producer != NodeId::none) live -= std::min(live, dead.byte_size());
      dead = Tensor();
    }
  }

  std::shared_ptr<const Graph> graph_;
  std::vector<ValueId> wanted_;
  std::vector<NodeId> nodes_;
  std::vector<std::unique_ptr<Bodies>> bodies_;  // by step, null where there are none
  std::vector<int64_t> last_use_;                // by value: the step after which nobody needs it
  std::vector<double> seconds_;
  bool profile_;
  size_t peak_ = 0;
};

}  // namespace

Result<std::unique_ptr<Executor>> create_reference_executor(std::shared_ptr<const Graph> graph,
                                                            const ExecutorOptions& options) {
  PARE_ASSIGN(std::vector<ValueId> wanted, wanted_values(*graph, options.keep));
  auto executor = std::make_unique<ReferenceExecutor>(graph, std::move(wanted), options);
  PARE_TRY(check_supported(*graph, executor->nodes()));
  return std::unique_ptr<Executor>(std::move(executor));
}

}  // namespace pare
