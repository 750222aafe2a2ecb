// The steps between what a data file holds and what a model expects, in order, from a TOML file (docs/data.md).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "formats/data/resample.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// x * value
struct ScaleStep {
  double value = 1;
};
// x - values[c] for channel c; a single value holds for all channels
struct MeanStep {
  std::vector<double> values;
};
// x / values[c]
struct StdStep {
  std::vector<double> values;
};
// Permutes axes: "NHWC" to "NCHW". Both name every axis of the batch once, the first N.
struct LayoutStep {
  std::string from, to;
};
// To another element type, as ONNX Cast does it.
struct CastStep {
  DType to = DType::float32;
};

// The short side to `shorter`, or both to height and width.
struct ResizeStep {
  int64_t shorter = 0;  // 0: height and width
  int64_t height = 0, width = 0;
  Filter filter = Filter::bilinear;
  bool antialias = true;
};
// The middle of the picture: height x width pixels, or that part of its shorter side in both directions. Where the
// picture is smaller, zeros stand around it.
struct CropStep {
  double fraction = 0;  // 0: height and width
  int64_t height = 0, width = 0;
};
// `value` after the end of the last axis, up to `length`; what is longer is cut.
struct PadStep {
  int64_t length = 0;
  double value = 0;
};
// Channels RGB to BGR, or to one grey channel: (19595 R + 38470 G + 7471 B + 32768) / 65536, ITU-R 601 as Pillow has
// it.
struct ColourStep {
  enum class To : uint8_t { rgb, bgr, grey } to = To::rgb;
};
// Integers to vectors along a new last axis.
struct OneHotStep {
  int64_t classes = 0;
};

struct PreprocessStep {
  std::variant<ScaleStep, MeanStep, StdStep, LayoutStep, CastStep, ResizeStep, CropStep, PadStep, ColourStep,
               OneHotStep>
      op;
  std::string input;  // the only array it applies to; empty: every array
};

// Which array feeds a model's input: an array's name, or one number everywhere.
struct ArrayChoice {
  std::string input;  // "y": the labels
  std::variant<std::string, double> source;
};

// A token by its text, or by its number; neither: none.
struct TokenName {
  std::string text;
  std::optional<int64_t> number;
};

// How text becomes token numbers.
struct TokenForm {
  enum class Kind : uint8_t { words, letters, numbers, bpe } kind = Kind::numbers;
  std::string vocabulary;           // a file, looked for in `folder` and then beside the data
  std::string folder;               // that of the TOML file
  std::string key;                  // of the list in a JSON object
  std::vector<std::string> tokens;  // the vocabulary itself, where the TOML file lists it
  TokenName unknown, begin, end;
};

// The [text] table.
struct TextForm {
  TokenForm tokens;
  std::vector<std::string> columns = {"text", "answer"};  // what the columns of a line hold
  int64_t window = 0;  // the whole text as one, in samples of so many tokens; 0: a sample for each line
};

// The [answer] table: what text data and models that write their answer have to do with it.
struct AnswerForm {
  TokenForm tokens;
  std::vector<std::string> classes;  // the answer is one of these names
  int64_t steps = 100;
};

struct Preprocess {
  std::vector<PreprocessStep> steps;
  std::optional<TextForm> text;
  std::optional<AnswerForm> answer;
  std::vector<ArrayChoice> arrays;  // the [arrays] table
  int64_t label_offset = 0;         // added to every label
};

// `where` starts each message. Unknown keys and operators fail (input) with the nearest known one.
Result<Preprocess> parse_preprocess(const std::string& toml, const std::string& where);
Result<Preprocess> read_preprocess(const std::string& path);

// The steps that know height, width and channels. `layout` names the axes ("NCHW").
Result<Tensor> apply_resize(const ResizeStep& step, const Tensor& batch, const std::string& layout);
Result<Tensor> apply_crop(const CropStep& step, const Tensor& batch, const std::string& layout);
Result<Tensor> apply_colour(const ColourStep& step, const Tensor& batch, const std::string& layout);
Result<Tensor> apply_pad(const PadStep& step, const Tensor& batch);
Result<Tensor> apply_one_hot(const OneHotStep& step, const Tensor& batch);

// Applies the steps to a batch [N, ...] of the array `input`. Arithmetic is float32, whatever comes in. The channel
// axis is the C of the layout where a layout step says it (before the step its `from`, after it its `to`), else axis 1.
Result<Tensor> apply(const Preprocess& preprocess, const std::string& input, Tensor batch);

}  // namespace pare
