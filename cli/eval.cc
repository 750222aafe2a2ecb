#include <cmath>

#include "cli/data.h"
#include "cli/gate.h"
#include "cli/models.h"
#include "cli/verbs.h"
#include "graph/error.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

// Rows per class: samples, precision, recall, F1; null where a denominator is 0.
Json class_json(const ClassTable& table) {
  const auto share = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json classes = Json::array();
  for (const ClassTable::Row& row : table.rows) {
    classes.push_back({{"samples", row.samples},
                       {"precision", share(row.precision)},
                       {"recall", share(row.recall)},
                       {"f1", share(row.f1)}});
  }
  return {{"classes", classes}, {"confusion", table.confusion}};
}

void print_classes(const Session& session, const ClassTable& table) {
  session.say("  {:>5} {:>8} {:>10} {:>8} {:>8}  most often taken for", "class", "samples", "precision", "recall",
              "F1");
  for (size_t c = 0; c < table.rows.size(); ++c) {
    const ClassTable::Row& row = table.rows[c];
    if (row.samples == 0) continue;
    size_t other = c == 0 ? 1 : 0;
    for (size_t k = 0; k < table.rows.size(); ++k)
      if (k != c && table.confusion[c][k] > table.confusion[c][other]) other = k;
    const int64_t wrong = other < table.rows.size() ? table.confusion[c][other] : 0;
    session.say("  {:>5} {:>8} {:>10.4f} {:>8.4f} {:>8.4f}  {}", c, row.samples, row.precision, row.recall, row.f1,
                wrong > 0 ? fmt::format("{} ({} times)", other, wrong) : "");
  }
}

struct EvalArguments {
  std::string model, decoder;
  DataOptions data;
  EvaluateOptions evaluate;
  bool per_class = false;
};

void evaluate_model(EvalArguments arguments, const Session& session) {
  const LoadedModel model = load_model(arguments.model);
  std::optional<LoadedModel> decoder;
  if (!arguments.decoder.empty()) decoder = load_model(arguments.decoder);
  if (!decoder) arguments.data.output = arguments.evaluate.output;
  const auto dataset = open_data(arguments.data, *model.graph, session.seed);
  arguments.evaluate.threads = session.thread_count();
  arguments.evaluate.progress = session.progress("eval");
  const Evaluation result = evaluate(RunningModel{model.graph.get(), decoder ? decoder->graph.get() : nullptr, {}, {}},
                                     *dataset, arguments.evaluate);
  const double scale = result.traits.percent ? 100 : 1;
  session.say("{} {} on {} samples (95 % interval {:.5g} to {:.5g})", result.metric, metric_text(result),
              result.samples, scale * result.low, scale * result.high);
  if (result.not_finite > 0) session.say("{} samples have NaN or infinite outputs", result.not_finite);
  Json json = {{"model", model.path}};
  if (decoder) json["decoder"] = decoder->path;
  json.update(to_json(result));
  if (arguments.per_class) {
    const auto *truths = result.detail->truths(), *predictions = result.detail->predictions();
    if (!truths || !predictions)
      throw Error(ErrorCode::usage, "--per-class needs a metric of classes, and " + result.metric + " is none");
    const ClassTable table = class_table(*truths, *predictions);
    print_classes(session, table);
    json.update(class_json(table));
  }
  session.emit(json);
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("eval", "One number on labelled data, with its confidence interval");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("MODEL", arguments->model, "A .onnx or .pare file")->required();
  add_data_options(*verb, arguments->data)->required();
  add_metric_options(*verb, arguments->evaluate);
  add_decoder_options(*verb, arguments->decoder, arguments->evaluate);
  verb->add_flag("--per-class", arguments->per_class,
                 "Add precision, recall and F1 of each class, and the confusion matrix (--json)");
  verb->add_option("--save-outputs", arguments->evaluate.save_outputs,
                   "Write the raw outputs to this .npz (arrays output, y)");
  verb->add_flag("--reference", arguments->evaluate.reference, "Use the plain kernels, which define every operator");
  verb->footer(
      "Examples:\n"
      "  pare eval mnist-cnn.onnx --data mnist/t10k --metric top1\n"
      "  pare eval g2p-encoder.onnx --decoder g2p-decoder.onnx --data words.tsv --preprocess g2p.toml");
  session.add_options(*verb);
  verb->callback([arguments, verb, &session] {
    if (!arguments->decoder.empty() && verb->count("--metric") == 0) arguments->evaluate.metric.name = "exact_match";
    evaluate_model(*arguments, session);
  });
}

}  // namespace pare::cli
