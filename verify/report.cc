#include "verify/report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "formats/file.h"
#include "graph/error.h"

namespace pare {
namespace {

using Json = nlohmann::ordered_json;

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write other control characters.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

// "max-drop" with what its value means.
std::string meaning(const std::string& bound) {
  struct Row {
    const char *name, *text;
  };
  constexpr Row kRows[] = {{"max-drop", "The metric of the candidate may fall by at most so much"},
                           {"min-metric", "The metric of the candidate must reach so much"},
                           {"min-agreement", "Reference and candidate must agree on so many percent of the samples"},
                           {"min-sqnr", "The outputs of the candidate must have this signal-to-noise ratio"},
                           {"max-bytes", "The candidate's file may have at most so many bytes"},
                           {"max-ratio", "The candidate's file may be at most this part of the reference's"},
                           {"min-speedup", "The candidate must be so many times faster"},
                           {"max-memory", "The candidate's weights and intermediates may take at most so many bytes"},
                           {"max-peak-memory", "A process that runs the candidate may take at most so many bytes"}};
  for (const Row& row : kRows)
    if (bound == row.name) return row.text;
  return "Outputs must be numbers";
}

std::string found(const BoundCheck& bound) {
  std::string text = fmt::format("limit {:g}, found {:.6g}", bound.limit, bound.value);
  if (bound.interval) text += fmt::format(", possible {:.6g} to {:.6g}", bound.interval->low, bound.interval->high);
  return text;
}

// A path as a URI reference (RFC 3986): what is neither unreserved nor a separator is percent-encoded.
std::string uri(const std::string& path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// Broken or unproven, by name; outputs that are no numbers come last under "finite".
struct Finding {
  std::string rule, message;
  bool unproven = false;
};

std::vector<Finding> findings(const Comparison& comparison) {
  std::vector<Finding> list;
  const std::vector<std::string> sentences = broken_bounds(comparison);
  size_t at = 0;
  for (const BoundCheck& bound : comparison.bounds) {
    if (bound.verdict == Verdict::pass) continue;
    list.push_back({bound.name, sentences[at++], bound.verdict == Verdict::unproven});
  }
  for (; at < sentences.size(); ++at) list.push_back({"finite", sentences[at], false});
  return list;
}

std::string percent_or(const Evaluation& evaluation) {
  if (evaluation.traits.percent) return fmt::format("{:.2f} %", 100 * evaluation.value);
  return fmt::format("{:.5g} {}", evaluation.value, evaluation.traits.unit);
}

std::string decibels(double value) { return std::isinf(value) ? "same" : fmt::format("{:.1f} dB", value); }

// Text inside a Markdown table cell.
std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

void sides(const Comparison& comparison, std::string& text) {
  const ComparedSide &a = comparison.reference, &b = comparison.candidate;
  const auto row = [&](const std::string& what, const std::string& before, const std::string& after,
                       const std::string& change) {
    text += fmt::format("| {} | {} | {} | {} |\n", what, before, after, change);
  };
  text += "| | reference | candidate | |\n|---|---:|---:|---|\n";
  row("model", cell(a.path), cell(b.path), "");
  if (!b.decoder.empty()) row("decoder", cell(a.decoder), cell(b.decoder), "");
  if (a.evaluation && b.evaluation) {
    row(a.evaluation->metric, percent_or(*a.evaluation), percent_or(*b.evaluation),
        fmt::format("drop {:.2f} (95 % {:.2f} to {:.2f}) on {} samples", *comparison.paired.drop,
                    comparison.paired.drop_interval.low, comparison.paired.drop_interval.high, b.evaluation->samples));
  }
  if (comparison.paired.agreement) row("same top-1", "", fmt::format("{:.2f} %", *comparison.paired.agreement), "");
  if (comparison.paired.error) {
    row("output error", "", decibels(comparison.paired.error->sqnr()),
        fmt::format("cosine {:.6f}", comparison.paired.error->cosine()));
  }
  row("file bytes", std::to_string(a.file_bytes), std::to_string(b.file_bytes),
      fmt::format("{:.2f} times smaller", comparison.ratio));
  row("parameters", std::to_string(a.facts.parameters), std::to_string(b.facts.parameters), "");
  row("MACs", std::to_string(a.facts.macs), std::to_string(b.facts.macs), "");
  row("memory by the plan, bytes", std::to_string(a.memory_bytes), std::to_string(b.memory_bytes), "");
  if (a.peak_bytes && b.peak_bytes)
    row("peak memory of a process, bytes", std::to_string(*a.peak_bytes), std::to_string(*b.peak_bytes), "");
  if (a.latency && b.latency) {
    row("latency", fmt::format("{:.3f} ms", a.latency->median_ms), fmt::format("{:.3f} ms", b.latency->median_ms),
        fmt::format("{:.2f} times faster", a.latency->median_ms / b.latency->median_ms));
  }
}

}  // namespace

std::string junit_report(const Comparison& comparison) {
  const std::vector<Finding> bad = findings(comparison);
  const bool finite_case = !bad.empty() && bad.back().rule == "finite";
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format(
      "<testsuites>\n  <testsuite name=\"pare verify\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
      comparison.bounds.size() + (finite_case ? 1 : 0), bad.size());
  const auto add = [&](const std::string& name, const Finding* failure, const std::string& details) {
    text += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\">", xml(comparison.candidate.path),
                        xml(name));
    if (failure) {
      text += fmt::format("\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    ",
                          failure->unproven ? "unproven" : "broken", xml(failure->message), xml(details));
    }
    text += "</testcase>\n";
  };
  size_t at = 0;
  for (const BoundCheck& bound : comparison.bounds)
    add(bound.name, bound.verdict == Verdict::pass ? nullptr : &bad[at++], found(bound));
  if (finite_case) add("finite", &bad.back(), bad.back().message);
  text += "  </testsuite>\n</testsuites>\n";
  return text;
}

std::string sarif_report(const Comparison& comparison) {
  const std::vector<Finding> bad = findings(comparison);
  Json rules = Json::array(), results = Json::array();
  for (const Finding& finding : bad) {
    rules.push_back({{"id", finding.rule}, {"shortDescription", {{"text", meaning(finding.rule)}}}});
    Json locations = Json::array();
    for (const std::string& path : {comparison.candidate.path, comparison.candidate.decoder})
      if (!path.empty()) locations.push_back({{"physicalLocation", {{"artifactLocation", {{"uri", uri(path)}}}}}});
    results.push_back({{"ruleId", finding.rule},
                       {"level", finding.unproven ? "warning" : "error"},
                       {"message", {{"text", finding.message}}},
                       {"locations", locations}});
  }
  const Json run = {{"tool", {{"driver", {{"name", "pare"}, {"rules", rules}}}}}, {"results", results}};
  const Json log = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", Json::array({run})}};
  return log.dump(2) + "\n";
}

std::string markdown_report(const Comparison& comparison, const LayerView* layers) {
  std::string text = fmt::format("## pare verify: {}\n\n", name(comparison.verdict));
  if (comparison.random_inputs) text += "**Random inputs: no evidence of accuracy.**\n\n";
  sides(comparison, text);
  if (!comparison.bounds.empty()) {
    text += "\n| bound | limit | found | verdict |\n|---|---:|---:|---|\n";
    for (const BoundCheck& bound : comparison.bounds)
      text += fmt::format("| {} | {:g} | {:.6g} | {} |\n", bound.name, bound.limit, bound.value, name(bound.verdict));
  }
  for (const Finding& finding : findings(comparison)) text += "\n- " + finding.message;
  if (layers) {
    text += fmt::format("\n{}\n\n| value | node | here | with what came before |\n|---|---|---:|---:|\n",
                        cell(layers->first_break));
    for (size_t i = 0; i < std::min<size_t>(layers->layers.size(), 10); ++i) {
      const LayerError& layer = layers->layers[i];
      text += fmt::format("| {} | {} | {} | {} |\n", cell(layer.value), cell(layer.node),
                          layer.local_sqnr ? decibels(*layer.local_sqnr) : "", decibels(layer.sqnr));
    }
  }
  return text + "\n";
}

void write_report(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file = unwrap(AtomicFile::create(path.string()));
  unwrap(file.write(std::as_bytes(std::span(text))));
  unwrap(file.commit());
}

}  // namespace pare
