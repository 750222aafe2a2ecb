#include "cli/gate.h"

#include <cmath>

namespace pare::cli {
namespace {

// JSON has no infinity and no NaN: null.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json side_json(const ComparedSide& side) {
  Json json = {{"model", side.path},
               {"file_bytes", side.file_bytes},
               {"parameters", side.facts.parameters},
               {"zeros", side.facts.zeros},
               {"macs", side.facts.macs},
               {"weight_bytes", side.facts.weight_bytes},
               {"memory_bytes", side.memory_bytes}};
  if (!side.decoder.empty()) json["decoder"] = side.decoder;
  if (side.peak_bytes) json["peak_bytes"] = *side.peak_bytes;
  if (side.evaluation) json.update(to_json(*side.evaluation));
  if (side.latency) {
    json["median_ms"] = side.latency->median_ms;
    json["min_ms"] = side.latency->min_ms;
    json["runs"] = side.latency->runs;
  }
  return json;
}

Json bound_json(const BoundCheck& bound) {
  Json json = {{"name", bound.name},
               {"limit", bound.limit},
               {"value", number(bound.value)},
               {"held", bound.verdict == Verdict::pass},
               {"verdict", name(bound.verdict)}};
  if (bound.interval) {
    json["low"] = number(bound.interval->low);
    json["high"] = number(bound.interval->high);
  }
  if (bound.samples_needed) json["samples_needed"] = *bound.samples_needed;
  return json;
}

Json paired_json(const PairedResult& paired) {
  Json json = {{"drop", paired.drop ? number(*paired.drop) : Json()},
               {"drop_low", paired.drop ? number(paired.drop_interval.low) : Json()},
               {"drop_high", paired.drop ? number(paired.drop_interval.high) : Json()},
               {"agreement", paired.agreement ? Json(*paired.agreement) : Json()}};
  if (paired.discordance) {
    json["lost"] = paired.discordance->lost;
    json["gained"] = paired.discordance->gained;
    json["mcnemar_p"] = *paired.mcnemar;
  }
  if (paired.error) {
    json["sqnr_db"] = number(paired.error->sqnr());
    json["cosine"] = number(paired.error->cosine());
    json["largest_error"] = number(paired.error->largest());
  }
  return json;
}

void row(const Session& session, const std::string& what, const std::string& before, const std::string& after,
         const std::string& change) {
  session.say("  {:<22} {:>14} {:>14}   {}", what, before, after, change);
}

void metric_row(const Session& session, const Comparison& comparison) {
  const Evaluation &a = *comparison.reference.evaluation, &b = *comparison.candidate.evaluation;
  const PairedResult& paired = comparison.paired;
  std::string change =
      fmt::format("drop {:.2f} {} (95 % {:.2f} to {:.2f})", *paired.drop, a.traits.percent ? "points" : a.traits.unit,
                  paired.drop_interval.low, paired.drop_interval.high);
  if (paired.agreement) change += fmt::format(", agreement {:.2f} % of {}", *paired.agreement, a.samples);
  row(session, a.metric, metric_text(a), metric_text(b), change);
  if (!paired.discordance) return;
  row(session, "right in one alone", std::to_string(paired.discordance->lost),
      std::to_string(paired.discordance->gained), fmt::format("exact McNemar p = {:.3g}", *paired.mcnemar));
}

}  // namespace

std::string metric_text(const Evaluation& evaluation) {
  if (evaluation.traits.percent) return fmt::format("{:.2f} %", 100 * evaluation.value);
  return fmt::format("{:.5g}{}{}", evaluation.value, evaluation.traits.unit.empty() ? "" : " ", evaluation.traits.unit);
}

Json to_json(const Evaluation& evaluation) {
  return {{"metric", evaluation.metric},   {"value", number(evaluation.value)}, {"samples", evaluation.samples},
          {"low", number(evaluation.low)}, {"high", number(evaluation.high)},   {"not_finite", evaluation.not_finite}};
}

