#include "quantize/pipeline.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "cli/data.h"
#include "cli/models.h"
#include "cli/quantize_report.h"
#include "cli/quantize_settings.h"
#include "cli/verbs.h"
#include "compress/simplify.h"
#include "formats/file.h"
#include "graph/error.h"
#include "quantize/calibration_table.h"
#include "verify/evaluate.h"

namespace pare::cli {
namespace {

struct QuantizeArguments {
  std::string input, output;
  DataOptions data;
  SaveOptions save;
  SettingsOptions settings;
  PipelineOptions pipeline;
  std::string save_calibration, load_calibration;
  int64_t samples = 256;
};

// The losses of layers are measured on so many of the calibration samples.
constexpr int64_t kLossSamples = 32;

// Ranges from a file, or measured and written to one.
std::optional<Calibration> calibration_of(const QuantizeArguments& arguments, const Graph& graph, const Batches& batches, const Session& session) {
  if (arguments.save_calibration.empty() && arguments.load_calibration.empty()) return std::nullopt;
  const QuantizeOptions& options = arguments.pipeline.quantize;
  const std::vector<ValueId> values = calibrated_values(graph, options);
  if (!arguments.load_calibration.empty()) {
    const std::string text = unwrap(read_text_file(arguments.load_calibration));
    return read_calibration_table(text, arguments.load_calibration, graph, values);
  }
  CalibrateOptions calibrate_options = options.calibrate;
  calibrate_options.observe = {session.thread_count(), session.progress("calibrate")};
  Calibration calibration = calibrate(graph, values, batches, calibrate_options);
  std::vector<CalibratedRange> ranges;
  const int64_t levels = (int64_t{1} << bits(options.settings.activation)) - 1;
  for (const ValueId value : values) ranges.push_back({value, calibration.range(value, {.levels = levels, .symmetric = options.settings.symmetric})});
  const std::string table = print_calibration_table(graph, calibration, ranges);
  unwrap(write_file(arguments.save_calibration, std::as_bytes(std::span(table))));
  return calibration;
}

void quantize(QuantizeArguments arguments, const Session& session) {
  check_output(arguments.output);
  LoadedModel model = load_model(arguments.input);
  simplify(*model.graph, {});
  PipelineOptions& pipeline = arguments.pipeline;
  pipeline.quantize.settings = arguments.settings.settings;
  pipeline.quantize.settings.per_channel = !arguments.settings.per_tensor;
  pipeline.quantize.overrides = read_overrides(arguments.settings);
  pipeline.quantize.only = arguments.settings.only;
  pipeline.threads = session.thread_count();
  pipeline.adaround.seed = session.seed;
  pipeline.progress = [&session](const std::string& step) { return session.progress(step); };
  std::unique_ptr<Dataset> dataset;
  Batches batches;
  if (!arguments.data.path.empty()) {
    dataset = open_calibration(arguments.data, *model.graph, arguments.samples, session.seed);
    const int64_t batch = calibration_batch(*dataset, *model.graph);
    batches = batches_of(*dataset, *model.graph, batch);
    pipeline.loss_batches = (kLossSamples + batch - 1) / batch;
  }
  const auto calibration = calibration_of(arguments, *model.graph, batches, session);
  if (calibration) {
    pipeline.quantize.calibration = &*calibration;
    pipeline.smooth = false;  // it would move the ranges
  }
  const QuantizeReport report = pare::quantize(*model.graph, batches, pipeline);
  const int64_t bytes = save_model(*model.graph, arguments.output, arguments.save);
  print_quantize(session, report);
  session.say("{} ({}) -> {} ({})", model.path, human_bytes(model.file_bytes), arguments.output, human_bytes(bytes));
  Json result = written(model, arguments.output, bytes, session);
  result["mode"] = name_of(pipeline.mode);
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
  if (!report.layers.empty()) session.say("  {:<40} {:<14} {:>4} {:>4}  {:<9} {:>10} {:>10} {:>9} {:>9}", "layer", "operator", "W", "A", "scales", "before", "after", "weight dB", "output dB");
  for (const QuantizedLayer& layer : report.layers) {
    session.say("  {:<40} {:<14} {:>4} {:>4}  {:<9} {:>10} {:>10} {:>9} {:>9}", layer.node, layer.type, layer.weight_bits,
                layer.activation_bits == 0 ? "-" : std::to_string(layer.activation_bits), layer.granularity, layer.bytes_before,
                layer.bytes_after, decibels(layer.weight_sqnr_db), decibels(layer.output_sqnr_db));
  }
  for (const std::string& note : report.notes) session.say("  {}", note);
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
  Json json = {{"layers", layers}, {"activations", report.activations}, {"kept_float", report.kept_float}, {"notes", report.notes}, {"worst", worst}, {"outputs_sqnr_db", outputs}};
  if (report.agreement) json["agreement"] = *report.agreement;
  return json;
}

void add_quantize(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("quantize", "Integer weights and activations, in ONNX's own form, without training");
  auto arguments = std::make_shared<QuantizeArguments>();
  verb->add_option("IN", arguments->input, "A .onnx or .pare file")->required();
  verb->add_option("-o,--output", arguments->output, "The file to write, .onnx or .pare")->required();
  verb->add_option_function<std::string>("--mode", [arguments](const std::string& name) { arguments->pipeline.mode = parse_quantize_mode(name); },
                                         "static: weights and activations, needs --data; dynamic: activations measured as they come; weights: weights alone; float16, bfloat16 (default: static)")
      ->option_text("MODE");
  add_data_options(*verb, arguments->data, {}, "Calibration samples, from the training data");
  verb->add_option("--samples", arguments->samples, "How many of them to calibrate on, spread over the data")->capture_default_str()->check(CLI::PositiveNumber);
  verb->add_option_function<std::string>(
          "--calibrate", [arguments](const std::string& name) { arguments->pipeline.quantize.calibrate.method = parse_range_method(name); },
          "How ranges are chosen: minmax (default), moving-average, percentile, entropy, mse or output-mse")
      ->option_text("METHOD");
  verb->add_option("--percentile", arguments->pipeline.quantize.calibrate.percentile, "With --calibrate percentile")->capture_default_str();
  auto* save = verb->add_option("--save-calibration", arguments->save_calibration, "Write the ranges to this file, a table to read and edit");
  verb->add_option("--load-calibration", arguments->load_calibration, "Take the ranges from such a file instead of measuring them")->check(CLI::ExistingFile)->excludes(save);
  verb->add_option_function<std::string>(
          "--rounding", [arguments](const std::string& name) { arguments->pipeline.rounding = parse_rounding(name); },
          "nearest (default), mse: weight scales of least squared error, gptq or adaround: integers, scales and biases by what each layer computes on --data")
      ->option_text("METHOD");
  verb->add_option("--iterations", arguments->pipeline.adaround.relax.iterations, "Steps of adaround for each layer")->capture_default_str()->check(CLI::NonNegativeNumber);
  verb->add_flag("--bias-correction,!--no-bias-correction", arguments->pipeline.bias_correction, "Make the mean of each output channel of a layer what it is in float (needs --data)");
  verb->add_flag("--smooth,!--no-smooth", arguments->pipeline.smooth, "Move outliers from activations to weights where the data say that it helps (default: on)");
  verb->add_flag("--awq,!--no-awq", arguments->pipeline.awq, "Mode weights: finer steps for the channels that activations make matter (needs --data)");
  add_settings_options(*verb, arguments->settings);
  verb->add_option("--ends-bits", arguments->pipeline.quantize.ends_bits, "Bits of the first and the last layer, where they should differ")->check(CLI::IsMember({4, 8}));
  add_save_options(*verb, arguments->save);
  verb->footer("Examples:\n"
               "  pare quantize resnet.onnx -o resnet-int8.onnx --data train.npz\n"
               "  pare quantize bert.onnx -o bert-dynamic.onnx --mode dynamic\n"
               "  pare quantize llm.onnx -o llm-4bit.onnx --mode weights --bits 4 --block 32");
  session.add_options(*verb);
  verb->callback([arguments, &session] { quantize(*arguments, session); });
}

}  // namespace pare::cli
