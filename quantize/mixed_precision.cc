#include "quantize/mixed_precision.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "graph/error.h"
#include "quantize/sensitivity_table.h"
#include "runtime/executor.h"

namespace pare {
namespace {

constexpr int64_t kSteps = 4096;

// fnmatch reads a backslash as "the next character itself".
std::string exactly(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::unique_ptr<Executor> executor_of(const Graph& graph, int threads) {
  ExecutorOptions options;
  options.threads = threads;
  return unwrap(Executor::create(std::make_shared<Graph>(graph), options));
}

LayerOverride override_of(const std::string& output, int bits) {
  LayerOverride result;
  result.pattern = exactly(output);
  if (bits == 0) {
    result.quantize = false;
  } else {
    result.weight_bits = bits;
  }
  return result;
}

int64_t bytes_of(const QuantizeReport& report, const std::string& output) {
  int64_t bytes = 0;
  for (const QuantizedLayer& layer : report.layers) bytes += layer.output == output ? layer.bytes_after : 0;
  return bytes;
}

// The layers of a report, each once; several weights of one node are one layer.
std::vector<LayerChoices> layers_of(const QuantizeReport& report) {
  std::vector<LayerChoices> layers;
  for (const QuantizedLayer& layer : report.layers) {
    const auto same = [&](const LayerChoices& l) { return l.output == layer.output; };
    if (std::none_of(layers.begin(), layers.end(), same)) layers.push_back({layer.node, layer.output, {}});
  }
  return layers;
}

}  // namespace

OutputProbe::OutputProbe(const Graph& reference, const Batches& batches, const ObserveOptions& options)
    : batches_(batches), options_(options) {
  const auto executor = executor_of(reference, options.threads);
  for (int64_t i = 0; i < batches.count; ++i) expected_.push_back(unwrap(executor->run(batches.get(i))));
}

double OutputProbe::loss(const Graph& candidate) const {
  const auto executor = executor_of(candidate, options_.threads);
  std::vector<double> signal, noise;
  for (int64_t b = 0; b < batches_.count; ++b) {
    const std::vector<Tensor>& expected = expected_[static_cast<size_t>(b)];
    const std::vector<Tensor> got = unwrap(executor->run(batches_.get(b)));
    signal.resize(expected.size());
    noise.resize(expected.size());
    for (size_t o = 0; o < expected.size(); ++o) {
      if (expected[o].dtype() != DType::float32 || expected[o].dims() != got[o].dims()) continue;
      const auto x = expected[o].data<float>(), y = got[o].data<float>();
      for (size_t i = 0; i < x.size(); ++i) {
        signal[o] += static_cast<double>(x[i]) * x[i];
        noise[o] += (static_cast<double>(x[i]) - y[i]) * (static_cast<double>(x[i]) - y[i]);
      }
    }
  }
  double sum = 0;
  int counted = 0;
  for (size_t o = 0; o < signal.size(); ++o) {
    if (!(signal[o] > 0)) continue;
    sum += noise[o] / signal[o];
    ++counted;
  }
  if (!std::isfinite(sum)) return std::numeric_limits<double>::infinity();
  return counted > 0 ? sum / counted : 0;
}

std::vector<LayerChoices> measure_sensitivities(const Graph& reference, const OutputProbe& probe, const QuantizeRun& run,
                                                const SensitivityOptions& options) {
  Graph whole = reference;
  const QuantizeReport all = run(whole, {}, {});
  std::vector<LayerChoices> layers = layers_of(all);
  SensitivityTable table(options.file, reference);
  const auto total = static_cast<int64_t>(layers.size() * options.bits.size());
  int64_t done = 0;
  for (LayerChoices& layer : layers) {
    int64_t float_bytes = 0;
    for (const QuantizedLayer& l : all.layers) float_bytes += l.output == layer.output ? l.bytes_before : 0;
    for (const int bits : options.bits) {
      BitChoice choice{bits, float_bytes, 0};
      if (bits != 0) {
        if (const BitChoice* known = table.find(layer.output, bits)) {
          choice = *known;
        } else {
          Graph candidate = reference;
          const QuantizeReport report = run(candidate, {override_of(layer.output, bits)}, {exactly(layer.output)});
          choice.bytes = bytes_of(report, layer.output);
          choice.loss = probe.loss(candidate);
          table.add(layer.output, choice);
        }
      }
      layer.choices.push_back(choice);
      if (options.progress) options.progress(++done, total);
    }
  }
  return layers;
}

std::vector<size_t> choose_bits(const std::vector<LayerChoices>& layers, int64_t budget) {
  std::vector<size_t> smallest;
  for (const LayerChoices& layer : layers) {
    const auto less = [](const BitChoice& a, const BitChoice& b) { return a.bytes < b.bytes; };
    smallest.push_back(static_cast<size_t>(std::min_element(layer.choices.begin(), layer.choices.end(), less) - layer.choices.begin()));
  }
  const int64_t least = chosen_bytes(layers, smallest);
  if (least >= budget) return smallest;
  // What is above the smallest choices is shared out in steps.
  const double step = std::max(1.0, static_cast<double>(budget - least) / static_cast<double>(kSteps));
  const auto width = static_cast<size_t>(std::min<double>(kSteps, static_cast<double>(budget - least))) + 1;
  std::vector<double> best(width, 0.0);
  std::vector<std::vector<uint8_t>> taken(layers.size(), std::vector<uint8_t>(width));
  for (size_t l = 0; l < layers.size(); ++l) {
    std::vector<double> next(width, std::numeric_limits<double>::infinity());
    for (size_t c = 0; c < layers[l].choices.size(); ++c) {
      const BitChoice& choice = layers[l].choices[c];
      const double extra = static_cast<double>(choice.bytes - layers[l].choices[smallest[l]].bytes);
      const double cost = std::ceil(extra / step);
      if (!(cost < static_cast<double>(width))) continue;
      const auto need = static_cast<size_t>(cost);
      for (size_t w = need; w < width; ++w) {
        const double loss = best[w - need] + choice.loss;
        if (!(loss < next[w])) continue;
        next[w] = loss;
        taken[l][w] = static_cast<uint8_t>(c);
      }
    }
    best = std::move(next);
  }
  std::vector<size_t> chosen(layers.size());
  size_t w = width - 1;
  for (size_t l = layers.size(); l-- > 0;) {
    chosen[l] = taken[l][w];
    const double extra = static_cast<double>(layers[l].choices[chosen[l]].bytes - layers[l].choices[smallest[l]].bytes);
    w -= static_cast<size_t>(std::ceil(extra / step));
  }
  return chosen;
}

int64_t chosen_bytes(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen) {
  int64_t bytes = 0;
  for (size_t l = 0; l < layers.size(); ++l) bytes += layers[l].choices[chosen[l]].bytes;
  return bytes;
}

double chosen_loss(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen) {
  double loss = 0;
  for (size_t l = 0; l < layers.size(); ++l) loss += layers[l].choices[chosen[l]].loss;
  return loss;
}

std::vector<LayerOverride> overrides_of(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen) {
  std::vector<LayerOverride> overrides;
  for (size_t l = 0; l < layers.size(); ++l) {
    overrides.push_back(override_of(layers[l].output, layers[l].choices[chosen[l]].bits));
  }
  return overrides;
}

}  // namespace pare
