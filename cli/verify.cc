#include <cstdlib>
#include <fstream>

#include "cli/data.h"
#include "cli/gate.h"
#include "cli/models.h"
#include "cli/peak.h"
#include "cli/verbs.h"
#include "graph/error.h"
#include "verify/baseline.h"
#include "verify/layers.h"
#include "verify/random_dataset.h"
#include "verify/report.h"

namespace pare::cli {
namespace {

struct VerifyArguments {
  std::vector<std::string> models;
  std::string decoder, candidate_decoder;
  DataOptions data;
  Bounds bounds;
  CompareOptions compare;
  bool no_latency = false;
  int64_t random_inputs = 0;
  bool layers = false;
  LayerOptions layer;
  std::string baseline, save_baseline, junit, sarif, markdown;
};

class Verification {
 public:
  Verification(VerifyArguments arguments, Session& session) : arguments_(std::move(arguments)), session_(session) {}

  void run() {
    check();
    const bool paired = arguments_.baseline.empty();
    const LoadedModel candidate = load_model(arguments_.models.back());
    std::optional<LoadedModel> reference;
    if (paired) reference = load_model(arguments_.models.front());
    open(paired ? *reference->graph : *candidate.graph);
    CompareOptions& options = arguments_.compare;
    options.evaluate.threads = session_.thread_count();
    options.evaluate.progress = session_.progress("verify");
    options.evaluate.bootstrap.seed = session_.seed;
    options.latency = !arguments_.no_latency;
    if (options.latency || arguments_.bounds.max_peak) options.measure_peak = process_peak;
    std::optional<LoadedModel> decoder, candidate_decoder;
    if (!arguments_.decoder.empty()) decoder = load_model(arguments_.decoder);
    if (!arguments_.candidate_decoder.empty()) candidate_decoder = load_model(arguments_.candidate_decoder);
    const ComparedModel wanting = compared(candidate, candidate_decoder ? candidate_decoder : decoder);
    const Comparison comparison =
        paired ? compare(compared(*reference, decoder), wanting, dataset_.get(), arguments_.bounds, options)
               : compare(read_baseline(arguments_.baseline), wanting, dataset_.get(), arguments_.bounds, options);
    print_comparison(session_, comparison);
    std::optional<LayerView> layers;
    if (arguments_.layers) {
      arguments_.layer.threads = session_.thread_count();
      layers = compare_layers(*reference->graph, *candidate.graph, *dataset_, arguments_.layer);
      print_layers(session_, *layers);
    }
    Json json = to_json(comparison);
    if (layers) json.update(to_json(*layers));
    write(comparison, layers ? &*layers : nullptr);
    session_.emit(json);
    conclude(session_, comparison);
  }

 private:
  // A model, and its decoder where it has one.
  static ComparedModel compared(const LoadedModel& model, const std::optional<LoadedModel>& decoder) {
    if (!decoder) return {model.path, model.graph, model.file_bytes};
    return {model.path, model.graph, model.file_bytes + decoder->file_bytes, decoder->graph, decoder->path};
  }

  void check() const {
    if (arguments_.layers && !arguments_.decoder.empty())
      throw Error(ErrorCode::usage,
                  "--layers looks into one model; compare encoder and decoder each with its own data");
    if (arguments_.decoder.empty() && !arguments_.candidate_decoder.empty())
      throw Error(ErrorCode::usage, "--candidate-decoder was given without --decoder, which the reference takes");
    const bool data = !arguments_.data.path.empty() || arguments_.random_inputs > 0;
    require_bounds(arguments_.bounds, data, arguments_.compare.report_only);
    const size_t wanted = arguments_.baseline.empty() ? 2 : 1;
    if (arguments_.models.size() != wanted) {
      throw Error(
          ErrorCode::usage,
          wanted == 2
              ? "one model was given; expected REFERENCE and CANDIDATE, or CANDIDATE and --baseline"
              : "two models were given with --baseline, which stands for the reference; expected CANDIDATE alone");
    }
    if (arguments_.layers && (!data || wanted == 1))
      throw Error(ErrorCode::usage, "--layers compares two models on data; give REFERENCE, CANDIDATE and --data");
    if (!arguments_.save_baseline.empty() && (arguments_.data.path.empty() || wanted == 1))
      throw Error(ErrorCode::usage,
                  "--save-baseline stores how REFERENCE does on data; give REFERENCE, CANDIDATE and --data");
  }

  void open(const Graph& graph) {
    if (arguments_.decoder.empty()) arguments_.data.output = arguments_.compare.evaluate.output;
    if (!arguments_.data.path.empty()) dataset_ = open_data(arguments_.data, graph, session_.seed);
    if (arguments_.random_inputs == 0) return;
    dataset_ = random_dataset(graph, arguments_.random_inputs, session_.seed);
    arguments_.compare.random_inputs = true;
  }

