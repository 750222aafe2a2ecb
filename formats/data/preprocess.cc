#include "formats/data/preprocess.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "formats/data/strided.h"
#include "formats/file.h"

namespace pare {
namespace {

constexpr std::string_view kOps[] = {"scale", "mean", "std", "layout", "cast"};

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// "'scael' is not known; did you mean 'scale'?" or, when nothing is near, the list.
std::string not_known(std::string_view word, std::span<const std::string_view> known) {
  std::string list;
  std::string_view nearest;
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    list += (list.empty() ? "" : ", ") + std::string(candidate);
    if (const size_t distance = edit_distance(word, candidate); distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  const std::string text = "'" + std::string(word) + "' is not known";
  return nearest.empty() ? text + "; expected one of " + list : text + "; did you mean '" + std::string(nearest) + "'?";
}

// Reads one step's table; every message names the file, the step and its line.
class StepReader {
 public:
  StepReader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  Result<PreprocessStep> read() {
    const auto op = table_["op"].value<std::string>();
    if (!op) return fail("has no 'op'; expected op = \"scale\", \"mean\", \"std\", \"layout\" or \"cast\"");
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
  } else {
    return input_error(where + ": layout needs { from = \"NHWC\", to = \"NCHW\" }");
  }
  table.insert_or_assign("op", std::string(key.str()));
  return table;
}

Result<Preprocess> read_steps(const toml::table& root, const std::string& where) {
  std::vector<std::pair<toml::source_position, toml::table>> tables;
  for (const auto& [key, node] : root) {
    const std::string at = where + ", line " + std::to_string(key.source().begin.line);
    if (key.str() == "step") {
      const toml::array* steps = node.as_array();
      const bool tables_only =
          steps != nullptr && std::all_of(steps->begin(), steps->end(), [](const auto& n) { return n.is_table(); });
      if (!tables_only) return input_error(at + ": 'step' is no list of tables; write each step under [[step]]");
      for (const auto& step : *steps) tables.emplace_back(step.source().begin, *step.as_table());
    } else if (std::find(std::begin(kOps), std::end(kOps), key.str()) != std::end(kOps)) {
      PARE_ASSIGN(toml::table table, long_form(key, node, at));
      tables.emplace_back(key.source().begin, std::move(table));
    } else {
      std::vector<std::string_view> known(std::begin(kOps), std::end(kOps));
      known.insert(known.begin(), "step");
      return input_error(at + ": key " + not_known(key.str(), known));
    }
  }
  std::stable_sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  Preprocess preprocess;
  for (const auto& [position, table] : tables) {
    const std::string at =
        where + ", step " + std::to_string(preprocess.steps.size() + 1) + " in line " + std::to_string(position.line);
    PARE_ASSIGN(auto step, StepReader(table, at).read());
    preprocess.steps.push_back(std::move(step));
  }
  return preprocess;
}

Result<Tensor> to_float(Tensor tensor) {
  if (tensor.dtype() == DType::float32) return tensor;
  return cast(tensor, DType::float32);
}

// f(x, values[c]) over the channel axis, or with the one value everywhere.
template <class F>
Result<Tensor> per_channel(Tensor batch, size_t axis, const std::vector<double>& values, const std::string& what, F f) {
  PARE_ASSIGN(Tensor out, to_float(std::move(batch)));
  const Dims& dims = out.dims();
  size_t channels = 1, inner = static_cast<size_t>(out.size());
  if (values.size() > 1) {
    if (axis >= dims.size() || static_cast<size_t>(dims[axis]) != values.size()) {
      const std::string found = axis < dims.size() ? std::to_string(dims[axis]) : "no";
      return input_error(what + " has " + std::to_string(values.size()) + " values, but the data " +
                         to_string(Type{out.dtype(), Shape(dims.begin(), dims.end())}) + " have " + found +
                         " channels in axis " + std::to_string(axis) +
                         "; give one value per channel, or a layout step first");
    }
    channels = values.size();
    inner = 1;
    for (size_t i = axis + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
  }
  const auto data = out.mutable_data<float>();
  for (size_t at = 0, c = 0; at < data.size(); at += inner, c = c + 1 == channels ? 0 : c + 1) {
    const float value = static_cast<float>(values[c]);
    for (float& x : data.subspan(at, inner)) x = f(x, value);
  }
  return out;
}

Result<Tensor> permute(const Tensor& batch, const LayoutStep& step) {
  const size_t rank = step.from.size();
  if (static_cast<size_t>(batch.rank()) != rank) {
    return input_error("layout names the axes " + step.from + ", but the data " + to_string(batch.type()) +
                       " have rank " + std::to_string(batch.rank()));
  }
  const size_t width = static_cast<size_t>(bits(batch.dtype())) / 8;
  Dims dims(rank), strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    const size_t source = step.from.find(step.to[i]);
    dims[i] = batch.dims()[source];
    strides[i] = std::accumulate(batch.dims().begin() + static_cast<std::ptrdiff_t>(source) + 1, batch.dims().end(),
                                 int64_t{1}, std::multiplies<>());
  }
  Tensor out(batch.dtype(), dims);
  gather_strided(dims, strides, width, batch.bytes().data(), out.mutable_bytes().data());
  return out;
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

Result<Tensor> apply(const Preprocess& preprocess, const std::string& input, Tensor batch) {
  size_t channel_axis = 1;
  for (const PreprocessStep& step : preprocess.steps) {
    const auto* layout = std::get_if<LayoutStep>(&step.op);
    if (layout == nullptr || (!step.input.empty() && step.input != input)) continue;
    channel_axis = layout->from.find('C');
    break;
  }
  for (const PreprocessStep& step : preprocess.steps) {
    if (!step.input.empty() && step.input != input) continue;
    auto result = std::visit(Overload{[&](const ScaleStep& s) {
                                        return per_channel(std::move(batch), channel_axis, {s.value}, "scale",
                                                           [](float x, float v) { return x * v; });
                                      },
                                      [&](const MeanStep& s) {
                                        return per_channel(std::move(batch), channel_axis, s.values, "mean",
                                                           [](float x, float v) { return x - v; });
                                      },
                                      [&](const StdStep& s) {
                                        return per_channel(std::move(batch), channel_axis, s.values, "std",
                                                           [](float x, float v) { return x / v; });
                                      },
                                      [&](const LayoutStep& s) {
                                        channel_axis = s.to.find('C');
                                        return permute(batch, s);
                                      },
                                      [&](const CastStep& s) { return cast(batch, s.to); }},
                             step.op);
    if (!result) return result.failure();
    batch = *std::move(result);
  }
  return batch;
}

}  // namespace pare
