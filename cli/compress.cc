#include <filesystem>

#include "cli/data.h"
#include "cli/gate.h"
#include "cli/models.h"
#include "cli/pruning.h"
#include "cli/quantize_report.h"
#include "cli/training.h"
#include "cli/verbs.h"
#include "compress/simplify.h"
#include "graph/error.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

struct CompressArguments {
  std::string input, output;
  DataOptions data, verify_data;
  SaveOptions save;
  PruningArguments pruning;
  QuantizeOptions quantize;
  bool no_quantize = false;
  int64_t samples = 256;
  int fine_tune = 0;
  TrainOptions train;
  Bounds bounds;
  EvaluateOptions evaluate;
  CompareOptions compare;
};

void check(const CompressArguments& arguments) {
  check_output(arguments.output);
  if (arguments.bounds.needs_data() && arguments.verify_data.path.empty()) {
    throw Error(ErrorCode::usage, "a bound on accuracy needs labelled data that no pass has seen and none was given; give --verify-data");
  }
  require_bounds(arguments.bounds, !arguments.verify_data.path.empty(), false);
}

class Pipeline {
 public:
  Pipeline(const CompressArguments& arguments, Session& session)
      : arguments_(arguments), session_(session), original_(load_model(arguments.input)), graph_(*original_.graph) {}

  void run() {
    if (!arguments_.pruning.max_macs.empty()) prune();
    if (arguments_.fine_tune > 0) fine_tune();
    step("simplify");
    simplify(graph_, {});
    if (!arguments_.no_quantize) quantize();
    write_and_verify();
  }

 private:
  void step(const std::string& name) { session_.say("{}", name); }

  void prune() {
    step("prune");
    const PruneOptions options = prune_options(arguments_.pruning, session_);
    const auto dataset = open_calibration(arguments_.data, graph_, 2 * arguments_.samples, session_.seed);
    const Batches batches = batches_of(*dataset, graph_, 64);
    const PruneReport report = prune_channels(graph_, options, &batches);
    print_prune(session_, report);
    result_.update(to_json(report));
  }

  void fine_tune() {
    step("fine-tune against the original");
    const auto dataset = open_data(arguments_.data, graph_);
    TrainOptions options = arguments_.train;
    options.epochs = arguments_.fine_tune;
    result_.update(to_json(train(graph_, original_.graph.get(), *dataset, options, session_)));
  }

  void quantize() {
    step("quantize");
    QuantizeOptions options = arguments_.quantize;
    options.calibrate.observe.threads = session_.thread_count();
    options.calibrate.observe.progress = session_.progress("calibrate");
    const auto dataset = open_calibration(arguments_.data, graph_, arguments_.samples, session_.seed);
    const QuantizeReport report = quantize_static(graph_, batches_of(*dataset, graph_, calibration_batch(*dataset, graph_)), options);
    print_quantize(session_, report);
    result_.update(to_json(report));
  }

  // A candidate that breaks a bound never takes the name that others pick up: it stays beside it as *.rejected.*.
  void write_and_verify() {
    step("verify");
    const std::filesystem::path output = arguments_.output;
    std::filesystem::path rejected = output;
    rejected.replace_extension(".rejected" + output.extension().string());
    save_model(graph_, rejected.string(), arguments_.save);
    LoadedModel candidate = load_model(rejected.string());
    std::unique_ptr<Dataset> dataset;
    if (!arguments_.verify_data.path.empty()) dataset = open_data(arguments_.verify_data, *original_.graph);
    CompareOptions options = arguments_.compare;
    options.evaluate = arguments_.evaluate;
    options.evaluate.threads = session_.thread_count();
    options.evaluate.progress = session_.progress("verify");
    const Comparison comparison =
        compare({original_.path, original_.graph, original_.file_bytes}, {arguments_.output, candidate.graph, candidate.file_bytes},
                dataset.get(), arguments_.bounds, options);
    print_comparison(session_, comparison);
    const std::string kept = comparison.verdict == Verdict::pass ? output.string() : rejected.string();
    if (comparison.verdict == Verdict::pass) std::filesystem::rename(rejected, output);
    if (comparison.verdict != Verdict::pass) fmt::print(stderr, "pare: '{}' was not written; the model that failed is '{}'\n", output.string(), kept);
    Json json = written(original_, kept, candidate.file_bytes, session_);
    json.update(result_);
    json["verify"] = to_json(comparison);
    json["verdict"] = name(comparison.verdict);
    session_.emit(json);
    conclude(session_, comparison);
  }

  const CompressArguments& arguments_;
  Session& session_;
  LoadedModel original_;
  Graph graph_;
  Json result_ = Json::object();
};

}  // namespace

void add_compress(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("compress", "The whole pipeline: simplify, prune, fine-tune against the original, quantize, write, verify");
  auto arguments = std::make_shared<CompressArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  add_data_options(*verb, arguments->data, {}, "Training samples: to calibrate, prune and fine-tune on")->required();
  add_data_options(*verb, arguments->verify_data, "verify-", "Labelled samples that the result is judged by");
  add_bound_options(*verb, arguments->bounds);
  add_judgement_options(*verb, arguments->compare);
  add_metric_options(*verb, arguments->evaluate, "--output-name");
  verb->add_option("--samples", arguments->samples, "Calibration samples, spread over the training data")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_option("--bits", arguments->quantize.settings.weight_bits, "Bits of weights: 8 or 4")->capture_default_str()->check(CLI::IsMember({4, 8}));
  verb->add_flag("--no-quantize", arguments->no_quantize, "Keep float arithmetic");
  add_pruning_options(*verb, arguments->pruning);
  add_training_options(*verb, arguments->train);
  verb->remove_option(verb->get_option("--epochs"));
  verb->add_option("--fine-tune", arguments->fine_tune, "Epochs of training against the original after pruning")->check(CLI::NonNegativeNumber)->group("Training");
  add_save_options(*verb, arguments->save);
  verb->footer("Example: pare compress resnet56.onnx -o small.pare --data train.npz --verify-data test.npz --max-drop 1 --max-macs 50% --fine-tune 6 --crop --flip");
  session.add_options(*verb);
  verb->get_option("--verify-preprocess")->description("TOML file of preprocessing steps (default: that of --preprocess, or the one beside the data)");
  verb->callback([arguments, &session] {
    check(*arguments);
    if (arguments->verify_data.preprocess.empty()) arguments->verify_data.preprocess = arguments->data.preprocess;
    Pipeline(*arguments, session).run();
  });
}

}  // namespace pare::cli
