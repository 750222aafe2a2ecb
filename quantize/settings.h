// What each node is quantized to: defaults, and overrides for nodes that a pattern names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct LayerSettings {
  bool quantize = true;             // false: the node stays float
  int weight_bits = 8;              // 8, 4, 3 or 2; 3 bits are kept in int4
  bool per_channel = true;          // one scale per output channel of a weight, else one per weight
  int64_t block = 0;                // this many elements along the summed axis share a scale (per channel too); 0: all of them
  bool zero_points = false;         // weights with zero points (unsigned), else symmetric around zero (signed)
  bool reduce_range = false;        // leave the top bit of 8-bit weights unused: u8 * s8 pairs then fit 16 bits
  DType activation = DType::uint8;  // of what the node reads: uint8, int8, uint16, int16, uint4, int4
  bool symmetric = false;           // activations around zero (zero point in the middle of the type)
};

// Replaces what it sets, for the nodes that its pattern names.
struct LayerOverride {
  // A glob (fnmatch) over the node's name, the name of its first output, or its operator type.
  std::string pattern;
  std::optional<bool> quantize;
  std::optional<int> weight_bits;
  std::optional<bool> per_channel;
  std::optional<int64_t> block;
  std::optional<bool> zero_points;
  std::optional<DType> activation;
  std::optional<bool> symmetric;
};

// What `pattern` names; see LayerOverride.
bool names_node(const std::string& pattern, const Graph& graph, NodeId id);

// By node id. With `only`, nodes that none of its patterns names stay float. Later overrides win. Throws Error: usage for a pattern that names no
// node, with the nearest name, and for bits, blocks or types other than those above.
std::vector<LayerSettings> resolve_settings(const Graph& graph, const LayerSettings& defaults,
                                            const std::vector<LayerOverride>& overrides,
                                            const std::vector<std::string>& only = {});

}  // namespace pare
