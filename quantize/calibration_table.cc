#include "quantize/calibration_table.h"

#include <charconv>
#include <cmath>
#include <set>

#include "graph/error.h"

namespace pare {
namespace {

constexpr std::string_view kTitle = "# pare calibration, 1\n";
constexpr std::string_view kColumns = "value\tlow\thigh\tmethod\tcount";
constexpr std::string_view kEscaped = "\t\n\r\\#", kEscapes = "tnr\\#";

std::string escape(const std::string& name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const size_t found = kEscaped.find(name[i]);
    if (found == std::string_view::npos || (name[i] == '#' && i > 0)) {
      text += name[i];
    } else {
      text += {'\\', kEscapes[found]};
    }
  }
  return text;
}

std::string unescape(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t found = text[i] == '\\' && i + 1 < text.size() ? kEscapes.find(text[i + 1]) : std::string_view::npos;
    name += found == std::string_view::npos ? text[i] : kEscaped[found];
    if (found != std::string_view::npos) ++i;
  }
  return name;
}

template <class Number>
void append(std::string& text, Number x) {
  char buffer[32];
  text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(at, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

class Reader {
 public:
  Reader(const std::string& file, const Graph& graph) : file_(file), graph_(graph) {}

  void read(std::string_view text, Calibration& calibration) {
    bool titled = false;
    for (std::string_view line : split(text, '\n')) {
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.starts_with('#')) continue;
      if (!titled) {
        if (line != kColumns)
          fail("'" + std::string(line.substr(0, 60)) +
               "'; expected the columns value, low, high, method, count with tabs between");
        titled = true;
      } else {
        read_row(line, calibration);
      }
    }
    if (!titled) fail("no line with the columns; expected value, low, high, method, count with tabs between");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::input, "calibration table '" + file_ + "', line " + std::to_string(line_) + ": " + what);
  }

  void read_row(std::string_view line, Calibration& calibration) {
    const auto cells = split(line, '\t');
    if (cells.size() != 5) fail(std::to_string(cells.size()) + " columns; expected 5, with tabs between");
    const std::string name = unescape(cells[0]);
    const auto value = graph_.find(name);
    if (!value) {
      fail("'" + name + "' is no value of graph '" + graph_.name +
           "'; expected the names that --save-calibration wrote for "
           "this model: take the line out, or calibrate again");
    }
    if (!names_.insert(name).second) fail("value '" + name + "' stands twice; expected one line for each value");
    const ValueRange range{number<float>(cells[1], "low"), number<float>(cells[2], "high"), true};
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high) {
      fail("a range from " + std::string(cells[1]) + " to " + std::string(cells[2]) +
           "; expected finite numbers, low at most high");
    }
    calibration.set(*value, range, number<int64_t>(cells[4], "count"));
  }

  template <class Number>
  Number number(std::string_view cell, const char* column) const {
    Number x{};
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), x);
    if (error != std::errc() || end != cell.data() + cell.size()) {
      fail("'" + std::string(cell) + "' in column " + column + "; expected a number");
    }
    return x;
  }

  const std::string& file_;
  const Graph& graph_;
  int64_t line_ = 0;
  std::set<std::string> names_;
};

}  // namespace

std::string print_calibration_table(const Graph& graph, const Calibration& calibration,
                                    const std::vector<CalibratedRange>& ranges) {
  std::string text = std::string(kTitle) + std::string(kColumns) + "\n";
  for (const CalibratedRange& row : ranges) {
    if (!row.range.seen) continue;
    text += escape(graph.value(row.value).name) + "\t";
    append(text, row.range.low);
    text += "\t";
    append(text, row.range.high);
    const auto& entry = calibration.entries[static_cast<size_t>(row.value)];
    text += "\t" + std::string(entry && entry->given ? "given" : name_of(calibration.method)) + "\t";
    append(text, entry ? entry->statistics.count : int64_t{0});
    text += "\n";
  }
  return text;
}

Calibration read_calibration_table(std::string_view text, const std::string& file, const Graph& graph,
                                   const std::vector<ValueId>& values) {
  Calibration calibration;
  calibration.entries.resize(graph.value_limit());
  Reader(file, graph).read(text, calibration);
  std::string missing;
  int64_t count = 0;
  for (const ValueId value : values) {
    auto& entry = calibration.entries[static_cast<size_t>(value)];
    if (entry) {
      entry->bounds = declared_bounds(graph, value);
    } else if (++count <= 3) {
      missing += (count == 1 ? "'" : ", '") + graph.value(value).name + "'";
    }
  }
  if (count > 0) {
    throw Error(ErrorCode::input, "calibration table '" + file + "' has no range for " + std::to_string(count) +
                                      " of the values to be quantized (" + missing + (count > 3 ? ", ..." : "") +
                                      "); expected a line for each: calibrate again with --save-calibration");
  }
  return calibration;
}

}  // namespace pare
