#include "cli/data.h"
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
  const auto dataset = open_data(arguments.data, *model.graph);
  arguments.evaluate.threads = session.thread_count();
  arguments.evaluate.progress = session.progress("eval");
  const Evaluation result = evaluate(*model.graph, *dataset, arguments.evaluate);
  session.say("{} {:.2f} % on {} samples (95 % interval {:.2f} to {:.2f})", result.metric, 100 * result.value,
              result.samples, 100 * result.low, 100 * result.high);
  if (result.not_finite > 0) session.say("{} samples have NaN or infinite scores and count as wrong", result.not_finite);
  session.emit({{"model", model.path},
                {"metric", result.metric},
                {"value", result.value},
                {"samples", result.samples},
                {"low", result.low},
                {"high", result.high},
                {"not_finite", result.not_finite}});
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("eval", "One number on labelled data, with its confidence interval");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("MODEL", arguments->model, "A .onnx or .pare file")->required();
  add_data_options(*verb, arguments->data)->required();
  verb->add_option("--metric", arguments->evaluate.metric, "top1")->capture_default_str();
  verb->add_option("--output", arguments->evaluate.output, "The output that holds the class scores (default: the first)");
  verb->add_flag("--reference", arguments->evaluate.reference, "Use the plain kernels, which define every operator");
  verb->footer("Example: pare eval mnist-cnn.onnx --data mnist/t10k --metric top1");
  session.add_options(*verb);
  verb->callback([arguments, &session] { evaluate_model(*arguments, session); });
}

}  // namespace pare::cli
