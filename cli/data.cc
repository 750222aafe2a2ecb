#include "cli/data.h"

#include <algorithm>

#include "graph/error.h"
#include "graph/infer.h"
#include "verify/batch_axis.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

DatasetOptions bind(const DataOptions& options, const Graph& graph) {
  DatasetOptions bound;
  bound.preprocess = options.preprocess;
  bound.limit = options.limit;
  bound.first = options.skip;
  bound.keep_classes = options.classes;
  const BatchAxes axes(graph);
  for (const ValueId id : graph.inputs) bound.inputs.push_back({graph.value(id).name, axes.first(id), axes.of(id)});
  if (!graph.outputs.empty()) {
    bound.output = output_slot(graph, options.output);
    bound.output_batch_axis = axes.of(graph.outputs[bound.output]);
  }
  return bound;
}

}  // namespace

CLI::Option* add_data_options(CLI::App& verb, DataOptions& options, const std::string& prefix,
                              const std::string& what) {
  CLI::Option* data = verb.add_option("--" + prefix + "data", options.path,
                                      what +
                                          ": .npz or .npy (arrays x, y), .csv, .wav, .txt, .tsv, a folder of pictures, "
                                          "sounds, IDX files or ONNX test data, or FOLDER/PREFIX of an IDX set "
                                          "(docs/data.md)");
  verb.add_option("--" + prefix + "preprocess", options.preprocess,
                  "TOML file of preprocessing steps (default: the one beside the data)");
  verb.add_option("--" + prefix + "skip", options.skip, "Pass over this many samples at the beginning")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--" + prefix + "limit", options.limit, "Use at most this many samples")->check(CLI::PositiveNumber);
  verb.add_flag("--" + prefix + "shuffle", options.shuffle,
                "Take the samples in an order drawn with --seed, before the limit");
  verb.add_option("--" + prefix + "classes", options.classes, "Use samples of these classes alone: 0,3,7")
      ->delimiter(',');
  return data;
}

std::unique_ptr<Dataset> open_data(const DataOptions& options, const Graph& graph, uint64_t seed) {
  DatasetOptions bound = bind(options, graph);
  if (options.shuffle) bound.shuffle_seed = seed;
  return unwrap(open_dataset(options.path, bound));
}

std::unique_ptr<Dataset> open_calibration(const DataOptions& options, const Graph& graph, int64_t samples,
                                          uint64_t seed) {
  DatasetOptions bound = bind(options, graph);
  if (options.shuffle) bound.shuffle_seed = seed;
  bound.draw = samples;
  bound.draw_seed = seed;
  return unwrap(open_dataset(options.path, bound));
}

int64_t calibration_batch(const Dataset& dataset, const Graph& graph) {
  constexpr int64_t kElements = 8 << 20;
  const std::vector<Tensor> sample = batches_of(dataset, graph, 1).get(0);
  Graph bound = graph;
  for (size_t i = 0; i < bound.inputs.size(); ++i) bound.value(bound.inputs[i]).type = sample.at(i).type();
  for (const NodeId id : bound.order()) {
    for (const ValueId output : bound.node(id).outputs) {
      if (output != ValueId::none) bound.value(output).type.shape.reset();
    }
  }
  if (!infer_types(bound)) return 1;
  int64_t elements = 1;
  for (const NodeId id : bound.order()) {
    for (const ValueId output : bound.node(id).outputs) {
      if (output == ValueId::none || !bound.value(output).type.shape) continue;
      int64_t size = 1;
      for (const Dim& dim : *bound.value(output).type.shape) size *= std::max<int64_t>(dim.size, 1);
      elements += size;
    }
  }
  return std::clamp<int64_t>(kElements / elements, 1, 32);
}

}  // namespace pare::cli
