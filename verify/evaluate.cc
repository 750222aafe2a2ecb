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

// Samples first .. first + count - 1, the last one again up to `size`.
std::vector<int64_t> batch_indices(int64_t first, int64_t count, int64_t size) {
  std::vector<int64_t> indices(static_cast<size_t>(size));
  std::iota(indices.begin(), indices.end(), first);
  for (int64_t& index : indices) index = std::min(index, first + count - 1);
  return indices;
}

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

Batches batches_of(const Dataset& dataset, const Graph& graph, int64_t batch) {
  const int64_t size = model_batch(graph, batch);
  const bool fixed = fixes_batch(graph);
  if (size <= 0) throw Error(ErrorCode::unsupported, "the model takes batches of 0 samples; expected at least 1");
  struct Part {
    int64_t first, count;
  };
  std::vector<Part> parts;
  for (int64_t first = 0; first < dataset.size(); first += parts.back().count)
    parts.push_back({first, dataset.alike(first, size)});
  Batches batches;
  batches.count = static_cast<int64_t>(parts.size());
  batches.get = [&dataset, &graph, size, fixed, parts](int64_t i) {
    const Part& part = parts[static_cast<size_t>(i)];
    return inputs_for(graph, unwrap(dataset.read(batch_indices(part.first, part.count, fixed ? size : part.count))));
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
  std::vector<std::unique_ptr<Runner>> runners;
  int64_t size = options.batch;
  bool fixed = false;
  for (RunningModel model : models) {
    const int64_t own = model_batch(*model.graph, options.batch);
    if (fixed && fixes_batch(*model.graph) && own != size) {
      throw Error(ErrorCode::input, "one model takes " + std::to_string(size) + " samples at a time and the other " +
                                        std::to_string(own) + "; models that are compared must take the same");
    }
    if (fixes_batch(*model.graph)) size = own;
    fixed = fixed || fixes_batch(*model.graph);
    if (model.output.empty()) model.output = options.output;
    if (model.feeds.empty()) model.feeds = options.feeds;
    runners.push_back(make_runner(model, dataset.answer(), executor_options));
  }
  if (size <= 0) throw Error(ErrorCode::unsupported, "the model takes batches of 0 samples; expected at least 1");
  for (int64_t first = 0, count = 0; first < total; first += count) {
    count = dataset.alike(first, size);
    Batch batch = unwrap(dataset.read(batch_indices(first, count, fixed ? size : count)));
    std::vector<Tensor> outputs;
    for (const auto& runner : runners) outputs.push_back(first_rows(runner->run(batch), count));
    visit(first, batch.count == count ? batch : cut(std::move(batch), count), outputs);
    if (options.progress) options.progress(first + count, total);
  }
}

std::unique_ptr<Metric> make_metric(MetricOptions options, const Dataset& dataset) {
  if (!options.end && dataset.answer()) options.end = dataset.answer()->end;
  return make_metric(options);
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
  return evaluate(RunningModel{&graph, nullptr, {}, {}}, dataset, options);
}

Evaluation evaluate(const RunningModel& model, const Dataset& dataset, const EvaluateOptions& options) {
  std::shared_ptr<Metric> metric = make_metric(options.metric, dataset);
  DataHash hash;
  std::optional<OutputFile> file;
  if (!options.save_outputs.empty()) file.emplace(options.save_outputs, dataset);
  for_each_batch({model}, dataset, options, [&](int64_t first, const Batch& batch, const std::vector<Tensor>& outputs) {
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
