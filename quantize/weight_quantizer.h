// Quantizes constant factors, for every mode, and keeps the books.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "quantize/qdq_writer.h"
#include "quantize/quantize.h"

namespace pare {

class WeightQuantizer {
 public:
  WeightQuantizer(Graph& graph, const QuantizeOptions& options, const std::vector<LayerSettings>& settings)
      : writer(graph), graph_(graph), options_(options), settings_(settings) {}

  struct Quantized {
    Grid grid;
    Tensor integers;
  };
  // Grid and integers of a placed constant under its node's settings, `grid` changed first by `adjust` (may be empty).
  Quantized quantize(const PlacedConstant& placed, const std::function<void(Grid&)>& adjust = {}) const;
  // The same behind DequantizeLinear, in the node's operand.
  Grid replace(const PlacedConstant& placed, int activation_bits, const std::function<void(Grid&)>& adjust = {});
  // What an operator moves unchanged and no activation shares a scale with: 8 bits, dequantized behind the operator.
  void replace_table(const PlacedConstant& placed);
  void book(const PlacedConstant& placed, const Tensor& original, const Quantized& quantized, int activation_bits);

  QdqWriter writer;
  QuantizeReport report;

 private:
  const LayerSettings& settings(NodeId id) const { return settings_[static_cast<size_t>(id)]; }
  WeightFormat format(const PlacedConstant& placed, const Tensor& tensor) const;

  Graph& graph_;
  const QuantizeOptions& options_;
  const std::vector<LayerSettings>& settings_;
  std::set<std::pair<ValueId, int>> booked_;  // constants and their bits: bytes count once
};

// Lists what a placement keeps float, sorts, infers and verifies. Throws Error (unsupported) where nothing was quantized.
void finish(Graph& graph, const Placement& placement, QuantizeReport& report, const std::string& what);

}  // namespace pare
