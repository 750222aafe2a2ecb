// The data options of verbs that read samples.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/session.h"
#include "formats/data/dataset.h"
#include "graph/graph.h"

namespace pare::cli {

struct DataOptions {
  std::string path;
  std::string preprocess;
  std::optional<int64_t> limit;
  bool shuffle = false;
  std::vector<int64_t> classes;
  int64_t skip = 0;
  std::string output;  // ONNX test data: the output whose recorded values are the targets; empty: the first
};

// --data, --preprocess, --skip, --limit, --shuffle, --classes. With a prefix ("verify-"), the options are --verify-data
// and so on.
CLI::Option* add_data_options(CLI::App& verb, DataOptions& options, const std::string& prefix = {},
                              const std::string& what = "Labelled samples");

// Opens and binds to the model's inputs. Throws Error.
std::unique_ptr<Dataset> open_data(const DataOptions& options, const Graph& graph, uint64_t seed = 0);

// Up to `samples` of what --skip and --limit leave, spread over all of it, so that data sorted by class calibrates as
// well as shuffled data.
std::unique_ptr<Dataset> open_calibration(const DataOptions& options, const Graph& graph, int64_t samples,
                                          uint64_t seed);

// How many samples a batch takes so that all values of the graph for it stay within a few tens of megabytes, from 1 to
// 32; measured on the shapes of the first sample.
int64_t calibration_batch(const Dataset& dataset, const Graph& graph);

}  // namespace pare::cli
