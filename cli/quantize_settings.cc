#include "cli/quantize_settings.h"

#include <toml++/toml.h>

#include <algorithm>

#include "formats/file.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

constexpr std::string_view kKeys = "match, float, bits, block, per_channel, zero_points, activations, symmetric";

[[noreturn]] void bad(const std::string& where, const std::string& what) { throw Error(ErrorCode::usage, where + ": " + what); }

template <class T>
T value_of(const toml::node& node, const std::string& where, std::string_view key, const char* expected) {
  const auto value = node.value_exact<T>();
  if (!value) bad(where, std::string(key) + " is not " + expected);
  return *value;
}

LayerOverride read_layer(const toml::table& table, const std::string& file) {
  const std::string where = file + ", line " + std::to_string(table.source().begin.line);
  LayerOverride result;
  for (const auto& [key, node] : table) {
    const std::string_view k = key.str();
    if (k == "match") {
      result.pattern = value_of<std::string>(node, where, k, "a pattern in quotes");
    } else if (k == "float") {
      result.quantize = !value_of<bool>(node, where, k, "true or false");
    } else if (k == "bits") {
      result.weight_bits = static_cast<int>(value_of<int64_t>(node, where, k, "a number"));
    } else if (k == "block") {
      result.block = value_of<int64_t>(node, where, k, "a number");
    } else if (k == "per_channel") {
      result.per_channel = value_of<bool>(node, where, k, "true or false");
    } else if (k == "zero_points") {
      result.zero_points = value_of<bool>(node, where, k, "true or false");
    } else if (k == "symmetric") {
      result.symmetric = value_of<bool>(node, where, k, "true or false");
    } else if (k == "activations") {
      const auto type = dtype_from_name(value_of<std::string>(node, where, k, "the name of a type"));
      if (!type) bad(where, "activations = '" + *node.value<std::string>() + "' is no type; expected uint8, int8, uint16, int16, uint4 or int4");
      result.activation = *type;
    } else {
      bad(where, "key '" + std::string(k) + "' is not known; expected one of " + std::string(kKeys));
    }
  }
  if (result.pattern.empty()) bad(where, "the layer has no 'match'; expected match = \"pattern\", a glob over node names, output names or operator types");
  return result;
}

}  // namespace

void add_settings_options(CLI::App& verb, SettingsOptions& options) {
  LayerSettings& s = options.settings;
  verb.add_option("--bits", s.weight_bits, "Bits of weights: 8, 4, 3 or 2")->capture_default_str()->check(CLI::IsMember({2, 3, 4, 8}));
  verb.add_option_function<std::string>("--activations", [&s](const std::string& name) { s.activation = *dtype_from_name(name); },
                                        "Type of activations: uint8 (default), int8, uint16, int16, uint4 or int4")
      ->check(CLI::IsMember({"uint8", "int8", "uint16", "int16", "uint4", "int4"}));
  verb.add_flag("--symmetric", s.symmetric, "Activations around zero: one multiplication less on some devices, one bit less for what is never negative");
  verb.add_flag("--per-tensor,!--per-channel", options.per_tensor, "One scale per weight, or one per output channel (the default)");
  verb.add_option("--block", s.block, "Weights of matrices: a scale for every so many elements of a channel (16 to 256)");
  verb.add_flag("--zero-points", s.zero_points, "Weights with zero points instead of symmetric ones");
  verb.add_flag("--reduce-range", s.reduce_range, "Leave the top bit of 8-bit weights unused: for CPUs whose u8*s8 pair sums saturate (x86 without VNNI)");
  verb.add_option("--exclude", options.exclude, "Keep these nodes float: a glob over node names, output names or operator types; may be repeated");
  verb.add_option("--only", options.only, "Quantize these nodes alone; as --exclude");
  verb.add_option("--overrides", options.file, "A TOML file with settings for single layers ([[layer]] match = ...)")->check(CLI::ExistingFile);
}

std::vector<LayerOverride> read_overrides(const SettingsOptions& options) {
  std::vector<LayerOverride> overrides;
  if (!options.file.empty()) {
    const std::string text = unwrap(read_text_file(options.file));
    try {
      const toml::table root = toml::parse(text);
      for (const auto& [key, node] : root) {
        const toml::array* layers = key.str() == "layer" ? node.as_array() : nullptr;
        const std::string where = options.file + ", line " + std::to_string(key.source().begin.line);
        if (!layers) bad(where, "key '" + std::string(key.str()) + "' is not known; expected tables [[layer]]");
        for (const toml::node& layer : *layers) {
          if (!layer.is_table()) bad(where, "'layer' is no list of tables; write each layer under [[layer]]");
          overrides.push_back(read_layer(*layer.as_table(), options.file));
        }
      }
    } catch (const toml::parse_error& error) {
      bad(options.file + ", line " + std::to_string(error.source().begin.line), std::string(error.description()));
    }
  }
  for (const std::string& pattern : options.exclude) {
    LayerOverride keep;
    keep.pattern = pattern;
    keep.quantize = false;
    overrides.push_back(keep);
  }
  return overrides;
}

}  // namespace pare::cli