void add_bound_options(CLI::App& verb, Bounds& bounds) {
  const std::string group = "Bounds (exit code 1 when one is broken)";
  verb.add_option("--max-drop", bounds.max_drop, "Largest loss of the metric, in points (percent) or its own unit")
      ->group(group);
  verb.add_option("--min-metric", bounds.min_metric, "Least metric of the candidate, in percent or its own unit")
      ->group(group);
  verb.add_option("--min-agreement", bounds.min_agreement, "Least share of samples with the same top-1, in percent")
      ->group(group);
  verb.add_option("--min-sqnr", bounds.min_sqnr, "Least signal-to-noise ratio of the candidate's outputs, in dB")
      ->group(group);
  verb.add_option("--max-bytes", bounds.max_bytes, "Largest file of the candidate, in bytes")->group(group);
  verb.add_option("--max-ratio", bounds.max_ratio, "Largest candidate file as a part of the reference file")
      ->group(group);
  verb.add_option("--min-speedup", bounds.min_speedup, "Least speedup at batch 1, median over interleaved runs")
      ->group(group);
  verb.add_option(
          "--max-memory", bounds.max_memory,
          "Most bytes of the candidate's weights, as they run, and the intermediates of one sample, by the plan")
      ->group(group);
  verb.add_option("--max-peak-memory", bounds.max_peak,
                  "Most bytes that a process takes that loads the candidate and runs one sample, as measured (verify)")
      ->group(group);
}

void add_metric_options(CLI::App& verb, EvaluateOptions& options, const std::string& output_option) {
  std::string names;
  for (const std::string& name : metric_names()) names += (names.empty() ? "" : " ") + name;
  verb.add_option("--metric", options.metric.name, names)->capture_default_str();
  verb.add_option("--positive", options.metric.positive, "auc: the class whose score is ranked")->capture_default_str();
  verb.add_option("--peak", options.metric.peak,
                  "psnr: the largest possible value (default: the targets' largest magnitude)");
  verb.add_option("--ignore-token", options.metric.ignore,
                  "Sequence metrics: a target token that does not count, as padding");
  verb.add_option(output_option, options.output, "The output that the metric reads (default: the first)");
}

void add_judgement_options(CLI::App& verb, CompareOptions& options) {
  const std::string group = "Bounds (exit code 1 when one is broken)";
  verb.add_option("--confidence", options.confidence,
                  "Bounds must hold at this confidence (0.95), else the verdict is fail or unproven")
      ->check(CLI::Range(0.5001, 0.9999))
      ->group(group);
}

void add_decoder_options(CLI::App& verb, std::string& decoder, EvaluateOptions& options) {
  const std::string group = "Models in two parts";
  verb.add_option("--decoder", decoder,
                  "A model that writes the answer token by token from what MODEL makes of a sample, greedily; the "
                  "metric is exact_match where none is named")
      ->group(group);
  verb.add_option(
          "--feed", options.feeds,
          "OUTPUT=INPUT: which output of the encoder (before the first token) or the decoder (after each) feeds "
          "that input of the decoder, where names and types leave it open; may repeat")
      ->group(group);
}

