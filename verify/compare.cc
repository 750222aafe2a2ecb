#include "verify/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "verify/baseline.h"
#include "verify/batch_axis.h"
#include "verify/data_hash.h"
#include "verify/judge.h"

namespace pare {

void require_bounds(const Bounds& bounds, bool data, bool report_only) {
  if (!bounds.any() && !report_only) {
    throw Error(ErrorCode::usage,
                "no bound was given, and a gate that cannot fail proves nothing; give at least one of --max-drop, "
                "--min-metric, --min-agreement, --min-sqnr, --max-bytes, --max-ratio, --min-speedup, --max-memory, "
                "--max-peak-memory, or "
                "--report-only");
  }
  if (bounds.needs_data() && !data) {
    throw Error(ErrorCode::usage, "a bound on accuracy needs labelled data and none was given; give --data");
  }
}

namespace {

// One batch of the model's own size, for what is measured on one sample: the first of the data, else zeros.
std::optional<Batch> one_sample(const Graph& graph, const Dataset* dataset) {
  if (dataset) return unwrap(dataset->read(std::vector<int64_t>(static_cast<size_t>(model_batch(graph, 1)), 0)));
  const bool ranked = std::all_of(graph.inputs.begin(), graph.inputs.end(), [&](ValueId id) {
    return graph.value(id).type.shape && bits(graph.value(id).type.dtype) >= 8;
  });
  if (!ranked) return std::nullopt;
  Batch batch;
  batch.count = model_batch(graph, 1);
  const std::vector<Tensor> zeros = zero_inputs(graph, 1);
  const BatchAxes axes(graph);
  for (size_t i = 0; i < zeros.size(); ++i)
    batch.inputs.push_back({graph.value(graph.inputs[i]).name, axes.from_model(graph.inputs[i], zeros[i])});
  return batch;
}

RunningModel running(const ComparedModel& model, const EvaluateOptions& options) {
  return {model.graph.get(), model.decoder.get(), options.output, options.feeds};
}

// What is known of a model without a reference: its size, and what one sample takes.
ComparedSide side_of(const ComparedModel& model, const Dataset* dataset, const CompareOptions& options) {
  ComparedSide side;
  side.path = model.path;
  side.decoder = model.decoder_path;
  side.file_bytes = model.file_bytes;
  side.facts = model_facts(*model.graph);
  if (model.decoder) side.facts += model_facts(*model.decoder);
  const std::optional<Batch> sample = one_sample(*model.graph, dataset);
  if (!sample) return side;
  if (options.measure_peak) {
    const bool given = dataset && !model.decoder;
    side.peak_bytes = options.measure_peak(model, given ? inputs_for(*model.graph, *sample) : std::vector<Tensor>());
  }
  const auto answer = dataset ? dataset->answer() : AnswerTokens{0, -1, 1};
  const auto runner = make_runner(running(model, options.evaluate), answer, {});
  runner->run(*sample);
  const MemoryReport memory = runner->memory();
  side.memory_bytes = static_cast<int64_t>(memory.weight_bytes + memory.arena_bytes);
  return side;
}

// Latency of one sample, decoding included, interleaved.
std::vector<Latency> latencies_of(const std::vector<const ComparedModel*>& models, const Dataset* dataset,
                                  const CompareOptions& options) {
  std::vector<std::function<void()>> runs;
  for (const ComparedModel* model : models) {
    const std::optional<Batch> sample = one_sample(*model->graph, dataset);
    if (!sample)
      throw Error(ErrorCode::unsupported,
                  "latency cannot be measured: an input declares no shape; give --data, or "
                  "--no-latency");
    ExecutorOptions executor;
    executor.threads = options.timing.threads;
    const auto answer = dataset ? dataset->answer() : AnswerTokens{0, -1, 1};
    const std::shared_ptr<Runner> runner = make_runner(running(*model, options.evaluate), answer, executor);
    runs.emplace_back([runner, sample] { runner->run(*sample); });
  }
  return measure_latency(runs, options.timing);
}

// Samples whose largest element is at the same place in both, and a number in both.
int64_t count_agreeing(const Tensor& a, const Tensor& b) {
  if (a.dtype() == DType::int64 && a.dims() == b.dims() && a.rank() == 2) {  // decoded sequences
    const auto width = static_cast<size_t>(a.dims()[1]);
    int64_t same = 0;
    for (size_t row = 0; row < static_cast<size_t>(a.dims()[0]); ++row)
      same += std::ranges::equal(a.data<int64_t>().subspan(row * width, width),
                                 b.data<int64_t>().subspan(row * width, width));
    return same;
  }
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
    for (auto& metric : metrics) metric = make_metric(options.evaluate.metric, dataset);
  PairedResult& paired = result.paired;
  if (!reference.decoder && !candidate.decoder) paired.error.emplace();
  bool classes = true;
  DataHash hash;
  for_each_batch({running(reference, options.evaluate), running(candidate, options.evaluate)}, dataset,
                 options.evaluate, [&](int64_t first, const Batch& batch, const std::vector<Tensor>& outputs) {
                   for (size_t k = 0; k < 2; ++k)
                     if (metrics[k]) metrics[k]->add(first, outputs[k], batch);
                   if (paired.error) paired.error->add(outputs[0], outputs[1]);
                   classes = classes && outputs[0].rank() == 2 && (outputs[0].dims()[1] > 1 || reference.decoder);
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
  result.identical = equal(*reference.graph, *candidate.graph) && !reference.decoder == !candidate.decoder &&
                     (!reference.decoder || equal(*reference.decoder, *candidate.decoder));
  result.ratio = static_cast<double>(reference.file_bytes) / static_cast<double>(candidate.file_bytes);
  result.reference = side_of(reference, dataset, options);
  result.candidate = side_of(candidate, dataset, options);
  if (dataset) {
    run_both(reference, candidate, *dataset, options, result);
    if (!options.random_inputs) {
      pair_evaluations(*result.reference.evaluation, *result.candidate.evaluation, options.evaluate.bootstrap,
                       result.paired);
    }
  }
  if (options.latency || bounds.min_speedup) {
    const auto latencies = latencies_of({&reference, &candidate}, dataset, options);
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
  result.candidate = side_of(candidate, dataset, options);
  if (dataset) {
    if (baseline.side.evaluation->metric != options.evaluate.metric.name) {
      throw Error(ErrorCode::usage, "the baseline holds metric " + baseline.side.evaluation->metric + " and " +
                                        options.evaluate.metric.name +
                                        " was asked for; compare the same, or save a new baseline");
    }
    result.candidate.evaluation = evaluate(running(candidate, options.evaluate), *dataset, options.evaluate);
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
  if (options.latency) result.candidate.latency = latencies_of({&candidate}, dataset, options)[0];
  judge(bounds, options, result);
  return result;
}

}  // namespace pare
