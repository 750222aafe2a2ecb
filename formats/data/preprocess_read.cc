#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <tuple>

#include "formats/data/preprocess_tables.h"
#include "formats/file.h"

namespace pare {
namespace {

constexpr std::string_view kOps[] = {"scale",  "mean", "std", "layout", "cast",
                                     "resize", "crop", "pad", "colour", "one_hot"};

// Reads one step's table; every message names the file, the step and its line.
class StepReader {
 public:
  StepReader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  Result<PreprocessStep> read() {
    const auto op = table_["op"].value<std::string>();
    if (!op)
      return fail("has no 'op'; expected one of scale, mean, std, layout, cast, resize, crop, pad, colour, one_hot");
    where_ += " (" + *op + ")";
    PreprocessStep step;
    if (*op == "scale") {
      PARE_TRY(only({"op", "input", "value"}));
      PARE_ASSIGN(const double value, number("value"));
      step.op = ScaleStep{value};
    } else if (*op == "mean") {
      PARE_TRY(only({"op", "input", "values"}));
      PARE_ASSIGN(auto values, numbers("values"));
      step.op = MeanStep{std::move(values)};
    } else if (*op == "std") {
      PARE_TRY(only({"op", "input", "values"}));
      PARE_ASSIGN(auto values, numbers("values"));
      if (std::count(values.begin(), values.end(), 0.0) > 0) return fail("divides by zero");
      step.op = StdStep{std::move(values)};
    } else if (*op == "layout") {
      PARE_TRY(only({"op", "input", "from", "to"}));
      PARE_ASSIGN(step.op, layout());
    } else if (*op == "cast") {
      PARE_TRY(only({"op", "input", "to"}));
      PARE_ASSIGN(step.op, cast_to());
    } else if (*op == "resize") {
      PARE_TRY(only({"op", "input", "short", "size", "method", "antialias"}));
      PARE_ASSIGN(step.op, resize());
    } else if (*op == "crop") {
      PARE_TRY(only({"op", "input", "size", "fraction"}));
      PARE_ASSIGN(step.op, crop());
    } else if (*op == "pad") {
      PARE_TRY(only({"op", "input", "length", "value"}));
      PARE_ASSIGN(const int64_t length, extent("length"));
      step.op = PadStep{length, table_["value"].value_or(0.0)};
    } else if (*op == "colour") {
      PARE_TRY(only({"op", "input", "to"}));
      PARE_ASSIGN(step.op, colour());
    } else if (*op == "one_hot") {
      PARE_TRY(only({"op", "input", "classes"}));
      PARE_ASSIGN(const int64_t classes, extent("classes"));
      step.op = OneHotStep{classes};
    } else {
      return fail("op " + not_known(*op, kOps));
    }
    if (table_.contains("input")) {
      PARE_ASSIGN(step.input, text("input"));
    }
    return step;
  }

 private:
  Failure fail(const std::string& why) const { return input_error(where_ + ": " + why); }

