#include "cli/gate.h"

namespace pare::cli {
namespace {

Json side_json(const ComparedSide& side) {
  Json json = {{"model", side.path},
               {"file_bytes", side.file_bytes},
               {"parameters", side.facts.parameters},
               {"zeros", side.facts.zeros},
               {"macs", side.facts.macs},
               {"weight_bytes", side.facts.weight_bytes}};
  if (side.evaluation) {
    json["metric"] = side.evaluation->metric;
    json["value"] = side.evaluation->value;
    json["samples"] = side.evaluation->samples;
    json["low"] = side.evaluation->low;
    json["high"] = side.evaluation->high;
    json["not_finite"] = side.evaluation->not_finite;
  }
  if (side.latency) {
    json["median_ms"] = side.latency->median_ms;
    json["min_ms"] = side.latency->min_ms;
    json["runs"] = side.latency->runs;
  }
  return json;
}

void row(const Session& session, const std::string& what, const std::string& before, const std::string& after,
         const std::string& change) {
  session.say("  {:<22} {:>14} {:>14}   {}", what, before, after, change);
}

}  // namespace

void add_bound_options(CLI::App& verb, Bounds& bounds) {
  const std::string group = "Bounds (exit code 1 when one is broken)";
  verb.add_option("--max-drop", bounds.max_drop, "Largest loss of the metric, in points (percent)")->group(group);
  verb.add_option("--min-metric", bounds.min_metric, "Least metric of the candidate, in percent")->group(group);
  verb.add_option("--min-agreement", bounds.min_agreement, "Least share of samples with the same top-1, in percent")->group(group);
  verb.add_option("--max-bytes", bounds.max_bytes, "Largest file of the candidate, in bytes")->group(group);
  verb.add_option("--max-ratio", bounds.max_ratio, "Largest candidate file as a part of the reference file")->group(group);
  verb.add_option("--min-speedup", bounds.min_speedup, "Least speedup at batch 1, median over interleaved runs")->group(group);
}

void print_comparison(const Session& session, const Comparison& comparison) {
  const ComparedSide& a = comparison.reference;
  const ComparedSide& b = comparison.candidate;
  row(session, "", "reference", "candidate", "");
  if (a.evaluation) {
    row(session, a.evaluation->metric, fmt::format("{:.2f} %", 100 * a.evaluation->value),
        fmt::format("{:.2f} %", 100 * b.evaluation->value),
        fmt::format("drop {:.2f} points, agreement {:.2f} % of {}", *comparison.drop, *comparison.agreement, a.evaluation->samples));
  }
  row(session, "file", human_bytes(a.file_bytes), human_bytes(b.file_bytes), fmt::format("{:.2f} times smaller", comparison.ratio));
  row(session, "parameters", human_count(a.facts.parameters), human_count(b.facts.parameters), "");
  row(session, "MACs", human_count(a.facts.macs), human_count(b.facts.macs),
      a.facts.macs > 0 ? fmt::format("{:.1f} %", 100.0 * static_cast<double>(b.facts.macs) / static_cast<double>(a.facts.macs)) : "");
  if (a.latency) {
    row(session, "latency (batch 1)", fmt::format("{:.3f} ms", a.latency->median_ms), fmt::format("{:.3f} ms", b.latency->median_ms),
        fmt::format("{:.2f} times faster", a.latency->median_ms / b.latency->median_ms));
  }
  for (const BoundCheck& bound : comparison.bounds) {
    session.say("  {:<22} {} (limit {:g}, found {:.6g})", "--" + bound.name, bound.held ? "holds" : "BROKEN", bound.limit, bound.value);
  }
  session.say("  verdict: {}", comparison.verdict());
}

Json to_json(const Comparison& comparison) {
  Json json = {{"verdict", comparison.verdict()},
               {"reference", side_json(comparison.reference)},
               {"candidate", side_json(comparison.candidate)},
               {"drop", comparison.drop ? Json(*comparison.drop) : Json()},
               {"agreement", comparison.agreement ? Json(*comparison.agreement) : Json()},
               {"ratio", comparison.ratio},
               {"bounds", Json::array()},
               {"layers", Json::array()}};
  for (const BoundCheck& bound : comparison.bounds) {
    json["bounds"].push_back({{"name", bound.name}, {"limit", bound.limit}, {"value", bound.value}, {"held", bound.held}});
  }
  return json;
}

void conclude(Session& session, const Comparison& comparison) {
  for (const std::string& sentence : broken_bounds(comparison)) fmt::print(stderr, "pare: {}\n", sentence);
  session.exit_code = comparison.pass ? 0 : static_cast<int>(ErrorCode::gate);
}

}  // namespace pare::cli
