#include "cli/data.h"
#include "cli/models.h"
#include "cli/training.h"
#include "cli/verbs.h"
#include "compress/simplify.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

struct DistillArguments {
  std::string student, fine_tune, scratch, teacher, output;
  DataOptions data;
  SaveOptions save;
  TrainOptions train;
};

// The one model that is trained: --student, --fine-tune or --train.
const std::string& trained_model(const DistillArguments& arguments) {
  const int given = !arguments.student.empty() + !arguments.fine_tune.empty() + !arguments.scratch.empty();
  if (given != 1) {
    throw Error(ErrorCode::usage, fmt::format("{} of --student, --fine-tune and --train were given; expected exactly one model to train", given));
  }
  if (!arguments.student.empty() && arguments.teacher.empty()) {
    throw Error(ErrorCode::usage, "--student needs a --teacher to learn from; to train on labels alone use --fine-tune or --train");
  }
  return !arguments.student.empty() ? arguments.student : !arguments.fine_tune.empty() ? arguments.fine_tune : arguments.scratch;
}

void distill(DistillArguments arguments, const Session& session) {
  const std::string path = trained_model(arguments);
  check_output(arguments.output);
  LoadedModel model = load_model(path);
  LoadedModel teacher;
  if (!arguments.teacher.empty()) {
    // The same function; its folded weights are those that a quantized student was rounded from.
    teacher = load_model(arguments.teacher);
    simplify(*teacher.graph, {});
  }
  const auto dataset = open_data(arguments.data, *model.graph);
  arguments.train.initialize = !arguments.scratch.empty();
  const TrainResult result = train(*model.graph, teacher.graph.get(), *dataset, arguments.train, session);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  session.say("{} ({}) -> {} ({}), {} steps in {:.1f} s", model.path, human_bytes(model.file_bytes), arguments.output,
              human_bytes(bytes), result.steps, result.seconds);
  Json json = written(model, arguments.output, bytes, session);
  json.update(to_json(result));
  session.emit(json);
}

}  // namespace

void add_distill(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("distill", "Train: a student from a teacher, a pruned or quantized model back to strength, or from scratch");
  auto arguments = std::make_shared<DistillArguments>();
  const std::string group = "What to train (exactly one)";
  verb->add_option("--student", arguments->student, "A model to train against --teacher")->group(group);
  verb->add_option("--fine-tune", arguments->fine_tune, "A model to train further; with QuantizeLinear in it, quantization-aware")->group(group);
  verb->add_option("--train", arguments->scratch, "A model to train from scratch: its weights are drawn anew")->group(group);
  verb->add_option("--teacher", arguments->teacher, "A model whose logits are matched (Hinton et al. 2015)");
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  add_data_options(*verb, arguments->data, {}, "Training samples")->required();
  add_training_options(*verb, arguments->train);
  add_save_options(*verb, arguments->save);
  verb->footer("Examples:\n"
               "  pare distill --teacher big.onnx --student small.onnx -o trained.onnx --data train.npz --epochs 20\n"
               "  pare distill --fine-tune pruned.onnx --teacher original.onnx -o tuned.onnx --data train.npz --crop --flip");
  session.add_options(*verb);
  verb->callback([arguments, &session] { distill(*arguments, session); });
}

}  // namespace pare::cli
