#include "verify/evaluate.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "graph/error.h"

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

size_t scores_output(const Graph& graph, const std::string& name) {
  if (name.empty()) return 0;
  std::string known;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    if (graph.value(graph.outputs[i]).name == name) return i;
    known += (known.empty() ? "" : ", ") + graph.value(graph.outputs[i]).name;
  }
  throw Error(ErrorCode::usage, "the model has no output '" + name + "'; its outputs are " + known);
}

Tensor class_scores(const Tensor& output, const std::string& name, int64_t samples) {
  if (output.rank() == 0 || output.dims()[0] != samples || output.size() == 0) {
    throw Error(ErrorCode::input, "output '" + name + "' is " + to_string(output.type()) + " for " +
                                      std::to_string(samples) + " samples; expected one row of class scores for each: "
                                      "name another with --output");
  }
  Tensor scores = output;
  if (scores.dtype() != DType::float32) scores = unwrap(cast(scores, DType::float32));
  return scores.reshaped({samples, output.size() / samples});
}

}  // namespace

Interval wilson(int64_t successes, int64_t trials) {
  if (trials == 0) return {0, 1};
  const double z = 1.959963984540054;
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

int64_t argmax(std::span<const float> scores) {
  size_t best = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) return -1;
    if (scores[i] > scores[best]) best = i;
  }
  return static_cast<int64_t>(best);
}

int64_t model_batch(const Graph& graph, int64_t batch) {
  for (const ValueId id : graph.inputs) {
    const auto& shape = graph.value(id).type.shape;
    if (shape && !shape->empty() && shape->front().known()) return shape->front().size;
  }
  return batch;
}

Batches batches_of(const Dataset& dataset, const Graph& graph, int64_t batch) {
  const int64_t size = model_batch(graph, batch);
  const bool fixed = size != model_batch(graph, size + 1) ? false : true;
  if (size <= 0) throw Error(ErrorCode::unsupported, "the model takes batches of 0 samples; expected at least 1");
  const int64_t total = dataset.size();
  Batches batches;
  batches.count = (total + size - 1) / size;
  batches.get = [&dataset, size, total, fixed](int64_t i) {
    const int64_t first = i * size;
    std::vector<int64_t> indices(static_cast<size_t>(fixed ? size : std::min(size, total - first)));
    std::iota(indices.begin(), indices.end(), first);
    for (int64_t& index : indices) index = std::min(index, total - 1);
    std::vector<Tensor> inputs;
    Batch data = unwrap(dataset.read(indices));
    for (NamedTensor& input : data.inputs) inputs.push_back(std::move(input.tensor));
    return inputs;
  };
  return batches;
}

void for_each_output(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options,
                     const std::function<void(int64_t, const Tensor&)>& visit) {
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  executor_options.reference = options.reference;
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), executor_options));
  const size_t slot = scores_output(graph, options.output);
  const std::string& name = graph.value(graph.outputs[slot]).name;
  const int64_t size = model_batch(graph, options.batch);
  const Batches batches = batches_of(dataset, graph, options.batch);
  for (int64_t i = 0; i < batches.count; ++i) {
    const int64_t first = i * size;
    const int64_t count = std::min(size, dataset.size() - first);
    const std::vector<Tensor> inputs = batches.get(i);
    const int64_t rows = inputs.empty() || inputs[0].rank() == 0 ? count : inputs[0].dims()[0];
    const std::vector<Tensor> outputs = unwrap(executor->run(inputs));
    visit(first, first_rows(class_scores(outputs[slot], name, rows), count));
    if (options.progress) options.progress(first + count, dataset.size());
  }
}

Evaluation evaluate(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options) {
  if (options.metric != "top1") {
    throw Error(ErrorCode::usage, "unknown metric '" + options.metric + "'; expected top1");
  }
  if (!dataset.has_labels()) {
    throw Error(ErrorCode::input, "the data has no labels (an array named y); metric top1 needs one class per sample");
  }
  if (dataset.size() == 0) throw Error(ErrorCode::input, "the data holds no samples; expected at least one");
  Evaluation result;
  result.metric = options.metric;
  int64_t hits = 0;
  for_each_output(graph, dataset, options, [&](int64_t first, const Tensor& scores) {
    const int64_t classes = scores.dims()[1];
    for (int64_t row = 0; row < scores.dims()[0]; ++row) {
      const int64_t label = dataset.labels()[static_cast<size_t>(first + row)];
      if (label < 0 || label >= classes) {
        throw Error(ErrorCode::input, "label " + std::to_string(label) + " of sample " + std::to_string(first + row) +
                                          " is outside the model's " + std::to_string(classes) +
                                          " classes; expected 0 to " + std::to_string(classes - 1));
      }
      const int64_t predicted = argmax(scores.data<float>().subspan(static_cast<size_t>(row * classes), static_cast<size_t>(classes)));
      result.predictions.push_back(predicted);
      result.correct.push_back(predicted == label);
      result.not_finite += predicted < 0;
      hits += predicted == label;
    }
  });
  result.samples = static_cast<int64_t>(result.correct.size());
  result.value = static_cast<double>(hits) / static_cast<double>(result.samples);
  const Interval interval = wilson(hits, result.samples);
  result.low = interval.low;
  result.high = interval.high;
  return result;
}

}  // namespace pare
