#include "compress/simplify.h"

#include <charconv>
#include <ranges>

#include "cli/models.h"
#include "cli/verbs.h"
#include "formats/onnx/downgrade.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

struct SimplifyArguments {
  std::string input, output;
  std::vector<std::string> shapes;
  SaveOptions save;
  SimplifyOptions simplify;
};

Dim parsed_extent(const std::string& text, const std::string& whole) {
  if (text == "?") return Dim();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool all = error == std::errc() && end == text.data() + text.size();
  if (all && number >= 0) return Dim(number);
  const bool symbol = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_');
  if (symbol) return Dim(text);
  throw Error(
      ErrorCode::usage,
      fmt::format("--shape {}: found extent '{}', expected a number, a name, or ? to leave it as it is", whole, text));
}

// NAME=1x3x224x224 or NAME=1,3,224,224; the name may hold '='.
std::pair<std::string, Shape> parsed_shape(const std::string& text) {
  const size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) {
    throw Error(ErrorCode::usage,
                fmt::format("--shape {}: expected an input's name, '=' and its extents, as in x=1x3x224x224", text));
  }
  Shape shape;
  const std::string extents = text.substr(at + 1);
  const char separator = extents.find(',') == std::string::npos ? 'x' : ',';
  for (size_t begin = 0; begin <= extents.size() && !extents.empty();) {
    const size_t end = std::min(extents.find(separator, begin), extents.size());
    shape.push_back(parsed_extent(extents.substr(begin, end - begin), text));
    begin = end + 1;
  }
  return {text.substr(0, at), shape};
}

// What the model would be written in as it is: the result needs no higher one.
std::optional<int64_t> present_opset(const Graph& graph) {
  const Result<int64_t> opset = onnx_format::choose_opset(graph, std::nullopt);
  return opset ? std::optional(*opset) : std::nullopt;
}

void explain(const SimplifyReport& report, const Session& session) {
  for (const SimplifyStep& step : report.steps) {
    session.say("round {}, {}: {} nodes -> {}", step.round + 1, step.pass, step.nodes_before, step.nodes_after);
    for (const std::string& node : step.removed) session.say("  - {}", node);
    for (const std::string& node : step.added) session.say("  + {}", node);
    for (const std::string& node : step.rewritten) session.say("  ~ {}", node);
  }
}

Json steps_json(const SimplifyReport& report) {
  Json steps = Json::array();
  for (const SimplifyStep& step : report.steps) {
    steps.push_back({{"round", step.round + 1},
                     {"pass", step.pass},
                     {"nodes_before", step.nodes_before},
                     {"nodes_after", step.nodes_after},
                     {"removed", step.removed},
                     {"added", step.added},
                     {"rewritten", step.rewritten}});
  }
  return steps;
}

void simplify_model(SimplifyArguments arguments, const Session& session) {
  check_output(arguments.output);
  std::vector<std::pair<std::string, Shape>> shapes;
  for (const std::string& text : arguments.shapes) shapes.push_back(parsed_shape(text));
  LoadedModel model = load_model(arguments.input);
  if (!shapes.empty()) set_input_shapes(*model.graph, shapes);
  arguments.simplify.opset = arguments.save.opset ? *arguments.save.opset : present_opset(*model.graph);
  const SimplifyReport report = simplify(*model.graph, arguments.simplify);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  if (arguments.simplify.explain) explain(report, session);
  Json passes = Json::array();
  for (const PassResult& pass : report.passes) {
    passes.push_back({{"name", pass.name}, {"changed", pass.changed}, {"seconds", pass.seconds}});
    session.say("  {:<28} {:>6} changes {:>8.3f} s", pass.name, pass.changed, pass.seconds);
  }
  session.say("{} nodes -> {}; {} ({}) -> {} ({})", report.nodes_before, report.nodes_after, model.path,
              human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json json = written(model, arguments.output, bytes, session);
  json["nodes_before"] = report.nodes_before;
  json["nodes_after"] = report.nodes_after;
  json["passes"] = passes;
  if (arguments.simplify.explain) json["steps"] = steps_json(report);
  session.emit(json);
}

}  // namespace

void add_simplify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("simplify", "The same function in fewer nodes");
  auto arguments = std::make_shared<SimplifyArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  verb->add_option("--shape", arguments->shapes,
                   "NAME=1x3x224x224: give an input this shape first; an extent may be a name, or ? to stay as it is; "
                   "may repeat")
      ->allow_extra_args(false);
  verb->add_flag("--explain", arguments->simplify.explain,
                 "Say which nodes every pass removed (-), added (+) and rewrote (~)");
  verb->add_option("--stop-after", arguments->simplify.stop_after,
                   "Stop after the first run of this pass, to find the one at fault");
  verb->add_option("--pass", arguments->simplify.passes, "Run only this pass; may repeat");
  add_save_options(*verb, arguments->save);
  verb->footer(
      "With --opset, operators up to that opset are put in for what spells them out: 17 has LayerNormalization, 20 "
      "Gelu.\n\nExample: pare simplify exported.onnx -o simple.onnx");
  session.add_options(*verb);
  verb->callback([arguments, &session] { simplify_model(*arguments, session); });
}

}  // namespace pare::cli
