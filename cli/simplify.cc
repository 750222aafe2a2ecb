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
  const size_t before = model.graph->order().size();
  const SimplifyReport report = simplify(*model.graph, arguments.simplify);
  const size_t after = model.graph->order().size();
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  session.say("{} nodes -> {}; {} ({}) -> {} ({})", before, after, model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json json = written(model, arguments.output, bytes, session);
  json["nodes_before"] = before;
  json["nodes_after"] = after;
  session.emit(json);
}

}  // namespace

void add_simplify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("simplify", "The same function in fewer nodes");
  auto arguments = std::make_shared<SimplifyArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  add_save_options(*verb, arguments->save);
  verb->footer("Example: pare simplify exported.onnx -o simple.onnx");
  session.add_options(*verb);
  verb->callback([arguments, &session] { simplify_model(*arguments, session); });
}

}  // namespace pare::cli
