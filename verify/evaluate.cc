#include "verify/evaluate.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "formats/data/npz.h"
#include "graph/error.h"
#include "verify/data_hash.h"

namespace pare {
namespace {

// Rows [0, count) of a tensor whose first dim is the batch.
Tensor first_rows(const Tensor& tensor, int64_t count) {
  if (tensor.rank() == 0 || tensor.dims()[0] == count) return tensor;
  Dims dims = tensor.dims();
  const size_t row = tensor.byte_size() / static_cast<size_t>(dims[0]);
  dims[0] = count;
  Tensor result(tensor.dtype(), dims);
  std::copy_n(tensor.bytes().begin(), row * static_cast<size_t>(count), result.mutable_bytes().begin());
  return result;
}

size_t output_slot(const Graph& graph, const std::string& name) {
  if (name.empty()) return 0;
  std::string known;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    if (graph.value(graph.outputs[i]).name == name) return i;
    known += (known.empty() ? "" : ", ") + graph.value(graph.outputs[i]).name;
  }
  throw Error(ErrorCode::usage, "the model has no output '" + name + "'; its outputs are " + known);
}

bool fixed_batch(const Graph& graph) { return model_batch(graph, -1) != -1; }

std::vector<int64_t> batch_indices(int64_t first, int64_t size, int64_t total, bool fixed) {
  std::vector<int64_t> indices(static_cast<size_t>(fixed ? size : std::min(size, total - first)));
  std::iota(indices.begin(), indices.end(), first);
  for (int64_t& index : indices) index = std::min(index, total - 1);
  return indices;
}

// The samples of a batch in the order in which this model takes its inputs.
std::vector<Tensor> inputs_for(const Graph& graph, const Batch& batch) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const std::string& name = graph.value(graph.inputs[i]).name;
    const auto named = std::find_if(batch.inputs.begin(), batch.inputs.end(),
                                    [&](const NamedTensor& input) { return input.name == name; });
    if (named != batch.inputs.end())
      inputs.push_back(named->tensor);
    else if (i < batch.inputs.size())
      inputs.push_back(batch.inputs[i].tensor);
  }
  return inputs;
}

struct Runner {
  std::unique_ptr<Executor> executor;
  size_t slot;

  Tensor run(const Batch& batch, int64_t count) {
    const std::vector<Tensor> outputs = unwrap(executor->run(inputs_for(executor->graph(), batch)));
    const int64_t rows = batch.inputs.empty() || batch.inputs[0].tensor.rank() == 0 ? count : batch.count;
    const Tensor& output = outputs[slot];
    if (output.rank() == 0 || output.dims()[0] != rows || output.size() == 0) {
      const Graph& graph = executor->graph();
      throw Error(ErrorCode::input, "output '" + graph.value(graph.outputs[slot]).name + "' is " +
                                        to_string(output.type()) + " for " + std::to_string(rows) +
                                        " samples; expected one row for each: name another with --output");
    }
    return first_rows(output, count);
  }
};

Batch cut(Batch batch, int64_t count) {
  for (NamedTensor& input : batch.inputs) input.tensor = first_rows(input.tensor, count);
  if (batch.labels.dtype() != DType::undefined) batch.labels = first_rows(batch.labels, count);
  if (batch.targets.dtype() != DType::undefined) batch.targets = first_rows(batch.targets, count);
  batch.count = count;
  return batch;
}

// Collects the outputs of all samples for a file.
class OutputFile {
 public:
  OutputFile(std::string path, const Dataset& dataset) : path_(std::move(path)), dataset_(dataset) {}

  void add(int64_t first, const Tensor& output) {
    if (first == 0) {
      Dims dims = output.dims();
      dims[0] = dataset_.size();
      all_ = Tensor(output.dtype(), dims);
      row_ = output.byte_size() / static_cast<size_t>(output.dims()[0]);
    }
    if (output.byte_size() != row_ * static_cast<size_t>(output.dims()[0]))
      throw Error(ErrorCode::unsupported,
                  "--save-outputs: the outputs of different samples differ in shape, which one array cannot hold");
    std::copy(output.bytes().begin(), output.bytes().end(),
              all_.mutable_bytes().begin() + static_cast<std::ptrdiff_t>(row_ * static_cast<size_t>(first)));
  }

