#include "verify/baseline.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <map>
#include <sstream>

#include "graph/error.h"
#include "verify/judge.h"

namespace pare {
namespace {

constexpr std::string_view kMagic = "pare-baseline 1";

std::string to_hex(const std::vector<uint8_t>& bits) {
  std::string hex;
  for (size_t i = 0; i < bits.size(); i += 4) {
    int digit = 0;
    for (size_t k = 0; k < 4; ++k) digit = digit * 2 + (i + k < bits.size() ? bits[i + k] : 0);
    hex += "0123456789abcdef"[digit];
  }
  return hex;
}

class Lines {
 public:
  Lines(const std::string& text, std::string where) : where_(std::move(where)) {
    std::istringstream stream(text);
    std::string line;
    if (!std::getline(stream, line) || line != kMagic) {
      throw Error(ErrorCode::input, where_ + ": the first line is '" + line.substr(0, 40) + "', expected '" +
                                        std::string(kMagic) + "': this is no baseline of pare verify");
    }
    while (std::getline(stream, line)) {
      if (line.empty()) continue;
      const size_t space = line.find(' ');
      if (space == std::string::npos || !values_.emplace(line.substr(0, space), line.substr(space + 1)).second)
        throw Error(ErrorCode::input,
                    where_ + ": line '" + line.substr(0, 60) + "' is no 'key value', or repeats its key");
    }
  }

  const std::string& text(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) throw Error(ErrorCode::input, where_ + ": line '" + key + "' is missing");
    return found->second;
  }

  template <class T>
  T number(const std::string& key) const {
    const std::string& value = text(key);
    T result{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
    if (error != std::errc() || end != value.data() + value.size())
      throw Error(ErrorCode::input, where_ + ": '" + key + "' is '" + value.substr(0, 40) + "', expected a number");
    return result;
  }

  std::vector<uint8_t> bits(const std::string& key, int64_t count) const {
    const std::string& hex = text(key);
    if (static_cast<int64_t>(hex.size()) != (count + 3) / 4) {
      throw Error(ErrorCode::input, fmt::format("{}: '{}' holds {} digits, expected {} for {} samples", where_, key,
                                                hex.size(), (count + 3) / 4, count));
    }
    std::vector<uint8_t> bits;
    for (int64_t i = 0; i < count; ++i) {
      const std::string_view digits = "0123456789abcdef";
      const size_t digit = digits.find(hex[static_cast<size_t>(i / 4)]);
      if (digit == std::string_view::npos) throw Error(ErrorCode::input, where_ + ": '" + key + "' is not hexadecimal");
      bits.push_back(digit >> (3 - i % 4) & 1);
    }
    return bits;
  }

 private:
  std::string where_;
  std::map<std::string, std::string> values_;
};

}  // namespace

std::string print_baseline(const Baseline& baseline) {
  const Evaluation& evaluation = *baseline.side.evaluation;
  std::string text = std::string(kMagic) + '\n';
  const auto line = [&](const char* key, const auto& value) { text += fmt::format("{} {}\n", key, value); };
  line("model", baseline.side.path);
  line("metric", evaluation.metric);
  line("value", evaluation.value);
  line("low", evaluation.low);
  line("high", evaluation.high);
  line("samples", evaluation.samples);
  line("not_finite", evaluation.not_finite);
  line("file_bytes", baseline.side.file_bytes);
  line("parameters", baseline.side.facts.parameters);
  line("zeros", baseline.side.facts.zeros);
  line("macs", baseline.side.facts.macs);
  line("weight_bytes", baseline.side.facts.weight_bytes);
  line("memory_bytes", baseline.side.memory_bytes);
  line("data", baseline.data_hash);
  if (!baseline.correct.empty()) line("outcomes", to_hex(baseline.correct));
  return text;
}

Baseline parse_baseline(const std::string& text, const std::string& where) {
  const Lines lines(text, where);
  Baseline baseline;
  baseline.side.path = lines.text("model");
  Evaluation evaluation{lines.text("metric"), {}, lines.number<double>("value"), lines.number<int64_t>("samples")};
  evaluation.traits = metric_traits(evaluation.metric);
  evaluation.low = lines.number<double>("low");
  evaluation.high = lines.number<double>("high");
  evaluation.not_finite = lines.number<int64_t>("not_finite");
  if (evaluation.samples <= 0) throw Error(ErrorCode::input, where + ": 'samples' is not above 0");
  baseline.side.file_bytes = lines.number<int64_t>("file_bytes");
  if (baseline.side.file_bytes <= 0) throw Error(ErrorCode::input, where + ": 'file_bytes' is not above 0");
  baseline.side.facts.parameters = lines.number<int64_t>("parameters");
  baseline.side.facts.zeros = lines.number<int64_t>("zeros");
  baseline.side.facts.macs = lines.number<int64_t>("macs");
  baseline.side.facts.weight_bytes = lines.number<int64_t>("weight_bytes");
  baseline.side.memory_bytes = lines.number<int64_t>("memory_bytes");
  baseline.data_hash = lines.text("data");
  if (evaluation.traits.proportion) baseline.correct = lines.bits("outcomes", evaluation.samples);
  baseline.side.evaluation = std::move(evaluation);
  return baseline;
}

Baseline read_baseline(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::input, path.string() + ": cannot be read; save a baseline with --save-baseline");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_baseline(text.str(), path.string());
}

Baseline baseline_of(const ComparedSide& side) {
  Baseline baseline{side, side.evaluation->data_hash, side.evaluation->detail->correct()};
  baseline.side.latency.reset();
  return baseline;
}

void pair_with_baseline(const Baseline& baseline, const Evaluation& candidate, const BootstrapOptions& options,
                        PairedResult& paired) {
  const Evaluation& reference = *baseline.side.evaluation;
  const std::vector<uint8_t> correct = candidate.detail->correct();
  if (!baseline.correct.empty() && baseline.correct.size() != correct.size())
    throw Error(ErrorCode::input,
                fmt::format("the baseline holds {} samples and the data {}", baseline.correct.size(), correct.size()));
  paired.drop = worsening(reference.traits, reference.value, candidate.value);
  paired.drop_interval = bootstrap(
      candidate.samples,
      [&](std::span<const uint32_t> counts) {
        double before = reference.value;
        if (!baseline.correct.empty()) {
          before = 0;
          for (size_t i = 0; i < counts.size(); ++i) before += static_cast<double>(counts[i]) * baseline.correct[i];
          before /= static_cast<double>(counts.size());
        }
        return worsening(reference.traits, before, candidate.detail->value(counts));
      },
      options);
  if (baseline.correct.empty()) return;
  paired.discordance = discordance_of(baseline.correct, correct);
  paired.mcnemar = mcnemar_exact(*paired.discordance);
}

}  // namespace pare
