#include "cli/models.h"
#include "cli/verbs.h"

namespace pare::cli {
namespace {

struct ConvertArguments {
  std::string input, output;
  SaveOptions save;
};

void convert(const ConvertArguments& arguments, const Session& session) {
  check_output(arguments.output);
  const LoadedModel model = load_model(arguments.input);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  session.say("{} ({}) -> {} ({})", model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  session.emit(written(model, arguments.output, bytes, session));
}

}  // namespace

void add_convert(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("convert", "Between .onnx and .pare, and between opsets");
  auto arguments = std::make_shared<ConvertArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  add_save_options(*verb, arguments->save);
  verb->add_flag("--external-data", arguments->save.external_data,
                 ".onnx: keep weights in OUT.data beside OUT (default: only above 2 GB)");
  verb->footer("Example: pare convert model.onnx -o model.pare --strip-names");
  session.add_options(*verb);
  verb->callback([arguments, &session] { convert(*arguments, session); });
}

}  // namespace pare::cli
