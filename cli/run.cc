#include "cli/arrays.h"
#include "cli/feed.h"
#include "cli/models.h"
#include "cli/profile.h"
#include "cli/verbs.h"
#include "formats/data/npz.h"
#include "graph/error.h"
#include "runtime/executor.h"

namespace pare::cli {
namespace {

struct RunArguments {
  std::string model;
  std::vector<std::string> in;
  std::string out;
  std::vector<std::string> feeds;
  bool reference = false;
  bool profile = false;
};

// A sequence as arrays NAME.0, NAME.1, ...; an optional value that holds nothing as none.
void put_arrays(const std::string& name, const Tensor& value, std::vector<NamedTensor>& arrays, Json& described) {
  if (value.container() == Container::sequence) {
    for (size_t i = 0; i < value.elements().size(); ++i)
      put_arrays(name + '.' + std::to_string(i), value.elements()[i], arrays, described);
  } else if (value.container() == Container::tensor) {
    arrays.push_back({name, value});
    described.push_back({{"name", name}, {"dtype", pare::name(value.dtype())}, {"shape", value.dims()}});
  }
}

void run_model(const RunArguments& arguments, const Session& session) {
  const LoadedModel model = load_model(arguments.model);
  const std::vector<Feed> feeds = parse_feeds(*model.graph, arguments.feeds);
  std::vector<size_t> fed;
  for (const Feed& feed : feeds) fed.push_back(feed.input);
  const std::vector<Tensor> inputs = read_inputs(*model.graph, arguments.in, fed);
  ExecutorOptions options;
  options.threads = session.thread_count();
  options.reference = arguments.reference;
  options.profile = arguments.profile;
  auto executor = unwrap(Executor::create(model.graph, options));
  const std::vector<Tensor> outputs =
      feeds.empty() ? unwrap(executor->run(inputs)) : run_steps(*executor, inputs, feeds);
  std::vector<NamedTensor> arrays;
  Json described = Json::array();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = model.graph->value(model.graph->outputs[i]).name;
    put_arrays(name, outputs[i], arrays, described);
    session.say("{}: {}", name, to_string(outputs[i].type()));
  }
  unwrap(write_npz(arguments.out, arrays));
  Json result = {{"model", arguments.model}, {"output", arguments.out}, {"outputs", described}};
  if (arguments.profile) {
    show_profile(session, executor->steps());
    result["profile"] = profile_json(executor->steps());
  }
  const MemoryReport memory = executor->memory();
  result["weight_bytes"] = memory.weight_bytes;
  result["arena_bytes"] = memory.arena_bytes;
  result["peak_bytes"] = peak_bytes();
  session.emit(result);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("run", "Run a model on arrays");
  auto arguments = std::make_shared<RunArguments>();
  verb->add_option("MODEL", arguments->model, "A .onnx or .pare file")->required();
  verb->add_option("--in", arguments->in, "FILE.npz with arrays named as the inputs, or NAME=FILE.npy; may repeat");
  verb->add_option("--out", arguments->out, "FILE.npz for the outputs, named as the model names them")->required();
  verb->add_option("--feed", arguments->feeds,
                   "OUTPUT=INPUT: run once for each step, with what one step gives as what the next takes; may repeat");
  verb->add_flag("--reference", arguments->reference, "Use the plain kernels, which define every operator");
  verb->add_flag("--profile", arguments->profile, "Show time, bytes and kernel of every step of this run");
  verb->footer(
      "Examples:\n"
      "  pare run resnet.onnx --in batch.npz --out scores.npz\n"
      "  pare run vad.onnx --in input=chunks.npy --in sr=rate.npy --feed stateN=state --out speech.npz");
  session.add_options(*verb);
  verb->callback([arguments, &session] { run_model(*arguments, session); });
}

}  // namespace pare::cli
