#include "compress/prune.h"

#include <charconv>
#include <map>

#include "cli/data.h"
#include "cli/models.h"
#include "cli/pruning.h"
#include "cli/verbs.h"
#include "graph/error.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

struct PruneArguments {
  std::string input, output;
  std::string method = "channels";
  DataOptions data;
  SaveOptions save;
  PruningArguments pruning;
  int64_t samples = 512;
};

void prune(const PruneArguments& arguments, Session& session) {
  check_output(arguments.output);
  const PruneOptions options = prune_options(arguments.pruning, session);
  LoadedModel model = load_model(arguments.input);
  std::unique_ptr<Dataset> dataset;
  Batches batches;
  if (!arguments.data.path.empty()) {
    dataset = open_calibration(arguments.data, *model.graph, arguments.samples, session.seed);
    batches = batches_of(*dataset, *model.graph, 64);
  }
  const PruneReport report = prune_channels(*model.graph, options, dataset ? &batches : nullptr);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  print_prune(session, report);
  session.say("{} ({}) -> {} ({})", model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json json = written(model, arguments.output, bytes, session);
  json.update(to_json(report));
  session.emit(json);
  if (!report.bound_met) session.exit_code = static_cast<int>(ErrorCode::gate);
}

}  // namespace

void add_pruning_options(CLI::App& verb, PruningArguments& arguments) {
  const std::string group = "Pruning";
  verb.add_option("--max-macs", arguments.max_macs, "Multiply-accumulates that may stay: a percentage of the model's ('50%') or a number")->group(group);
  verb.add_option("--importance", arguments.prune.importance, "l1, or reconstruct, which needs data (default: reconstruct with --data, l1 without)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Importance>{{"l1", Importance::l1}, {"reconstruct", Importance::reconstruct}}))
      ->group(group);
  verb.add_option("--protect", arguments.prune.protect, "Nodes or values whose channels stay, '*' for any characters; may repeat")->group(group);
  verb.add_option("--round-to", arguments.prune.round_to, "Layers keep a multiple of this many channels")->capture_default_str()->check(CLI::PositiveNumber)->group(group);
}

PruneOptions prune_options(const PruningArguments& arguments, const Session& session) {
  PruneOptions options = arguments.prune;
  options.threads = session.thread_count();
  options.progress = [report = session.progress("prune")](const std::string&, double done) {
    if (report) report(static_cast<int64_t>(100 * done), 100);
  };
  const std::string& text = arguments.max_macs;
  const bool percent = text.ends_with('%');
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - percent, number);
  if (error != std::errc() || end != text.data() + text.size() - percent || number <= 0 || (percent && number > 100)) {
    throw Error(ErrorCode::usage, fmt::format("--max-macs '{}': expected a percentage above 0 and up to 100, such as 50%, or a number of multiply-accumulates", text));
  }
  if (percent) {
    options.keep_macs = number / 100;
  } else {
    options.max_macs = static_cast<int64_t>(number);
  }
  return options;
}

void print_prune(const Session& session, const PruneReport& report) {
  for (const PrunedLayer& layer : report.layers) session.say("  {:<48} {:>5} -> {:>5} channels", layer.weight, layer.channels_before, layer.channels_after);
  session.say("  MACs {} -> {} ({:.1f} %), parameters {} -> {}", report.macs_before, report.macs_after,
              100.0 * static_cast<double>(report.macs_after) / static_cast<double>(report.macs_before), report.parameters_before,
              report.parameters_after);
  if (!report.bound_met) {
    fmt::print(stderr, "pare: --max-macs does not hold: {} multiply-accumulates are left and no more channels may go\n", report.macs_after);
  }
}

Json to_json(const PruneReport& report) {
  Json layers = Json::array();
  for (const PrunedLayer& layer : report.layers) {
    layers.push_back({{"weight", layer.weight}, {"channels_before", layer.channels_before}, {"channels_after", layer.channels_after}});
  }
  return {{"macs_before", report.macs_before},
          {"macs_after", report.macs_after},
          {"parameters_before", report.parameters_before},
          {"parameters_after", report.parameters_after},
          {"bound_met", report.bound_met},
          {"pruned", layers}};
}

void add_prune(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("prune", "Remove channels, physically, until a bound on multiply-accumulates holds");
  auto arguments = std::make_shared<PruneArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  verb->add_option("--method", arguments->method, "channels")->capture_default_str()->check(CLI::IsMember({"channels"}));
  add_pruning_options(*verb, arguments->pruning);
  verb->get_option("--max-macs")->required();
  add_data_options(*verb, arguments->data, {}, "Training samples, to refit what reads removed channels and to re-estimate BatchNormalization");
  verb->add_option("--samples", arguments->samples, "How many of them, spread over the data")->capture_default_str()->check(CLI::PositiveNumber);
  add_save_options(*verb, arguments->save);
  verb->footer("Example: pare prune resnet56.onnx -o half.onnx --method channels --max-macs 50% --data train.npz");
  session.add_options(*verb);
  verb->callback([arguments, &session] { prune(*arguments, session); });
}

}  // namespace pare::cli
