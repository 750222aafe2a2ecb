#include "formats/pare/graph_reader.h"

#include <algorithm>
#include <limits>
#include <set>

namespace pare {

using namespace file_layout;

namespace {

Failure damaged(const std::string& why) { return input_error(why + "; the file is damaged"); }

void append_indexes(protozero::pbf_reader& message, std::vector<uint32_t>& out) {
  for (const uint32_t index : message.get_packed_uint32()) out.push_back(index);
}

// Indexes counted from 0, none left out.
Result<std::vector<ValueId>> resolve(const std::vector<uint32_t>& indexes, const std::vector<ValueId>& ids) {
  std::vector<ValueId> out;
  for (const uint32_t index : indexes) {
    if (index >= ids.size())
      return damaged("refers to value " + std::to_string(index) + " of " + std::to_string(ids.size()));
    out.push_back(ids[index]);
  }
  return out;
}

// Indexes counted from 1; 0 is a value left out.
Result<std::vector<ValueId>> resolve_optional(const std::vector<uint32_t>& indexes, const std::vector<ValueId>& ids) {
  std::vector<ValueId> out;
  for (const uint32_t index : indexes) {
    if (index > ids.size())
      return damaged("refers to value " + std::to_string(index - 1) + " of " + std::to_string(ids.size()));
    out.push_back(index == 0 ? ValueId::none : ids[index - 1]);
  }
  return out;
}

std::pair<std::string, std::string> read_entry(protozero::pbf_reader message) {
  std::pair<std::string, std::string> entry;
  while (message.next()) {
    if (message.tag_and_type() == delimited(1))
      entry.first = message.get_string();
    else if (message.tag_and_type() == delimited(2))
      entry.second = message.get_string();
    else
      message.skip();
  }
  return entry;
}

std::pair<std::string, int64_t> read_domain(protozero::pbf_reader message) {
  std::pair<std::string, int64_t> domain{{}, 0};
  while (message.next()) {
    if (message.tag_and_type() == delimited(1))
      domain.first = message.get_string();
    else if (message.tag_and_type() == varint(2))
      domain.second = message.get_int64();
    else
      message.skip();
  }
  return domain;
}

std::vector<int64_t> read_ints(protozero::pbf_reader message) {
  std::vector<int64_t> values;
  while (message.next(1, protozero::pbf_wire_type::length_delimited)) {
    for (const int64_t value : message.get_packed_sint64()) values.push_back(value);
  }
  return values;
}

std::vector<float> read_floats(protozero::pbf_reader message) {
  std::vector<float> values;
  while (message.next(1, protozero::pbf_wire_type::length_delimited)) {
    for (const float value : message.get_packed_float()) values.push_back(value);
  }
  return values;
}

std::vector<std::string> read_strings(protozero::pbf_reader message) {
  std::vector<std::string> values;
  while (message.next(1, protozero::pbf_wire_type::length_delimited)) values.push_back(message.get_string());
  return values;
}

Opaque read_opaque(protozero::pbf_reader message) {
  Opaque opaque;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case delimited(OpaqueField::domain):
        opaque.domain = message.get_string();
        break;
      case varint(OpaqueField::version):
        opaque.version = message.get_int64();
        break;
      case delimited(OpaqueField::reason):
        opaque.reason = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  return opaque;
}

}  // namespace

struct GraphReader::ValueParts {
  std::string name;
  Type type;
  const Tensor* constant = nullptr;
};

Result<void> GraphReader::charge(uint64_t bytes) {
  if (bytes > budget_) return damaged("its manifest declares more than a file of this size can");
  budget_ -= bytes;
  return {};
}

Result<const Tensor*> GraphReader::tensor(uint64_t index) const {
  if (index == 0 || index > tables_.tensors.size()) {
    return damaged("refers to tensor " + std::to_string(index) + " of " + std::to_string(tables_.tensors.size()));
  }
  return &tables_.tensors[static_cast<size_t>(index - 1)];
}

Result<Shape> GraphReader::read_shape(Message message) const {
  Shape shape;
  while (message.next(1, protozero::pbf_wire_type::length_delimited)) {
    for (const int64_t code : message.get_packed_sint64()) {
      if (code >= 0) {
        shape.push_back(Dim(code));
      } else if (code == -1) {
        shape.push_back(Dim());
      } else {
        const uint64_t symbol = static_cast<uint64_t>(-(code + 2));
        if (symbol >= tables_.symbols.size()) return damaged("names a dimension that the file does not list");
        shape.push_back(Dim(tables_.symbols[static_cast<size_t>(symbol)]));
      }
    }
  }
  return shape;
}

Result<GraphReader::ValueParts> GraphReader::read_value(Message message) {
  ValueParts value;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case delimited(ValueField::name):
        value.name = message.get_string();
        break;
      case varint(ValueField::dtype): {
        const uint32_t number = message.get_uint32();
        const auto dtype = dtype_from_number(number);
        if (!dtype) return damaged("has the unknown element type " + std::to_string(number));
        value.type.dtype = *dtype;
        break;
      }
      case delimited(ValueField::shape): {
        PARE_ASSIGN(value.type.shape, read_shape(message.get_message()));
        PARE_TRY(charge(value.type.shape->size() * sizeof(Dim)));
        break;
      }
      case varint(ValueField::container): {
        const uint32_t number = message.get_uint32();
        if (number >= kContainers)
          return damaged("holds its tensor in the unknown container " + std::to_string(number));
        value.type.container = static_cast<Container>(number);
        break;
      }
      case varint(ValueField::tensor): {
        PARE_ASSIGN(value.constant, tensor(message.get_uint32()));
        break;
      }
      default:
        message.skip();
    }
  }
  PARE_TRY(charge(2 * sizeof(Value) + 3 * value.name.size()));
  return value;
}

