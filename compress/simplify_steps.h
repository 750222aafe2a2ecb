// What a pass did to the nodes, seen from outside.
#pragma once

#include <map>
#include <string>

#include "compress/simplify.h"

namespace pare {

// The nodes of a graph and of its subgraphs at one moment.
class NodeRecord {
 public:
  explicit NodeRecord(const Graph& graph) { add(graph, ""); }
  SimplifyStep step_to(const NodeRecord& after, const std::string& pass, int round) const;

 private:
  struct Entry {
    std::string description;
    std::string form;  // operator, attributes and names of operands
  };
  void add(const Graph& graph, const std::string& path);

  std::map<std::string, Entry> nodes_;  // by path and number
};

}  // namespace pare