void print_comparison(const Session& session, const Comparison& comparison) {
  const ComparedSide& a = comparison.reference;
  const ComparedSide& b = comparison.candidate;
  if (comparison.random_inputs) session.say("  RANDOM INPUTS: no evidence of accuracy");
  row(session, "", "reference", "candidate", "");
  if (a.evaluation && b.evaluation) metric_row(session, comparison);
  if (comparison.paired.error) {
    const OutputError& error = *comparison.paired.error;
    row(session, "output error", "", fmt::format("{:.2f} dB", error.sqnr()),
        fmt::format("cosine {:.6f}, largest difference {:.4g}{}", error.cosine(), error.largest(),
                    comparison.random_inputs ? ", on random inputs" : ""));
  }
  row(session, "file", human_bytes(a.file_bytes), human_bytes(b.file_bytes),
      fmt::format("{:.2f} times smaller", comparison.ratio));
  row(session, "parameters", human_count(a.facts.parameters), human_count(b.facts.parameters), "");
  if (a.facts.zeros + b.facts.zeros > 0)
    row(session, "of them zero", human_count(a.facts.zeros), human_count(b.facts.zeros), "");
  row(session, "MACs", human_count(a.facts.macs), human_count(b.facts.macs),
      a.facts.macs > 0
          ? fmt::format("{:.1f} %", 100.0 * static_cast<double>(b.facts.macs) / static_cast<double>(a.facts.macs))
          : "");
  row(session, "memory by the plan", human_bytes(a.memory_bytes), human_bytes(b.memory_bytes), "");
  if (a.peak_bytes && b.peak_bytes)
    row(session, "peak of a process", human_bytes(*a.peak_bytes), human_bytes(*b.peak_bytes), "");
  if (a.latency && b.latency) {
    row(session, "latency (batch 1)", fmt::format("{:.3f} ms", a.latency->median_ms),
        fmt::format("{:.3f} ms", b.latency->median_ms),
        fmt::format("{:.2f} times faster", a.latency->median_ms / b.latency->median_ms));
  }
  for (const BoundCheck& bound : comparison.bounds) {
    const char* word = bound.verdict == Verdict::pass   ? "holds"
                       : bound.verdict == Verdict::fail ? "BROKEN"
                                                        : "UNPROVEN";
    session.say("  {:<22} {} (limit {:g}, found {:.6g})", "--" + bound.name, word, bound.limit, bound.value);
  }
  session.say("  verdict: {}",
              comparison.report_only && comparison.bounds.empty() ? "none, a report only" : name(comparison.verdict));
}

Json to_json(const Comparison& comparison) {
  Json json = {{"verdict", name(comparison.verdict)},
               {"reference", side_json(comparison.reference)},
               {"candidate", side_json(comparison.candidate)}};
  json.update(paired_json(comparison.paired));
  json["ratio"] = comparison.ratio;
  json["random_inputs"] = comparison.random_inputs;
  json["report_only"] = comparison.report_only;
  json["bounds"] = Json::array();
  json["layers"] = Json::array();
  for (const BoundCheck& bound : comparison.bounds) json["bounds"].push_back(bound_json(bound));
  return json;
}

void print_layers(const Session& session, const LayerView& view) {
  const auto decibels = [](double value) {
    return std::isinf(value) ? std::string("same") : fmt::format("{:.1f} dB", value);
  };
  session.say("");
  session.say(
      "  {} values of one name in both, on {} samples, most damaged first (here: on the reference's own activations)",
      view.matched, view.samples);
  session.say("  {:<32} {:>10} {:>10} {:>10}  {}", "value", "here", "so far", "cosine", "computed by");
  for (size_t i = 0; i < std::min<size_t>(view.layers.size(), 10); ++i) {
    const LayerError& layer = view.layers[i];
    session.say("  {:<32} {:>10} {:>10} {:>10.6f}  {}", layer.value,
                layer.local_sqnr ? decibels(*layer.local_sqnr) : "-", decibels(layer.sqnr), layer.cosine, layer.node);
  }
  session.say("  {}", view.first_break);
}

Json to_json(const LayerView& view) {
  Json layers = Json::array();
  for (const LayerError& layer : view.layers) {
    layers.push_back({{"value", layer.value},
                      {"node", layer.node},
                      {"position", layer.position},
                      {"sqnr_db", number(layer.sqnr)},
                      {"cosine", number(layer.cosine)},
                      {"local_sqnr_db", layer.local_sqnr ? number(*layer.local_sqnr) : Json()},
                      {"local_cosine", layer.local_cosine ? number(*layer.local_cosine) : Json()}});
  }
  return {{"layers", layers},
          {"layers_matched", view.matched},
          {"layers_samples", view.samples},
          {"first_break", view.first_break}};
}

void conclude(Session& session, const Comparison& comparison) {
  for (const std::string& sentence : broken_bounds(comparison)) fmt::print(stderr, "pare: {}\n", sentence);
  session.exit_code = comparison.verdict == Verdict::pass ? 0 : static_cast<int>(ErrorCode::gate);
}

}  // namespace pare::cli