// Ids by index in the file. Named values come first, so that names made up for the others cannot take theirs.
Result<std::vector<ValueId>> GraphReader::add_values(Graph& graph, Message message) {
  std::vector<ValueParts> parts;
  while (message.next()) {
    if (message.tag_and_type() != delimited(GraphField::values)) {
      message.skip();
      continue;
    }
    auto value = read_value(message.get_message());
    if (!value) return in_context("value " + std::to_string(parts.size()), value.failure());
    parts.push_back(*std::move(value));
  }
  std::vector<ValueId> ids(parts.size());
  const auto add = [&](size_t i) {
    ids[i] = graph.add_value(parts[i].name, std::move(parts[i].type));
    if (parts[i].constant != nullptr) graph.set_constant(ids[i], *parts[i].constant);
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].name.empty()) continue;
    if (graph.find(parts[i].name)) return damaged("has two values named '" + parts[i].name + "'");
    add(i);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].name.empty()) add(i);
  }
  return ids;
}

Result<NamedAttribute> GraphReader::read_attribute(Message message, int depth) {
  NamedAttribute attribute;
  bool set = false;
  PARE_TRY(charge(sizeof(NamedAttribute) + 8 * static_cast<uint64_t>(message.length())));
  while (message.next()) {
    const uint32_t field = message.tag_and_type();
    set |= field != delimited(AttributeField::name);
    switch (field) {
      case delimited(AttributeField::name):
        attribute.name = message.get_string();
        break;
      case varint(AttributeField::integer):
        attribute.value = message.get_sint64();
        break;
      case fixed32(AttributeField::real):
        attribute.value = message.get_float();
        break;
      case delimited(AttributeField::string):
        attribute.value = message.get_string();
        break;
      case delimited(AttributeField::ints):
        attribute.value = read_ints(message.get_message());
        break;
      case delimited(AttributeField::floats):
        attribute.value = read_floats(message.get_message());
        break;
      case delimited(AttributeField::strings):
        attribute.value = read_strings(message.get_message());
        break;
      case delimited(AttributeField::raw):
        attribute.value = RawAttribute{message.get_string()};
        break;
      case varint(AttributeField::tensor): {
        PARE_ASSIGN(const Tensor* value, tensor(message.get_uint32()));
        attribute.value = *value;
        break;
      }
      case delimited(AttributeField::graph): {
        PARE_ASSIGN(Graph body, read_graph(message.get_message(), depth + 1));
        attribute.value = std::make_shared<const Graph>(std::move(body));
        break;
      }
      default:
        return damaged("attribute '" + attribute.name + "' is of an unknown kind");
    }
  }
  if (!set) return damaged("attribute '" + attribute.name + "' has no value");
  return attribute;
}