  Result<void> only(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, node] : table_) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        return fail("key " + not_known(key.str(), std::span(known.begin(), known.size())));
      }
    }
    return {};
  }
  Result<std::string> text(std::string_view key) const {
    const auto value = table_[key].value<std::string>();
    if (!value) return fail("needs a text '" + std::string(key) + "'");
    return *value;
  }
  Result<double> number(std::string_view key) const {
    const auto value = table_[key].value<double>();
    if (!value || !std::isfinite(*value)) return fail("needs a number '" + std::string(key) + "'");
    return *value;
  }
  Result<std::vector<double>> numbers(std::string_view key) const {
    std::vector<double> values;
    if (const toml::array* array = table_[key].as_array()) {
      for (const auto& node : *array) values.push_back(node.value<double>().value_or(NAN));
    } else {
      values.push_back(table_[key].value<double>().value_or(NAN));
    }
    const bool finite = std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
    if (values.empty() || !finite)
      return fail("needs numbers, '" + std::string(key) + " = [0.5, ...]', one per channel or one for all");
    return values;
  }
  Result<LayoutStep> layout() const {
    PARE_ASSIGN(LayoutStep step, (Result<LayoutStep>(LayoutStep{})));
    PARE_ASSIGN(step.from, text("from"));
    PARE_ASSIGN(step.to, text("to"));
    std::string from = step.from, to = step.to;
    std::sort(from.begin(), from.end());
    std::sort(to.begin(), to.end());
    const bool once = std::adjacent_find(from.begin(), from.end()) == from.end();
    const bool letters = std::all_of(from.begin(), from.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (from != to || !once || !letters || step.from.empty() || step.from[0] != 'N' || step.to[0] != 'N') {
      return fail(
          "from = \"" + step.from + "\" and to = \"" + step.to +
          "\" do not name the same axes once each after a leading N; expected for example \"NHWC\" and \"NCHW\"");
    }
    return step;
  }
  Result<CastStep> cast_to() const {
    if (!table_.contains("to")) return CastStep{};
    PARE_ASSIGN(const std::string to, text("to"));
    const auto dtype = dtype_from_name(to);
    if (!dtype || bits(*dtype) == 0)
      return fail("to = \"" + to + "\" is no element type; expected for example \"float32\"");
    return CastStep{*dtype};
  }

  // A number of pixels, elements or classes.
  Result<int64_t> extent(std::string_view key) const {
    const auto value = table_[key].value<int64_t>();
    if (!value || *value < 1 || *value > kMostExtent) {
      return fail("needs a whole number '" + std::string(key) + "' from 1 to " + std::to_string(kMostExtent));
    }
    return *value;
  }
  // size = 224 or size = [height, width]
  Result<std::pair<int64_t, int64_t>> size() const {
    if (const toml::array* array = table_["size"].as_array(); array && array->size() == 2) {
      const auto height = (*array)[0].value<int64_t>(), width = (*array)[1].value<int64_t>();
      if (height && width && *height >= 1 && *width >= 1 && *height <= kMostExtent && *width <= kMostExtent)
        return std::pair(*height, *width);
      return fail("needs size = [height, width], whole numbers from 1 to " + std::to_string(kMostExtent));
    }
    PARE_ASSIGN(const int64_t side, extent("size"));
    return std::pair(side, side);
  }
  Result<ResizeStep> resize() const {
    ResizeStep step;
    if (table_.contains("short") == table_.contains("size"))
      return fail("needs either 'short' (the shorter side) or 'size'");
    if (table_.contains("short")) {
      PARE_ASSIGN(step.shorter, extent("short"));
    } else {
      PARE_ASSIGN(const auto extents, size());
      std::tie(step.height, step.width) = extents;
    }
    if (table_.contains("method")) {
      PARE_ASSIGN(const std::string method, text("method"));
      const auto filter = filter_from_name(method);
      constexpr std::string_view kMethods[] = {"nearest", "area", "bilinear", "bicubic", "lanczos"};
      if (!filter) return fail("method " + not_known(method, kMethods));
      step.filter = *filter;
    }
    step.antialias = table_["antialias"].value_or(true);
    return step;
  }
  Result<CropStep> crop() const {
    CropStep step;
    if (table_.contains("fraction") == table_.contains("size")) return fail("needs either 'size' or 'fraction'");
    if (table_.contains("fraction")) {
      PARE_ASSIGN(step.fraction, number("fraction"));
      if (!(step.fraction > 0 && step.fraction <= 1)) return fail("needs a 'fraction' above 0 and at most 1");
    } else {
      PARE_ASSIGN(const auto extents, size());
      std::tie(step.height, step.width) = extents;
    }
    return step;
  }
  Result<ColourStep> colour() const {
    PARE_ASSIGN(const std::string to, text("to"));
    if (to == "rgb") return ColourStep{ColourStep::To::rgb};
    if (to == "bgr") return ColourStep{ColourStep::To::bgr};
    if (to == "grey" || to == "gray") return ColourStep{ColourStep::To::grey};
    constexpr std::string_view kColours[] = {"rgb", "bgr", "grey"};
    return fail("to = " + not_known(to, kColours));
  }

  static constexpr int64_t kMostExtent = 1 << 20;

  const toml::table& table_;
  std::string where_;
};