  void write() const {
    std::vector<NamedTensor> arrays{{"output", all_}};
    if (dataset_.has_labels()) arrays.push_back({"y", Tensor::of<int64_t>({dataset_.size()}, dataset_.labels())});
    unwrap(write_npz(path_, arrays));
  }

 private:
  std::string path_;
  const Dataset& dataset_;
  Tensor all_;
  size_t row_ = 0;
};

}  // namespace

int64_t model_batch(const Graph& graph, int64_t batch) {
  for (const ValueId id : graph.inputs) {
    const auto& shape = graph.value(id).type.shape;
    if (shape && !shape->empty() && shape->front().known()) return shape->front().size;
  }
  return batch;
}

Batches batches_of(const Dataset& dataset, const Graph& graph, int64_t batch) {
  const int64_t size = model_batch(graph, batch);
  const bool fixed = fixed_batch(graph);
  if (size <= 0) throw Error(ErrorCode::unsupported, "the model takes batches of 0 samples; expected at least 1");
  const int64_t total = dataset.size();
  Batches batches;
  batches.count = (total + size - 1) / size;
  batches.get = [&dataset, size, total, fixed](int64_t i) {
    Batch data = unwrap(dataset.read(batch_indices(i * size, size, total, fixed)));
    std::vector<Tensor> inputs;
    for (NamedTensor& input : data.inputs) inputs.push_back(std::move(input.tensor));
    return inputs;
  };
  return batches;
}

void for_each_batch(const std::vector<RunningModel>& models, const Dataset& dataset, const EvaluateOptions& options,
                    const std::function<void(int64_t, const Batch&, const std::vector<Tensor>&)>& visit) {
  const int64_t total = dataset.size();
  if (total == 0) throw Error(ErrorCode::input, "the data holds no samples; expected at least one");
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  executor_options.reference = options.reference;
  std::vector<Runner> runners;
  int64_t size = options.batch;
  bool fixed = false;
  for (const RunningModel& model : models) {
    const int64_t own = model_batch(*model.graph, options.batch);
    if (fixed && fixed_batch(*model.graph) && own != size) {
      throw Error(ErrorCode::input, "one model takes " + std::to_string(size) + " samples at a time and the other " +
                                        std::to_string(own) + "; models that are compared must take the same");
    }
    if (fixed_batch(*model.graph)) size = own;
    fixed = fixed || fixed_batch(*model.graph);
    const std::string& name = model.output.empty() ? options.output : model.output;
    runners.push_back({unwrap(Executor::create(std::make_shared<Graph>(*model.graph), executor_options)),
                       output_slot(*model.graph, name)});
  }
  if (size <= 0) throw Error(ErrorCode::unsupported, "the model takes batches of 0 samples; expected at least 1");
  for (int64_t first = 0; first < total; first += size) {
    const int64_t count = std::min(size, total - first);
    Batch batch = unwrap(dataset.read(batch_indices(first, size, total, fixed)));
    std::vector<Tensor> outputs;
    for (Runner& runner : runners) outputs.push_back(runner.run(batch, count));
    visit(first, batch.count == count ? batch : cut(std::move(batch), count), outputs);
    if (options.progress) options.progress(first + count, total);
  }
}

Evaluation evaluation_of(std::shared_ptr<const Metric> metric, const EvaluateOptions& options) {
  Evaluation result{options.metric.name, metric->traits(), metric->value(), metric->samples()};
  const Interval interval = metric->interval(options.bootstrap);
  result.low = interval.low;
  result.high = interval.high;
  result.not_finite = metric->not_finite();
  result.detail = std::move(metric);
  return result;
}

Evaluation evaluate(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options) {
  std::shared_ptr<Metric> metric = make_metric(options.metric);
  DataHash hash;
  std::optional<OutputFile> file;
  if (!options.save_outputs.empty()) file.emplace(options.save_outputs, dataset);
  for_each_batch({{&graph, {}}}, dataset, options,
                 [&](int64_t first, const Batch& batch, const std::vector<Tensor>& outputs) {
                   metric->add(first, outputs[0], batch);
                   hash.add(batch);
                   if (file) file->add(first, outputs[0]);
                 });
  if (file) file->write();
  Evaluation result = evaluation_of(std::move(metric), options);
  result.data_hash = hash.text();
  return result;
}

}  // namespace pare
