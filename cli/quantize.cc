#include "quantize/quantize.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/data.h"
#include "cli/models.h"
#include "cli/quantize_report.h"
#include "cli/quantize_settings.h"
#include "cli/verbs.h"
#include "compress/simplify.h"
#include "graph/error.h"
#include "quantize/gptq.h"
#include "quantize/measure_loss.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

enum class Mode : uint8_t { static_, dynamic, weights };

struct QuantizeArguments {
  std::string input, output;
  Mode mode = Mode::static_;
  DataOptions data;
  SaveOptions save;
  SettingsOptions settings;
  QuantizeOptions quantize;
  int64_t samples = 256;
  bool gptq = false, bias_correction = false;
};

// The layers' losses are measured on the first of the calibration samples.
constexpr int64_t kLossSamples = 32;

Batches first_samples(Batches batches, int64_t batch_size) {
  batches.count = std::min(batches.count, (kLossSamples + batch_size - 1) / batch_size);
  return batches;
}

QuantizeReport quantize_graph(Graph& graph, const QuantizeArguments& arguments, const Batches& batches) {
  switch (arguments.mode) {
    case Mode::static_: return quantize_static(graph, batches, arguments.quantize);
    case Mode::dynamic: return quantize_dynamic(graph, arguments.quantize);
    case Mode::weights: return quantize_weights(graph, arguments.quantize);
  }
  return {};
}

void round(Graph& graph, const Graph& reference, const QuantizeArguments& arguments, const Batches& batches) {
  if (!arguments.gptq && !arguments.bias_correction) return;
  if (batches.count == 0) {
    throw Error(ErrorCode::usage, "--rounding gptq and --bias-correction follow what the layers compute on real samples and none were given; give --data");
  }
  GptqOptions options;
  options.method = arguments.gptq ? RoundingMethod::gptq : RoundingMethod::nearest;
  options.correct_bias = arguments.gptq || arguments.bias_correction;
  options.observe = arguments.quantize.calibrate.observe;
  options.observe.progress = {};
  round_gptq(graph, reference, batches, options);
}

void measure(QuantizeReport& report, const Graph& reference, const Graph& quantized, const Batches& batches, const ObserveOptions& options) {
  std::vector<std::string> names;
  for (const QuantizedLayer& layer : report.layers) names.push_back(layer.output);
  const Loss loss = measure_loss(reference, quantized, names, batches, options);
  for (size_t i = 0; i < names.size(); ++i) report.layers[i].output_sqnr_db = loss.values[i];
  report.outputs_sqnr_db = loss.outputs;
  report.agreement = loss.agreement;
}

void quantize(QuantizeArguments arguments, const Session& session) {
  check_output(arguments.output);
  if (arguments.data.path.empty() && arguments.mode == Mode::static_) {
    throw Error(ErrorCode::usage, "static quantization measures activations on real samples and none were given; give --data (training "
                                  "data, never the data it is judged by), or --mode dynamic or weights, which need none");
  }
  LoadedModel model = load_model(arguments.input);
  simplify(*model.graph, {});
  arguments.quantize.settings = arguments.settings.settings;
  arguments.quantize.settings.per_channel = !arguments.settings.per_tensor;
  arguments.quantize.overrides = read_overrides(arguments.settings);
  arguments.quantize.only = arguments.settings.only;
  arguments.quantize.calibrate.observe.threads = session.thread_count();
  arguments.quantize.calibrate.observe.progress = session.progress("calibrate");
  std::unique_ptr<Dataset> dataset;
  int64_t batch_size = 1;
  Batches batches;
  if (!arguments.data.path.empty()) {
    dataset = open_calibration(arguments.data, *model.graph, arguments.samples, session.seed);
    batch_size = calibration_batch(*dataset, *model.graph);
    batches = batches_of(*dataset, *model.graph, batch_size);
  }
  const Graph reference = *model.graph;
  QuantizeReport report = quantize_graph(*model.graph, arguments, batches);
  round(*model.graph, reference, arguments, batches);
  if (batches.count > 0) {
    ObserveOptions options = arguments.quantize.calibrate.observe;
    options.progress = session.progress("measure");
    measure(report, reference, *model.graph, first_samples(batches, batch_size), options);
  }
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  print_quantize(session, report);
  session.say("{} ({}) -> {} ({})", model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json result = written(model, arguments.output, bytes, session);
  result.update(to_json(report));
  if (dataset) result["samples"] = dataset->size();
  session.emit(result);
}

std::string decibels(double db) { return std::isnan(db) ? "-" : std::isinf(db) ? "exact" : fmt::format("{:.1f}", db); }

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

// The layers whose outputs stand lowest beside the float model's.
std::vector<const QuantizedLayer*> costliest(const QuantizeReport& report) {
  std::vector<const QuantizedLayer*> layers;
  for (const QuantizedLayer& layer : report.layers) {
    if (!std::isnan(layer.output_sqnr_db)) layers.push_back(&layer);
  }
  std::stable_sort(layers.begin(), layers.end(), [](const auto* a, const auto* b) { return a->output_sqnr_db < b->output_sqnr_db; });
  if (layers.size() > 3) layers.resize(3);
  return layers;
}

}  // namespace

