// The graph in a .pare manifest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/pare/layout.h"
#include "formats/pare/wire.h"
#include "graph/graph.h"

namespace pare {

// What the messages of a manifest refer to by index.
struct FileTables {
  std::vector<Tensor> tensors;
  std::vector<std::string> symbols;
};

// Every index is checked; the order, names and types of the result are for verify(). May throw protozero::exception.
class GraphReader {
 public:
  // `budget`: bytes of memory that nodes, values and attributes may take, so that a small file cannot ask for much.
  GraphReader(const FileTables& tables, uint64_t budget) : tables_(tables), budget_(budget) {}

  // The graph of a Manifest message.
  Result<Graph> read(protozero::pbf_reader manifest);

 private:
  using Message = protozero::pbf_reader;
  struct NodeParts;
  struct ValueParts;

  Result<Graph> read_graph(Message message, int depth);
  Result<ValueParts> read_value(Message message);
  Result<std::vector<ValueId>> add_values(Graph& graph, Message message);
  Result<void> add_node(Graph& graph, const std::vector<ValueId>& ids, Message message, int depth);
  Result<NamedAttribute> read_attribute(Message message, int depth);
  Result<Shape> read_shape(Message message) const;
  Result<const Tensor*> tensor(uint64_t index_from_1) const;
  Result<void> charge(uint64_t bytes);

  const FileTables& tables_;
  uint64_t budget_;
};

}  // namespace pare
