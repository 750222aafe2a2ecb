// What has been measured of single layers, kept as a text while the measuring goes on: a killed run goes on where it stopped.
//
//   # pare sensitivities, 1, model 0123456789abcdef
//   layer	bits	bytes	loss
//   conv1	4	1728	0.00012
#pragma once

#include <map>
#include <string>
#include <utility>

#include "graph/graph.h"
#include "quantize/mixed_precision.h"

namespace pare {

class SensitivityTable {
 public:
  // Reads `file` where it exists; an empty name keeps nothing. Throws Error: input for a text that is no such table or
  // belongs to another model.
  SensitivityTable(std::string file, const Graph& model);
  const BitChoice* find(const std::string& layer, int bits) const;
  // Appends to the file at once.
  void add(const std::string& layer, const BitChoice& choice);

 private:
  void read(const std::string& title);
  std::string file_;
  std::map<std::pair<std::string, int>, BitChoice> rows_;
};

}  // namespace pare