  void write(const Comparison& comparison, const LayerView* layers) const {
    if (!arguments_.junit.empty()) write_report(arguments_.junit, junit_report(comparison));
    if (!arguments_.sarif.empty()) write_report(arguments_.sarif, sarif_report(comparison));
    if (!arguments_.save_baseline.empty()) {
      Baseline baseline = baseline_of(comparison.reference);
      write_report(arguments_.save_baseline, print_baseline(baseline));
    }
    if (arguments_.markdown.empty()) return;
    const std::string text = markdown_report(comparison, layers);
    write_report(arguments_.markdown, text);
    // GitHub shows what jobs append to this file on the page of the run.
    if (const char* summary = std::getenv("GITHUB_STEP_SUMMARY"); summary && *summary) {
      std::ofstream file(summary, std::ios::app | std::ios::binary);
      if (!(file << text).flush())
        throw Error(ErrorCode::input, std::string(summary) + ": $GITHUB_STEP_SUMMARY cannot be appended to");
    }
  }

  VerifyArguments arguments_;
  Session& session_;
  std::unique_ptr<Dataset> dataset_;
};

void add_report_options(CLI::App& verb, VerifyArguments& arguments) {
  const std::string group = "Reports";
  verb.add_flag("--layers", arguments.layers, "Say value by value where the candidate departs from the reference")
      ->group(group);
  verb.add_option("--layer-samples", arguments.layer.samples, "Samples for --layers")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  verb.add_option("--junit", arguments.junit, "Write a JUnit XML file: a test case per bound")->group(group);
  verb.add_option("--sarif", arguments.sarif, "Write a SARIF 2.1.0 file: a result per bound that does not hold")
      ->group(group);
  verb.add_option("--markdown", arguments.markdown,
                  "Write a Markdown file, and append it to $GITHUB_STEP_SUMMARY where that is set")
      ->group(group);
  verb.add_option("--save-baseline", arguments.save_baseline, "Store how REFERENCE does, as a small text file")
      ->group(group);
  verb.add_option("--baseline", arguments.baseline, "Compare CANDIDATE with a stored baseline instead of a REFERENCE")
      ->group(group);
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("verify", "The gate: compare a candidate with a reference, and fail when a bound is broken");
  auto arguments = std::make_shared<VerifyArguments>();
  verb->add_option(
          "MODELS", arguments->models,
          "REFERENCE, known to be good, and CANDIDATE, which wants to replace it; with --baseline CANDIDATE alone")
      ->required()
      ->expected(1, 2)
      ->type_name("REFERENCE CANDIDATE");
  add_data_options(*verb, arguments->data);
  add_metric_options(*verb, arguments->compare.evaluate);
  add_decoder_options(*verb, arguments->decoder, arguments->compare.evaluate);
  verb->add_option("--candidate-decoder", arguments->candidate_decoder,
                   "The candidate's decoder, where it is another than the reference's")
      ->group("Models in two parts");
  verb->add_flag("--no-latency", arguments->no_latency,
                 "Do not measure latency, nor the peak memory of a process unless it is bounded");
  add_bound_options(*verb, arguments->bounds);
  add_judgement_options(*verb, arguments->compare);
  verb->add_flag("--report-only", arguments->compare.report_only,
                 "Report without bounds; the exit code is 0 unless outputs are not numbers");
  verb->add_option(
          "--random-inputs", arguments->random_inputs,
          "Compare outputs on this many random inputs: no evidence of accuracy, and no bound on accuracy can hold")
      ->check(CLI::PositiveNumber)
      ->excludes(verb->get_option("--data"));
  add_report_options(*verb, *arguments);
  verb->footer(
      "Examples:\n"
      "  pare verify resnet.onnx small.pare --data test.npz --max-drop 1 --max-bytes 300000\n"
      "  pare verify resnet.onnx small.pare --data test.npz --max-drop 1 --confidence 0.95 --layers --junit gate.xml\n"
      "  pare verify resnet.onnx resnet.onnx --data test.npz --report-only --save-baseline resnet.baseline\n"
      "  pare verify small.pare --baseline resnet.baseline --data test.npz --max-drop 1");
  session.add_options(*verb);
  verb->callback([arguments, verb, &session] {
    if (!arguments->decoder.empty() && verb->count("--metric") == 0)
      arguments->compare.evaluate.metric.name = "exact_match";
    Verification(*arguments, session).run();
  });
}

}  // namespace pare::cli
