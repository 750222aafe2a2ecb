#include "compress/remove_dead_code.h"

namespace pare {

int remove_dead_code(Graph& graph) {
  size_t values = graph.values().size();
  int nodes = graph.remove_unused();
  return nodes + static_cast<int>(values - graph.values().size());
}

}  // namespace pare
