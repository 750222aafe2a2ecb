#include "cli/data.h"
#include "cli/gate.h"
#include "cli/models.h"
#include "cli/verbs.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

struct VerifyArguments {
  std::string reference, candidate;
  DataOptions data;
  Bounds bounds;
  CompareOptions compare;
  bool no_latency = false;
};

void verify_models(VerifyArguments arguments, Session& session) {
  if (!arguments.bounds.any()) {
    throw Error(ErrorCode::usage, "no bound was given, and a gate that cannot fail proves nothing; give at least one of "
                                  "--max-drop, --min-metric, --min-agreement, --max-bytes, --max-ratio, --min-speedup");
  }
  const LoadedModel reference = load_model(arguments.reference);
  const LoadedModel candidate = load_model(arguments.candidate);
  std::unique_ptr<Dataset> dataset;
  if (!arguments.data.path.empty()) dataset = open_data(arguments.data, *reference.graph);
  arguments.compare.evaluate.threads = session.thread_count();
  arguments.compare.evaluate.progress = session.progress("verify");
  arguments.compare.latency = !arguments.no_latency;
  const Comparison comparison =
      compare({reference.path, reference.graph, reference.file_bytes}, {candidate.path, candidate.graph, candidate.file_bytes},
              dataset.get(), arguments.bounds, arguments.compare);
  print_comparison(session, comparison);
  session.emit(to_json(comparison));
  conclude(session, comparison);
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("verify", "The gate: compare a candidate with a reference, and fail when a bound is broken");
  auto arguments = std::make_shared<VerifyArguments>();
  verb->add_option("REFERENCE", arguments->reference, "The model that is known to be good")->required();
  verb->add_option("CANDIDATE", arguments->candidate, "The model that wants to replace it")->required();
  add_data_options(*verb, arguments->data);
  verb->add_option("--metric", arguments->compare.evaluate.metric, "top1")->capture_default_str();
  verb->add_option("--output", arguments->compare.evaluate.output, "The output that holds the class scores (default: the first)");
  verb->add_flag("--no-latency", arguments->no_latency, "Do not measure latency");
  add_bound_options(*verb, arguments->bounds);
  verb->footer("Example: pare verify resnet.onnx small.pare --data test.npz --max-drop 1 --max-bytes 300000");
  session.add_options(*verb);
  verb->callback([arguments, &session] { verify_models(*arguments, session); });
}

}  // namespace pare::cli
