// Structured pruning: whole channels leave the graph, so that every executor gets faster and every file smaller.
//
// Three steps, each usable by itself: couple() finds the sets of elements that must go together (coupling.h);
// select_channels() decides which of them go; remove_channels() takes them out physically, mask_channels() zeroes them in
// a graph of the old shape that computes the same.
//
// Importance
//   l1           Sum of |w| of the weights that produce the channel, divided by the mean of that sum over the channels of
//                the layer; summed over the layers that produce it (Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017, arXiv 1608.08710).
//   reconstruct  Needs calibration data. The least-squares error that the layers reading the channel are left with once
//                their remaining weights are refitted, channels eliminated one after the other (Hassibi and Stork,
//                "Optimal Brain Surgeon", 1993, on blocks; channel form of He et al., ICCV 2017, arXiv 1707.06168).
// Until the bound is met, the group whose next channel costs least per saved multiply-accumulate loses it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compress/coupling.h"
#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

// automatic: reconstruct with data, else l1.
enum class Importance : uint8_t { automatic, l1, reconstruct };

struct PruneOptions {
  double keep_macs = 0.5;            // fraction of the multiply-accumulates that may stay
  std::optional<int64_t> max_macs;   // absolute bound instead
  Importance importance = Importance::automatic;
  bool uniform = false;              // the same fraction of every group instead of the cheapest channels anywhere
  double max_per_group = 0.875;      // at most this fraction of a group's channels goes; one channel always stays
  int64_t round_to = 1;              // groups keep a multiple of this many channels
  std::vector<std::string> protect;  // names of nodes or values, '*' for any run of characters: their channels stay
  bool compensate = true;            // with calibration data: refit the weights that read removed channels (compensate.h)
  bool reestimate = true;            // with calibration data, where nothing was refitted: re-estimate BatchNormalization
  int64_t samples = 8192;            // rows per layer that importance and compensation are fitted on
  int threads = 1;
  std::function<void(const std::string& step, double done)> progress;
};

struct PrunedLayer {
  std::string weight;  // name of the weight whose output channels these are
  int64_t channels_before = 0;
  int64_t channels_after = 0;
};

struct PruneReport {
  int64_t macs_before = 0, macs_after = 0;
  int64_t parameters_before = 0, parameters_after = 0;
  std::vector<PrunedLayer> layers;  // those that lost channels, in graph order
  bool bound_met = false;           // false: the limits of the options were reached first
};

struct ChannelSelection {
  Coupling coupling;
  std::vector<int> removed;  // indices into coupling.channels, ascending
  bool bound_met = false;
};

// Folds what export left dynamic (a Shape pins every axis it reads) and gives every use of a small constant its own, so that
// layers which happen to share a bias of zeros are not tied together.
void prepare_for_pruning(Graph& graph);

// `data` may be null where importance is l1. Throws Error: usage for options out of range or missing data.
ChannelSelection select_channels(const Graph& graph, const PruneOptions& options, const Batches* data = nullptr);

void remove_channels(Graph& graph, const ChannelSelection& selection);
// The dense equivalent: zeroes the removed elements in weights, biases, and the constants of Add, Sub, Mul and
// BatchNormalization (scale and shift). Same outputs as remove_channels up to the order of summation.
void mask_channels(Graph& graph, const ChannelSelection& selection);

// prepare, select, remove, compensate, re-estimate. Throws Error when no channel can be removed.
PruneReport prune_channels(Graph& graph, const PruneOptions& options, const Batches* data = nullptr);

}  // namespace pare
