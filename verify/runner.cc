#include "verify/runner.h"

#include <algorithm>

#include "graph/error.h"
#include "verify/batch_axis.h"
#include "verify/decode.h"

namespace pare {
namespace {

class GraphRunner final : public Runner {
 public:
  GraphRunner(const RunningModel& model, const ExecutorOptions& options)
      : executor_(unwrap(Executor::create(std::make_shared<Graph>(*model.graph), options))),
        slot_(output_slot(*model.graph, model.output)) {}

  Tensor run(const Batch& batch) override {
    const Graph& graph = executor_->graph();
    const ValueId id = graph.outputs[slot_];
    std::vector<Tensor> outputs = unwrap(executor_->run(inputs_for(graph, batch)));
    Tensor output = BatchAxes(graph).from_model(id, outputs[slot_]);
    if (output.rank() == 0 || output.dims()[0] != batch.count || output.size() == 0) {
      throw Error(ErrorCode::input, "output '" + graph.value(id).name + "' is " + to_string(output.type()) + " for " +
                                        std::to_string(batch.count) +
                                        " samples; expected one row for each: name another with --output");
    }
    return output;
  }
  MemoryReport memory() const override { return executor_->memory(); }

 private:
  std::unique_ptr<Executor> executor_;
  size_t slot_;
};

}  // namespace

size_t output_slot(const Graph& graph, const std::string& name) {
  if (name.empty()) return 0;
  std::string known;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    if (graph.value(graph.outputs[i]).name == name) return i;
    known += (known.empty() ? "" : ", ") + graph.value(graph.outputs[i]).name;
  }
  throw Error(ErrorCode::usage, "the model has no output '" + name + "'; its outputs are " + known);
}

int64_t model_batch(const Graph& graph, int64_t batch) {
  const BatchAxes axes(graph);
  for (const ValueId id : graph.inputs) {
    const auto shape = axes.first(id).shape;
    if (shape && !shape->empty() && shape->front().known()) return shape->front().size;
  }
  return batch;
}

bool fixes_batch(const Graph& graph) { return model_batch(graph, -1) != -1; }

std::vector<Tensor> inputs_for(const Graph& graph, const Batch& batch) {
  const BatchAxes axes(graph);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    const auto named = std::find_if(batch.inputs.begin(), batch.inputs.end(),
                                    [&](const NamedTensor& input) { return input.name == graph.value(id).name; });
    if (named != batch.inputs.end())
      inputs.push_back(axes.to_model(id, named->tensor));
    else if (i < batch.inputs.size())
      inputs.push_back(axes.to_model(id, batch.inputs[i].tensor));
  }
  return inputs;
}

std::unique_ptr<Runner> make_runner(const RunningModel& model, const std::optional<AnswerTokens>& answer,
                                    const ExecutorOptions& options) {
  if (!model.decoder) return std::make_unique<GraphRunner>(model, options);
  return make_greedy_decoder(model, answer, options);
}

}  // namespace pare
