#include "quantize/pipeline.h"

#include <algorithm>
#include <array>

#include "graph/error.h"
#include "quantize/awq.h"
#include "quantize/measure_loss.h"
#include "quantize/smooth.h"

namespace pare {
namespace {

constexpr std::array<std::string_view, 5> kModes{"static", "dynamic", "weights", "float16", "bfloat16"};
constexpr std::array<std::string_view, 4> kRoundings{"nearest", "mse", "gptq", "adaround"};

template <class Kind, size_t N>
Kind parse(const std::array<std::string_view, N>& names, std::string_view name, const std::string& what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Kind>(found - names.begin());
  std::string list;
  for (const std::string_view n : names) list += (list.empty() ? "" : ", ") + std::string(n);
  throw Error(ErrorCode::usage, "quantize: " + what + " '" + std::string(name) + "' does not exist; expected one of " + list);
}

class Pipeline {
 public:
  Pipeline(Graph& graph, const Batches& batches, const PipelineOptions& options) : graph_(graph), batches_(batches), options_(options) {}

  QuantizeReport run() {
    check_data();
    prepare();
    // What the passes above leave is the same function, and what the rounding of weights looks at.
    const Graph reference = graph_;
    QuantizeReport report = quantize_graph();
    if (options_.mode == QuantizeMode::static_ || options_.mode == QuantizeMode::weights) round(reference);
    report.notes.insert(report.notes.begin(), notes_.begin(), notes_.end());
    measure(reference, report);
    return report;
  }

 private:
  bool has_data() const { return batches_.count > 0; }

  void check_data() const {
    if (has_data()) return;
    const auto need = [](const std::string& what) {
      throw Error(ErrorCode::usage, what + " works on real samples and none were given; give --data (training data, never the data "
                                           "that the result is judged by)");
    };
    if (options_.mode == QuantizeMode::static_) need("static quantization");
    if (options_.rounding == Rounding::gptq || options_.rounding == Rounding::adaround) need("rounding by " + std::string(name_of(options_.rounding)));
    if (options_.bias_correction) need("bias correction");
    if (options_.awq) need("activation-aware weight scaling");
  }

  ObserveOptions observe(const std::string& step) const {
    ObserveOptions options;
    options.threads = options_.threads;
    if (options_.progress) options.progress = options_.progress(step);
    return options;
  }

  // Passes that leave the function as it is.
  void prepare() {
    const LayerSettings& s = options_.quantize.settings;
    if (!has_data()) return;
    if (options_.smooth && (options_.mode == QuantizeMode::static_ || options_.mode == QuantizeMode::dynamic)) {
      SmoothOptions smooth;
      smooth.weight_levels = (int64_t{1} << s.weight_bits) - 2;
      smooth.activation = {.levels = (int64_t{1} << bits(s.activation)) - 1, .symmetric = s.symmetric};
      smooth.observe = observe("smooth");
      for (const SmoothedPlace& place : smooth_quant(graph_, batches_, smooth).places) note("smoothed", place.value, place.before_db, place.after_db);
    }
    if (options_.awq && options_.mode == QuantizeMode::weights) {
      AwqOptions awq_options;
      awq_options.bits = s.weight_bits;
      awq_options.block = s.block;
      awq_options.observe = observe("awq");
      for (const AwqPlace& place : awq(graph_, batches_, awq_options)) note("scaled for its weights", place.value, place.before_db, place.after_db);
    }
  }
  void note(const std::string& what, const std::string& value, double before, double after) {
    const auto db = [](double x) { return std::to_string(static_cast<int>(x * 10 + (x < 0 ? -0.5 : 0.5)) / 10.0).substr(0, 4); };
    notes_.push_back("'" + value + "' " + what + ": its layers' outputs from " + db(before) + " to " + db(after) + " dB");
  }

  QuantizeReport quantize_graph() {
    QuantizeOptions quantize = options_.quantize;
    quantize.clip_weights = options_.rounding == Rounding::mse && !has_data();
    quantize.calibrate.observe = observe("calibrate");
    switch (options_.mode) {
      case QuantizeMode::static_: return quantize_static(graph_, batches_, quantize);
      case QuantizeMode::dynamic: return quantize_dynamic(graph_, quantize);
      case QuantizeMode::weights: return quantize_weights(graph_, quantize);
      case QuantizeMode::float16:
      case QuantizeMode::bfloat16: return halve();
    }
    return {};
  }

  QuantizeReport halve() {
    Float16Options options;
    options.dtype = options_.mode == QuantizeMode::float16 ? DType::float16 : DType::bfloat16;
    options.keep_io = options_.keep_io;
    options.batches = has_data() ? &batches_ : nullptr;
    options.observe = observe("look for overflow");
    const Float16Report halves = convert_to_float16(graph_, options);
    QuantizeReport report;
    report.kept_float = halves.kept_float;
    report.notes.push_back(std::to_string(halves.constants) + " constants from " + std::to_string(halves.bytes_before) + " to " +
                           std::to_string(halves.bytes_after) + " bytes, " + std::to_string(halves.nodes) + " nodes compute in 16 bits");
    if (halves.clamped > 0) report.notes.push_back(std::to_string(halves.clamped) + " elements of constants became the largest finite number");
    return report;
  }

  void round(const Graph& reference) {
    if (options_.rounding == Rounding::adaround) {
      AdaroundOptions options = options_.adaround;
      options.threads = options_.threads;
      options.progress = observe("adaround").progress;
      round_adaround(graph_, reference, batches_, options);
      return;
    }
    if (!has_data() || (options_.rounding == Rounding::nearest && !options_.bias_correction)) return;
    GptqOptions options = options_.gptq;
    options.method = options_.rounding == Rounding::gptq ? RoundingMethod::gptq : options_.rounding == Rounding::mse ? RoundingMethod::mse : RoundingMethod::nearest;
    options.correct_bias = options_.rounding == Rounding::gptq || options_.bias_correction;
    options.observe = observe(std::string(name_of(options_.rounding)));
    round_gptq(graph_, reference, batches_, options);
  }

  void measure(const Graph& reference, QuantizeReport& report) {
    if (!has_data()) return;
    Batches first = batches_;
    first.count = std::min(first.count, options_.loss_batches);
    std::vector<std::string> names;
    for (const QuantizedLayer& layer : report.layers) names.push_back(layer.output);
    const Loss loss = measure_loss(reference, graph_, names, first, observe("measure"));
    for (size_t i = 0; i < names.size(); ++i) report.layers[i].output_sqnr_db = loss.values[i];
    report.outputs_sqnr_db = loss.outputs;
    report.agreement = loss.agreement;
  }

  Graph& graph_;
  const Batches& batches_;
  const PipelineOptions& options_;
  std::vector<std::string> notes_;
};

}  // namespace

std::string_view name_of(QuantizeMode mode) { return kModes[static_cast<size_t>(mode)]; }
QuantizeMode parse_quantize_mode(std::string_view name) { return parse<QuantizeMode>(kModes, name, "mode"); }
std::string_view name_of(Rounding rounding) { return kRoundings[static_cast<size_t>(rounding)]; }
Rounding parse_rounding(std::string_view name) { return parse<Rounding>(kRoundings, name, "rounding"); }

QuantizeReport quantize(Graph& graph, const Batches& batches, const PipelineOptions& options) {
  return Pipeline(graph, batches, options).run();
}

}  // namespace pare
