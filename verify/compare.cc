#include "verify/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "verify/baseline.h"
#include "verify/data_hash.h"
#include "verify/judge.h"

namespace pare {

void require_bounds(const Bounds& bounds, bool data, bool report_only) {
  if (!bounds.any() && !report_only) {
    throw Error(ErrorCode::usage,
                "no bound was given, and a gate that cannot fail proves nothing; give at least one of --max-drop, "
                "--min-metric, --min-agreement, --min-sqnr, --max-bytes, --max-ratio, --min-speedup, --max-memory, or "
                "--report-only");
  }
  if (bounds.needs_data() && !data) {
    throw Error(ErrorCode::usage, "a bound on accuracy needs labelled data and none was given; give --data");
  }
}

namespace {

// Executor memory for one sample: what is known without data that depends on it; 0 where an input has no rank.
int64_t running_bytes(const std::shared_ptr<const Graph>& graph) {
  auto executor = Executor::create(graph);
  if (!executor) return 0;
  for (const ValueId id : graph->inputs) {
    const Type& type = graph->value(id).type;
    if (!type.shape || bits(type.dtype) == 0) return 0;
  }
  if (auto ran = (*executor)->run(zero_inputs(*graph, 1)); !ran) return 0;
  const MemoryReport memory = (*executor)->memory();
  return static_cast<int64_t>(memory.weight_bytes + memory.arena_bytes);
}

// Samples whose largest element is at the same place in both, and a number in both.
int64_t count_agreeing(const Tensor& a, const Tensor& b) {
  if (a.dims() != b.dims() || a.dtype() != DType::float32 || a.rank() < 2) return 0;
  const auto width = static_cast<size_t>(a.size() / a.dims()[0]);
  int64_t same = 0;
  for (size_t row = 0; row < static_cast<size_t>(a.dims()[0]); ++row) {
    const int64_t best = argmax(a.data<float>().subspan(row * width, width));
    same += best >= 0 && best == argmax(b.data<float>().subspan(row * width, width));
  }
  return same;
}

// Both models over the data, once.
void run_both(const ComparedModel& reference, const ComparedModel& candidate, const Dataset& dataset,
              const CompareOptions& options, Comparison& result) {
  std::shared_ptr<Metric> metrics[2];
  if (!options.random_inputs)
    for (auto& metric : metrics) metric = make_metric(options.evaluate.metric);
  PairedResult& paired = result.paired;
  paired.error.emplace();
  bool classes = true;
  DataHash hash;
  for_each_batch({{reference.graph.get(), {}}, {candidate.graph.get(), {}}}, dataset, options.evaluate,
                 [&](int64_t first, const Batch& batch, const std::vector<Tensor>& outputs) {
                   for (size_t k = 0; k < 2; ++k)
                     if (metrics[k]) metrics[k]->add(first, outputs[k], batch);
                   paired.error->add(outputs[0], outputs[1]);
                   classes = classes && outputs[0].rank() == 2 && outputs[0].dims()[1] > 1;
                   paired.agreeing += count_agreeing(outputs[0], outputs[1]);
                   paired.samples += batch.count;
                   hash.add(batch);
                 });
  result.data_hash = hash.text();
  if (classes) paired.agreement = 100.0 * static_cast<double>(paired.agreeing) / static_cast<double>(paired.samples);
  if (!metrics[0]) return;
  for (size_t k = 0; k < 2; ++k) {
    ComparedSide& side = k == 0 ? result.reference : result.candidate;
    side.evaluation = evaluation_of(metrics[k], options.evaluate);
    side.evaluation->data_hash = result.data_hash;
  }
}

}  // namespace

// The drop, its interval and the tests, from two evaluations of the same samples.
void pair_evaluations(const Evaluation& reference, const Evaluation& candidate, const BootstrapOptions& options,
                      PairedResult& paired) {
  const MetricTraits& traits = reference.traits;
  paired.drop = worsening(traits, reference.value, candidate.value);
  paired.drop_interval = bootstrap(
      reference.samples,
      [&](std::span<const uint32_t> counts) {
        return worsening(traits, reference.detail->value(counts), candidate.detail->value(counts));
      },
      options);
  if (!traits.proportion) return;
  paired.discordance = discordance_of(reference.detail->correct(), candidate.detail->correct());
  paired.mcnemar = mcnemar_exact(*paired.discordance);
}

Comparison compare(const ComparedModel& reference, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options) {
  require_bounds(bounds, dataset != nullptr, options.report_only);
  Comparison result;
  result.report_only = options.report_only;
  result.random_inputs = options.random_inputs;
  result.identical = equal(*reference.graph, *candidate.graph);
  result.ratio = static_cast<double>(reference.file_bytes) / static_cast<double>(candidate.file_bytes);
  const ComparedModel* models[] = {&reference, &candidate};
  ComparedSide* sides[] = {&result.reference, &result.candidate};
  for (size_t k = 0; k < 2; ++k) {
    *sides[k] = {models[k]->path,
                 models[k]->file_bytes,
                 model_facts(*models[k]->graph),
                 running_bytes(models[k]->graph),
                 {},
                 {}};
  }
  if (dataset) {
    run_both(reference, candidate, *dataset, options, result);
    if (!options.random_inputs) {
      pair_evaluations(*result.reference.evaluation, *result.candidate.evaluation, options.evaluate.bootstrap,
                       result.paired);
    }
  }
  if (options.latency || bounds.min_speedup) {
    const auto latencies = measure_latency({reference.graph, candidate.graph}, {}, options.timing);
    result.reference.latency = latencies[0];
    result.candidate.latency = latencies[1];
  }
  judge(bounds, options, result);
  return result;
}

Comparison compare(const Baseline& baseline, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options) {
  require_bounds(bounds, dataset != nullptr, options.report_only);
  if (bounds.min_agreement || bounds.min_sqnr || bounds.min_speedup) {
    throw Error(
        ErrorCode::usage,
        "--min-agreement, --min-sqnr and --min-speedup compare with the reference model itself, which a baseline does "
        "not hold; give REFERENCE instead of --baseline");
  }
  Comparison result;
  result.report_only = options.report_only;
  result.reference = baseline.side;
  result.ratio = static_cast<double>(baseline.side.file_bytes) / static_cast<double>(candidate.file_bytes);
  result.candidate = {
      candidate.path, candidate.file_bytes, model_facts(*candidate.graph), running_bytes(candidate.graph), {}, {}};
  if (dataset) {
    if (baseline.side.evaluation->metric != options.evaluate.metric.name) {
      throw Error(ErrorCode::usage, "the baseline holds metric " + baseline.side.evaluation->metric + " and " +
                                        options.evaluate.metric.name +
                                        " was asked for; compare the same, or save a new baseline");
    }
    result.candidate.evaluation = evaluate(*candidate.graph, *dataset, options.evaluate);
    result.data_hash = result.candidate.evaluation->data_hash;
    if (result.data_hash != baseline.data_hash) {
      throw Error(ErrorCode::input,
                  "the data or its preprocessing is not what the baseline was saved with (" + result.data_hash +
                      ", expected " + baseline.data_hash +
                      "); two different tests cannot be compared: save a new baseline with --save-baseline");
    }
    result.paired.samples = result.candidate.evaluation->samples;
    pair_with_baseline(baseline, *result.candidate.evaluation, options.evaluate.bootstrap, result.paired);
  }
  if (options.latency) result.candidate.latency = measure_latency({candidate.graph}, {}, options.timing)[0];
  judge(bounds, options, result);
  return result;
}

}  // namespace pare
