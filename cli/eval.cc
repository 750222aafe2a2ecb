#include "cli/data.h"
#include "cli/gate.h"
#include "cli/models.h"
#include "cli/verbs.h"
#include "graph/error.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

struct EvalArguments {
  std::string model;
  DataOptions data;
  EvaluateOptions evaluate;
};

void evaluate_model(EvalArguments arguments, const Session& session) {
  const LoadedModel model = load_model(arguments.model);
  const auto dataset = open_data(arguments.data, *model.graph, session.seed);
  arguments.evaluate.threads = session.thread_count();
  arguments.evaluate.progress = session.progress("eval");
  const Evaluation result = evaluate(*model.graph, *dataset, arguments.evaluate);
  const double scale = result.traits.percent ? 100 : 1;
  session.say("{} {} on {} samples (95 % interval {:.5g} to {:.5g})", result.metric, metric_text(result), result.samples,
              scale * result.low, scale * result.high);
  if (result.not_finite > 0) session.say("{} samples have NaN or infinite outputs", result.not_finite);
  Json json = {{"model", model.path}};
  json.update(to_json(result));
  session.emit(json);
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("eval", "One number on labelled data, with its confidence interval");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("MODEL", arguments->model, "A .onnx or .pare file")->required();
  add_data_options(*verb, arguments->data)->required();
  add_metric_options(*verb, arguments->evaluate);
  verb->add_option("--save-outputs", arguments->evaluate.save_outputs, "Write the raw outputs to this .npz (arrays output, y)");
  verb->add_flag("--reference", arguments->evaluate.reference, "Use the plain kernels, which define every operator");
  verb->footer("Example: pare eval mnist-cnn.onnx --data mnist/t10k --metric top1");
  session.add_options(*verb);
  verb->callback([arguments, &session] { evaluate_model(*arguments, session); });
}

}  // namespace pare::cli
