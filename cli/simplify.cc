#include "compress/simplify.h"

#include "cli/models.h"
#include "cli/verbs.h"

namespace pare::cli {
namespace {

struct SimplifyArguments {
  std::string input, output;
  SaveOptions save;
  SimplifyOptions simplify;
};

void simplify_model(const SimplifyArguments& arguments, const Session& session) {
  check_output(arguments.output);
  LoadedModel model = load_model(arguments.input);
  const SimplifyReport report = simplify(*model.graph, arguments.simplify);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  Json passes = Json::array();
  for (const PassResult& pass : report.passes) {
    passes.push_back({{"name", pass.name}, {"changed", pass.changed}, {"seconds", pass.seconds}});
    session.say("  {:<28} {:>6} changes {:>8.3f} s", pass.name, pass.changed, pass.seconds);
  }
  session.say("{} nodes -> {}; {} ({}) -> {} ({})", report.nodes_before, report.nodes_after, model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json json = written(model, arguments.output, bytes, session);
  json["nodes_before"] = report.nodes_before;
  json["nodes_after"] = report.nodes_after;
  json["passes"] = passes;
  session.emit(json);
}

}  // namespace

void add_simplify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("simplify", "The same function in fewer nodes");
  auto arguments = std::make_shared<SimplifyArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  verb->add_option("--stop-after", arguments->simplify.stop_after, "Stop after the first run of this pass, to find the one at fault");
  verb->add_option("--pass", arguments->simplify.passes, "Run only this pass; may repeat");
  add_save_options(*verb, arguments->save);
  verb->footer("Example: pare simplify exported.onnx -o simple.onnx");
  session.add_options(*verb);
  verb->callback([arguments, &session] { simplify_model(*arguments, session); });
}

}  // namespace pare::cli
