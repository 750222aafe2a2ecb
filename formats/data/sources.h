// Where samples come from: what each form of data gives before preprocessing and binding. Used by open_dataset alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/data/bind.h"
#include "formats/data/dataset.h"
#include "formats/data/rows.h"

namespace pare {

// What feeds one input of the model: rows of one shape, or samples that are made one by one and may differ in shape.
struct Column {
  std::string name;   // of the input it feeds
  std::string where;  // "cifar.npz, array 'x'"
  std::unique_ptr<RowSource> rows;
  std::function<Result<Tensor>(int64_t sample)> make;  // [1, ...]; where there are no rows
  int64_t count = 0;
  Binding binding = {};
  InputType input = {};  // the model's
  // Samples of one kind have one shape; null: all have.
  std::function<int64_t(int64_t sample)> kind = nullptr;
  bool whole = false;  // what is made has no axis of samples (a scalar) and is fed as it is

  int64_t samples() const { return rows ? rows->rows() : count; }
};

struct Source {
  std::vector<Column> columns;
  std::unique_ptr<RowSource> labels;  // the array y: classes or other targets; may be null
  std::string labels_where;
  bool targets = false;                                       // `labels` are no classes, whatever they look like
  std::function<Result<Tensor>(int64_t sample)> make_target;  // [1, ...]; instead of `labels`
  std::vector<std::string> class_names;                       // of folders; by class
};

// `arrays` is the [arrays] table of the preprocessing.
Result<Source> open_npz_source(const std::string& path, const std::vector<InputType>& inputs,
                               const std::vector<ArrayChoice>& arrays);
Result<Source> open_npy_source(const std::string& path, const std::vector<InputType>& inputs);
Result<Source> open_idx_source(const std::string& path, const std::vector<InputType>& inputs);
// A header of column names, then numbers. The column named y, label, class or target holds the labels; the others, in
// their order, make one array [N, columns], or feed the inputs that they are named as. Fields in double quotes may hold
// commas. Rows are found once (8 bytes held for each) and parsed when asked.
Result<Source> open_csv_source(const std::string& path, const std::vector<InputType>& inputs);
// Pictures (.jpg .jpeg .png) or sounds (.wav) in a folder: with a labels.tsv of lines "file<TAB>class", or in one
// folder per class, classes in alphabetical order of the folders, or unlabelled.
bool is_media_folder(const std::string& path);
Result<Source> open_media_source(const std::string& path, const std::vector<InputType>& inputs);
// Lines of text as tokens, each with its answer, or one text in windows; as the [text] and [answer] tables say
// (text.h).
Result<Source> open_text_source(const std::string& path, const std::vector<InputType>& inputs,
                                const Preprocess& preprocess);
// ONNX test data: folders test_data_set_* with input_N.pb and output_N.pb, or one of them. Inputs by the model's order;
// output number `options.output` is the target. The samples of each set are counted along the batch axis.
bool is_test_data_folder(const std::string& path);
Result<Source> open_test_data_source(const std::string& path, const DatasetOptions& options);
// One .wav file as one sample.
Result<Source> open_wav_source(const std::string& path, const std::vector<InputType>& inputs);

// RIFF WAVE: PCM of 8, 16, 24 or 32 bits, or 32-bit floats, as float32 in [-1, 1): [1, samples], or [1, channels,
// samples] with several channels.
Result<Tensor> read_wav(const std::string& path);

Result<Source> single_column(Column column, const std::vector<InputType>& inputs);

}  // namespace pare
