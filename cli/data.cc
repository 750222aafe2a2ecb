#include "cli/data.h"

#include "graph/error.h"

namespace pare::cli {
namespace {

DatasetOptions bind(const DataOptions& options, const Graph& graph) {
  DatasetOptions bound;
  bound.preprocess = options.preprocess;
  bound.limit = options.limit;
  for (const ValueId id : graph.inputs) bound.inputs.push_back({graph.value(id).name, graph.value(id).type});
  return bound;
}

}  // namespace

CLI::Option* add_data_options(CLI::App& verb, DataOptions& options, const std::string& prefix, const std::string& what) {
  CLI::Option* data = verb.add_option(
      "--" + prefix + "data", options.path,
      what + ": .npz or .npy (arrays x, y), an IDX folder, or FOLDER/PREFIX of one of its sets (docs/data.md)");
  verb.add_option("--" + prefix + "preprocess", options.preprocess,
                  "TOML file of preprocessing steps (default: the one beside the data)");
  verb.add_option("--" + prefix + "limit", options.limit, "Use at most this many samples")->check(CLI::PositiveNumber);
  return data;
}

std::unique_ptr<Dataset> open_data(const DataOptions& options, const Graph& graph) {
  return unwrap(open_dataset(options.path, bind(options, graph)));
}

std::unique_ptr<Dataset> open_calibration(const DataOptions& options, const Graph& graph, int64_t samples, uint64_t seed) {
  DatasetOptions bound = bind(options, graph);
  bound.shuffle_seed = seed;
  bound.limit = std::min(samples, options.limit.value_or(samples));
  return unwrap(open_dataset(options.path, bound));
}

}  // namespace pare::cli
