#include "quantize/quantize.h"

#include <cmath>
#include <map>

#include "cli/data.h"
#include "cli/models.h"
#include "cli/quantize_report.h"
#include "cli/verbs.h"
#include "compress/simplify.h"
#include "graph/error.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

struct QuantizeArguments {
  std::string input, output;
  DataOptions data;
  SaveOptions save;
  QuantizeOptions quantize;
  int64_t samples = 256;
  bool per_tensor = false;
};

void quantize(QuantizeArguments arguments, const Session& session) {
  check_output(arguments.output);
  if (arguments.data.path.empty()) {
    throw Error(ErrorCode::usage, "static quantization measures activations on real samples and none were given; give --data (training data, never the data it is judged by)");
  }
  LoadedModel model = load_model(arguments.input);
  simplify(*model.graph, {});
  const auto dataset = open_calibration(arguments.data, *model.graph, arguments.samples, session.seed);
  arguments.quantize.per_channel = !arguments.per_tensor;
  arguments.quantize.calibrate.observe.threads = session.thread_count();
  arguments.quantize.calibrate.observe.progress = session.progress("calibrate");
  const QuantizeReport report = quantize_static(*model.graph, batches_of(*dataset, *model.graph, 8), arguments.quantize);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  print_quantize(session, report);
  session.say("{} ({}) -> {} ({})", model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json result = written(model, arguments.output, bytes, session);
  result.update(to_json(report));
  result["samples"] = dataset->size();
  session.emit(result);
}

}  // namespace

void print_quantize(const Session& session, const QuantizeReport& report) {
  session.say("  {:<40} {:<14} {:>4} {:>4}  {:<11} {:>9} {:>9} {:>10}", "layer", "operator", "W", "A", "scales", "before", "after", "weight dB");
  for (const QuantizedLayer& layer : report.layers) {
    session.say("  {:<40} {:<14} {:>4} {:>4}  {:<11} {:>9} {:>9} {:>10.1f}", layer.node, layer.type, layer.weight_bits,
                layer.activation_bits, layer.per_channel ? "per channel" : "per tensor", layer.bytes_before, layer.bytes_after,
                layer.weight_sqnr_db);
  }
  for (const std::string& kept : report.kept_float) session.say("  kept float: {}", kept);
  session.say("  {} layers and {} activations quantized", report.layers.size(), report.activations);
}

Json to_json(const QuantizeReport& report) {
  Json layers = Json::array();
  for (const QuantizedLayer& layer : report.layers) {
    layers.push_back({{"node", layer.node},
                      {"type", layer.type},
                      {"weight_bits", layer.weight_bits},
                      {"activation_bits", layer.activation_bits},
                      {"granularity", layer.per_channel ? "channel" : "tensor"},
                      {"weight_sqnr_db", std::isfinite(layer.weight_sqnr_db) ? Json(layer.weight_sqnr_db) : Json()},
                      {"bytes_before", layer.bytes_before},
                      {"bytes_after", layer.bytes_after}});
  }
  return {{"layers", layers}, {"activations", report.activations}, {"kept_float", report.kept_float}};
}

void add_quantize(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("quantize", "Static quantization: integer weights and activations, in ONNX's QDQ form");
  auto arguments = std::make_shared<QuantizeArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  add_data_options(*verb, arguments->data, {}, "Calibration samples, from the training data");
  verb->add_option("--samples", arguments->samples, "How many of them to calibrate on, spread over the data")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_option_function<std::string>(
      "--calibrate", [arguments](const std::string& name) { arguments->quantize.calibrate.method = parse_range_method(name); },
      "How ranges are chosen: minmax (default), moving-average, percentile, entropy, mse or output-mse");
  verb->add_option("--percentile", arguments->quantize.calibrate.percentile, "With --calibrate percentile")->capture_default_str();
  verb->add_option("--bits", arguments->quantize.weight_bits, "Bits of weights: 8 or 4")->capture_default_str()->check(CLI::IsMember({4, 8}));
  verb->add_option("--activation-bits", arguments->quantize.activation_bits, "Bits of activations: 8 or 4")->capture_default_str()->check(CLI::IsMember({4, 8}));
  verb->add_option("--ends-bits", arguments->quantize.ends_bits, "Bits of the first and the last layer, where they should differ")->check(CLI::IsMember({4, 8}));
  verb->add_flag("--per-tensor", arguments->per_tensor, "One scale per weight instead of one per output channel");
  add_save_options(*verb, arguments->save);
  verb->footer("Example: pare quantize resnet.onnx -o resnet-int8.onnx --data train.npz");
  session.add_options(*verb);
  verb->callback([arguments, &session] { quantize(*arguments, session); });
}

}  // namespace pare::cli