Result<void> GraphReader::add_node(Graph& graph, const std::vector<ValueId>& ids, Message message, int depth) {
  std::string name, domain, type;
  std::vector<uint32_t> inputs, outputs, captures;
  Attributes attributes;
  std::optional<Opaque> opaque;
  std::vector<std::pair<std::string, std::string>> metadata;
  PARE_TRY(charge(2 * sizeof(Node) + 8 * static_cast<uint64_t>(message.length())));
  while (message.next()) {
    switch (message.tag_and_type()) {
      case delimited(NodeField::name):
        name = message.get_string();
        break;
      case delimited(NodeField::type):
        type = message.get_string();
        break;
      case delimited(NodeField::inputs):
        append_indexes(message, inputs);
        break;
      case delimited(NodeField::outputs):
        append_indexes(message, outputs);
        break;
      case delimited(NodeField::captures):
        append_indexes(message, captures);
        break;
      case delimited(NodeField::attributes): {
        PARE_ASSIGN(auto attribute, read_attribute(message.get_message(), depth));
        attributes.push_back(std::move(attribute));
        break;
      }
      case delimited(NodeField::opaque):
        opaque = read_opaque(message.get_message());
        break;
      case delimited(NodeField::domain):
        domain = message.get_string();
        break;
      case delimited(NodeField::metadata):
        metadata.push_back(read_entry(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  PARE_ASSIGN(auto input_ids, resolve_optional(inputs, ids));
  PARE_ASSIGN(auto output_ids, resolve_optional(outputs, ids));
  PARE_ASSIGN(auto capture_ids, resolve(captures, ids));
  std::set<ValueId> seen;
  for (const ValueId output : output_ids) {
    if (output == ValueId::none) continue;
    const Value& value = graph.value(output);
    const bool is_input = std::find(graph.inputs.begin(), graph.inputs.end(), output) != graph.inputs.end();
    if (value.producer != NodeId::none || value.constant || is_input || !seen.insert(output).second) {
      return damaged(type + " produces '" + value.name + "', which is there already");
    }
  }
  if (opaque) {
    opaque->type = std::move(type);
    opaque->attributes = std::move(attributes);
  }
  PARE_ASSIGN(Op op, opaque ? Result<Op>(Op(*std::move(opaque))) : make_op(domain, type, 0, std::move(attributes)));
  const NodeId id = graph.add_node(std::move(op), std::move(input_ids), std::move(output_ids), std::move(name));
  graph.node(id).captures = std::move(capture_ids);
  graph.node(id).metadata = std::move(metadata);
  return {};
}

Result<Graph> GraphReader::read_graph(Message message, int depth) {
  if (depth > kMaxSubgraphDepth) return damaged("its subgraphs lie deeper than the format allows");
  Graph graph;
  PARE_TRY(charge(sizeof(Graph)));
  PARE_ASSIGN(const auto ids, add_values(graph, message));
  std::vector<uint32_t> inputs, outputs, captured;
  for (Message pass = message; pass.next();) {
    switch (pass.tag_and_type()) {
      case delimited(GraphField::name):
        graph.name = pass.get_string();
        break;
      case delimited(GraphField::inputs):
        append_indexes(pass, inputs);
        break;
      case delimited(GraphField::outputs):
        append_indexes(pass, outputs);
        break;
      case delimited(GraphField::captured):
        append_indexes(pass, captured);
        break;
      case delimited(GraphField::domains):
        graph.domains.insert(read_domain(pass.get_message()));
        break;
      case delimited(GraphField::metadata):
        graph.metadata.push_back(read_entry(pass.get_message()));
        break;
      default:
        pass.skip();
    }
  }
  PARE_ASSIGN(graph.inputs, resolve(inputs, ids));
  PARE_ASSIGN(graph.outputs, resolve(outputs, ids));
  PARE_ASSIGN(graph.captured, resolve(captured, ids));
  size_t count = 0;
  for (Message pass = message; pass.next();) {
    if (pass.tag_and_type() != delimited(GraphField::nodes)) {
      pass.skip();
      continue;
    }
    auto added = add_node(graph, ids, pass.get_message(), depth);
    if (!added) return in_context("node " + std::to_string(count), added.failure());
    ++count;
  }
  return graph;
}

Result<Graph> GraphReader::read(Message manifest) {
  while (manifest.next()) {
    if (manifest.tag_and_type() == delimited(ManifestField::graph)) return read_graph(manifest.get_message(), 0);
    manifest.skip();
  }
  return damaged("its manifest holds no graph");
}

}  // namespace pare
