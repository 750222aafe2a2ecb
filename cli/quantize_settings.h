// The options that say what becomes how many bits: shared by the verbs that quantize.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "quantize/settings.h"

namespace pare::cli {

struct SettingsOptions {
  LayerSettings settings;
  std::vector<std::string> only, exclude;
  std::string file;  // TOML
  bool per_tensor = false;
};

// --bits, --activations, --symmetric, --per-channel, --per-tensor, --block, --zero-points, --reduce-range, --only,
// --exclude, --overrides.
void add_settings_options(CLI::App& verb, SettingsOptions& options);

// Overrides of the file, then the exclusions. Throws Error: usage for a key, a value or a pattern that does not exist.
std::vector<LayerOverride> read_overrides(const SettingsOptions& options);

}  // namespace pare::cli
