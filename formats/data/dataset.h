// Labelled data as the tools above see it: samples by index, bound to a model's inputs. docs/data.md tells the forms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/data/preprocess.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// A model's input (or, of a dataset, what it gives): the type of a batch, dim 0 counting samples.
struct InputType {
  std::string name;
  Type type;
  size_t batch_axis =
      0;  // where files of the model's own layout (ONNX test data) hold the samples; `type` has it first
};

struct Batch {
  int64_t count = 0;
  std::vector<NamedTensor> inputs;  // preprocessed; dim 0 is `count`; in the order of Dataset::inputs()
  Tensor labels;                    // int64 [count], the class of each sample; undefined without
  // [count, ...] where y is no class: values, pictures, tokens (negative after the end of a sequence); undefined
  // without
  Tensor targets;
};

// How a model that writes its answer token by token begins and ends it: the [answer] table.
struct AnswerTokens {
  std::optional<int64_t> begin;  // fed first
  std::optional<int64_t> end;    // ends the answer, and is no part of it
  int64_t steps = 0;             // at most so many tokens
};

// Samples are read when asked; memory is that of the batches, except for compressed files read out of order (see
// rows.h). Reads may run in parallel.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  // After preprocessing and binding; dim 0 is the symbol N.
  virtual const std::vector<InputType>& inputs() const = 0;
  virtual bool has_labels() const = 0;
  // All labels in sample order; empty without.
  virtual const std::vector<int64_t>& labels() const = 0;
  // Each index in 0..size()-1 (usage error otherwise).
  virtual Result<Batch> read(std::span<const int64_t> indices) const = 0;
  // How many samples from `first` on, at least one and at most `most`, are of one shape and may be read together.
  virtual int64_t alike(int64_t first, int64_t most) const;
  virtual std::optional<AnswerTokens> answer() const { return std::nullopt; }

  // Samples first .. first+count-1.
  Result<Batch> read_range(int64_t first, int64_t count) const;
};

struct DatasetOptions {
  std::string preprocess;                // a TOML file; empty: the one beside the data, if there is one
  std::vector<InputType> inputs;         // the model's inputs to bind to; empty: the arrays as they are
  std::optional<uint64_t> shuffle_seed;  // order of all samples, before `first` and `limit` select from it
  int64_t first = 0;
  std::optional<int64_t> limit;  // at most so many samples
  std::optional<int64_t> draw;   // so many of those, drawn with `draw_seed`, where there are more
  uint64_t draw_seed = 0;
  std::optional<int64_t> classes;     // labels must lie below
  std::vector<int64_t> keep_classes;  // only samples of these; empty: all
  size_t output = 0;                  // ONNX test data: which output's files are the targets,
  size_t output_batch_axis = 0;       // and where that output holds the samples
};

// `path`: .npz (arrays x and y, or named as the inputs, "in:" before them allowed), .npy, an IDX images file, a folder
// with one IDX set, FOLDER/PREFIX (idx.h), a .csv, a .wav, text (.txt, .tsv), a folder of pictures or sounds, or one of
// ONNX test data (sources.h). An array fits an input when its dims after the first agree with the input's, also after
// adding or dropping axes of length 1, or flattened to rank 2; its elements are converted to the input's type where
// that loses nothing (to float: always). Fails (input) with both shapes where it does not fit.
Result<std::unique_ptr<Dataset>> open_dataset(const std::string& path, const DatasetOptions& options = {});

}  // namespace pare