void print_quantize(const Session& session, const QuantizeReport& report) {
  session.say("  {:<40} {:<14} {:>4} {:>4}  {:<9} {:>10} {:>10} {:>9} {:>9}", "layer", "operator", "W", "A", "scales", "before", "after", "weight dB", "output dB");
  for (const QuantizedLayer& layer : report.layers) {
    session.say("  {:<40} {:<14} {:>4} {:>4}  {:<9} {:>10} {:>10} {:>9} {:>9}", layer.node, layer.type, layer.weight_bits,
                layer.activation_bits == 0 ? "-" : std::to_string(layer.activation_bits), layer.granularity, layer.bytes_before,
                layer.bytes_after, decibels(layer.weight_sqnr_db), decibels(layer.output_sqnr_db));
  }
  for (const std::string& kept : report.kept_float) session.say("  kept float: {}", kept);
  session.say("  {} layers and {} activations quantized", report.layers.size(), report.activations);
  const auto worst = costliest(report);
  if (worst.empty()) return;
  std::string list;
  for (const QuantizedLayer* layer : worst) list += fmt::format("{}{} ({} dB)", list.empty() ? "" : ", ", layer->node, decibels(layer->output_sqnr_db));
  session.say("  furthest from the float model: {}", list);
  std::string outputs;
  for (const double db : report.outputs_sqnr_db) outputs += (outputs.empty() ? "" : ", ") + decibels(db);
  if (report.agreement) {
    session.say("  on calibration samples: outputs {} dB, same largest output in {:.1f} %", outputs, 100 * *report.agreement);
  } else {
    session.say("  on calibration samples: outputs {} dB", outputs);
  }
}

Json to_json(const QuantizeReport& report) {
  Json layers = Json::array(), worst = Json::array(), outputs = Json::array();
  for (const QuantizedLayer& layer : report.layers) {
    layers.push_back({{"node", layer.node},
                      {"type", layer.type},
                      {"weight_bits", layer.weight_bits},
                      {"activation_bits", layer.activation_bits},
                      {"granularity", layer.granularity},
                      {"weight_sqnr_db", number(layer.weight_sqnr_db)},
                      {"output_sqnr_db", number(layer.output_sqnr_db)},
                      {"bytes_before", layer.bytes_before},
                      {"bytes_after", layer.bytes_after}});
  }
  for (const QuantizedLayer* layer : costliest(report)) worst.push_back(layer->node);
  for (const double db : report.outputs_sqnr_db) outputs.push_back(number(db));
  Json json = {{"layers", layers}, {"activations", report.activations}, {"kept_float", report.kept_float}, {"worst", worst}, {"outputs_sqnr_db", outputs}};
  if (report.agreement) json["agreement"] = *report.agreement;
  return json;
}

void add_quantize(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("quantize", "Integer weights and activations, in ONNX's own form, without training");
  auto arguments = std::make_shared<QuantizeArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  verb->add_option("--mode", arguments->mode, "static: weights and activations, needs --data; dynamic: activations measured as they come; weights: weights alone (default: static)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Mode>{{"static", Mode::static_}, {"dynamic", Mode::dynamic}, {"weights", Mode::weights}}))
      ->option_text("MODE");
  add_data_options(*verb, arguments->data, {}, "Calibration samples, from the training data");
  verb->add_option("--samples", arguments->samples, "How many of them to calibrate on, spread over the data")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_option_function<std::string>(
      "--calibrate", [arguments](const std::string& name) { arguments->quantize.calibrate.method = parse_range_method(name); },
      "How ranges are chosen: minmax (default), moving-average, percentile, entropy, mse or output-mse");
  verb->add_option("--percentile", arguments->quantize.calibrate.percentile, "With --calibrate percentile")->capture_default_str();
  verb->add_option_function<std::string>(
          "--rounding",
          [arguments](const std::string& name) {
            arguments->gptq = name == "gptq";
            arguments->quantize.clip_weights = name == "mse";
          },
          "nearest, mse: weight scales of least squared error, clipping the largest, or gptq: weights, scales and biases by what each layer computes on --data (default: nearest)")
      ->check(CLI::IsMember({"nearest", "mse", "gptq"}))
      ->option_text("METHOD");
  add_settings_options(*verb, arguments->settings);
  verb->add_option("--ends-bits", arguments->quantize.ends_bits, "Bits of the first and the last layer, where they should differ")->check(CLI::IsMember({4, 8}));
  verb->add_flag("--bias-correction", arguments->bias_correction, "Make the mean of each output channel of a layer what it is in float (needs --data)");
  add_save_options(*verb, arguments->save);
  verb->footer("Examples:\n"
               "  pare quantize resnet.onnx -o resnet-int8.onnx --data train.npz\n"
               "  pare quantize bert.onnx -o bert-dynamic.onnx --mode dynamic\n"
               "  pare quantize llm.onnx -o llm-4bit.onnx --mode weights --bits 4 --block 32");
  session.add_options(*verb);
  verb->callback([arguments, &session] { quantize(*arguments, session); });
}

}  // namespace pare::cli