// The short form `scale = 0.5` at the top of the file as the table that a [[step]] would be.
Result<toml::table> long_form(const toml::key& key, const toml::node& value, const std::string& where) {
  toml::table table;
  if (const toml::table* given = value.as_table()) {
    table = *given;
  } else if (key.str() == "scale") {
    table.insert("value", value);
  } else if (key.str() == "mean" || key.str() == "std") {
    table.insert("values", value);
  } else if (key.str() == "cast") {
    table.insert("to", value);
  } else if (key.str() == "colour") {
    table.insert("to", value);
  } else if (key.str() != "layout") {
    return input_error(where + ": " + std::string(key.str()) + " needs a table, such as { size = 224 }");
  } else {
    return input_error(where + ": layout needs { from = \"NHWC\", to = \"NCHW\" }");
  }
  table.insert_or_assign("op", std::string(key.str()));
  return table;
}

// [arrays] input = "array" or input = 0
Result<std::vector<ArrayChoice>> read_arrays(const toml::node& node, const std::string& where) {
  const toml::table* table = node.as_table();
  if (!table) return input_error(where + ": [arrays] needs lines such as input_ids = \"dev_ids\"");
  std::vector<ArrayChoice> choices;
  for (const auto& [input, source] : *table) {
    if (const auto array = source.value_exact<std::string>()) {
      choices.push_back({std::string(input.str()), *array});
    } else if (const auto number = source.value<double>()) {
      choices.push_back({std::string(input.str()), *number});
    } else {
      return input_error(where + ": [arrays] " + std::string(input.str()) + " needs an array's name or one number");
    }
  }
  return choices;
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Result<Preprocess> read_steps(const toml::table& root, const std::string& where) {
  Preprocess preprocess;
  std::vector<std::pair<toml::source_position, toml::table>> tables;
  for (const auto& [key, node] : root) {
    const std::string at = where + ", line " + std::to_string(key.source().begin.line);
    if (key.str() == "step") {
      const toml::array* steps = node.as_array();
      const bool tables_only =
          steps != nullptr && std::all_of(steps->begin(), steps->end(), [](const auto& n) { return n.is_table(); });
      if (!tables_only) return input_error(at + ": 'step' is no list of tables; write each step under [[step]]");
      for (const auto& step : *steps) tables.emplace_back(step.source().begin, *step.as_table());
    } else if (key.str() == "arrays") {
      PARE_ASSIGN(preprocess.arrays, read_arrays(node, at));
    } else if (key.str() == "text") {
      PARE_ASSIGN(preprocess.text, read_text_table(node, at, folder_of(where)));
    } else if (key.str() == "answer") {
      PARE_ASSIGN(preprocess.answer, read_answer_table(node, at, folder_of(where)));
    } else if (key.str() == "label_offset") {
      const auto offset = node.value<int64_t>();
      if (!offset || std::abs(*offset) > (1 << 30)) return input_error(at + ": label_offset needs a whole number");
      preprocess.label_offset = *offset;
    } else if (std::find(std::begin(kOps), std::end(kOps), key.str()) != std::end(kOps)) {
      PARE_ASSIGN(toml::table table, long_form(key, node, at));
      tables.emplace_back(key.source().begin, std::move(table));
    } else {
      std::vector<std::string_view> known(std::begin(kOps), std::end(kOps));
      known.insert(known.begin(), {"step", "arrays", "text", "answer", "label_offset"});
      return input_error(at + ": key " + not_known(key.str(), known));
    }
  }
  std::stable_sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  for (const auto& [position, table] : tables) {
    const std::string at =
        where + ", step " + std::to_string(preprocess.steps.size() + 1) + " in line " + std::to_string(position.line);
    PARE_ASSIGN(auto step, StepReader(table, at).read());
    preprocess.steps.push_back(std::move(step));
  }
  return preprocess;
}

}  // namespace

Result<Preprocess> parse_preprocess(const std::string& text, const std::string& where) {
  try {
    return read_steps(toml::parse(text), where);
  } catch (const toml::parse_error& error) {
    return input_error(where + ", line " + std::to_string(error.source().begin.line) + ": " +
                       std::string(error.description()));
  }
}

Result<Preprocess> read_preprocess(const std::string& path) {
  PARE_ASSIGN(const std::string text, read_text_file(path));
  return parse_preprocess(text, path);
}

}  // namespace pare
