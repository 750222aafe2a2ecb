#include "cli/arrays.h"
#include "cli/models.h"
#include "cli/profile.h"
#include "cli/verbs.h"
#include "graph/error.h"
#include "verify/latency.h"

namespace pare::cli {
namespace {

struct BenchArguments {
  std::vector<std::string> models;
  std::vector<std::string> in;
  LatencyOptions latency;
  bool profile = false;
};

constexpr int kProfiledRuns = 20;

std::vector<StepReport> profile_of(const BenchArguments& arguments, const std::shared_ptr<const Graph>& graph,
                                   const std::vector<Tensor>& inputs) {
  ExecutorOptions options;
  options.threads = arguments.latency.threads;
  options.reference = arguments.latency.reference;
  options.profile = true;
  const auto executor = unwrap(Executor::create(graph, options));
  return profile(*executor, inputs.empty() ? zero_inputs(*graph, arguments.latency.batch) : inputs, kProfiledRuns);
}

void bench(BenchArguments arguments, const Session& session) {
  arguments.latency.threads = session.thread_count();
  std::vector<std::shared_ptr<const Graph>> graphs;
  std::vector<std::vector<Tensor>> inputs;
  for (const std::string& path : arguments.models) {
    graphs.push_back(load_model(path).graph);
    inputs.push_back(arguments.in.empty() ? std::vector<Tensor>() : read_inputs(*graphs.back(), arguments.in));
  }
  const std::vector<Latency> latencies = measure_latency(graphs, inputs, arguments.latency);
  Json models = Json::array();
  session.say("  {:<40} {:>12} {:>12} {:>8} {:>10}", "model", "median ms", "least ms", "runs", "relative");
  for (size_t i = 0; i < latencies.size(); ++i) {
    const Latency& latency = latencies[i];
    session.say("  {:<40} {:>12.3f} {:>12.3f} {:>8} {:>10.2f}", arguments.models[i], latency.median_ms, latency.min_ms,
                latency.runs, latency.median_ms / latencies[0].median_ms);
    models.push_back({{"model", arguments.models[i]},
                      {"median_ms", latency.median_ms},
                      {"min_ms", latency.min_ms},
                      {"runs", latency.runs},
                      {"threads", arguments.latency.threads}});
  }
  for (size_t i = 0; arguments.profile && i < graphs.size(); ++i) {
    const std::vector<StepReport> steps = profile_of(arguments, graphs[i], inputs[i]);
    session.say("{}: the least of {} runs", arguments.models[i], kProfiledRuns);
    show_profile(session, steps);
    models[i]["profile"] = profile_json(steps);
  }
  session.emit({{"models", models}, {"peak_bytes", peak_bytes()}});
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("bench", "Latency of models, side by side and interleaved");
  auto arguments = std::make_shared<BenchArguments>();
  verb->add_option("MODEL", arguments->models, "One or more .onnx or .pare files")->required();
  verb->add_option("--in", arguments->in, "FILE.npz or NAME=FILE.npy for the inputs (default: zeros, batch 1)");
  verb->add_option("--runs", arguments->latency.runs, "Timed runs of each model (default: for about --seconds)")->check(CLI::PositiveNumber);
  verb->add_option("--seconds", arguments->latency.seconds, "Time for each model")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_option("--batch", arguments->latency.batch, "Samples per run, where the model takes any number")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_flag("--reference", arguments->latency.reference, "Use the plain kernels");
  verb->add_flag("--profile", arguments->profile, "Show time, bytes and kernel of every step");
  verb->footer("Example: pare bench float.onnx int8.pare --threads 1");
  session.add_options(*verb);
  verb->callback([arguments, &session] { bench(*arguments, session); });
}

}  // namespace pare::cli
