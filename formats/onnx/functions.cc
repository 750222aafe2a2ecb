#include "formats/onnx/functions.h"

#include <algorithm>
#include <utility>

#include "formats/onnx/graph_reader.h"

namespace pare::onnx_format {
namespace {

constexpr int kMaxDepth = 64;
// Of expanded nodes; each byte of them takes some 25 in memory.
constexpr size_t kFreeBytes = size_t{2} << 20, kBytesPerByte = 8;

std::string canonical_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

std::string key_of(const std::string& domain, const std::string& name, const std::string& overload) {
  return canonical_domain(domain) + '\n' + name + '\n' + overload;
}

struct Function {
  const onnx::FunctionProto* proto;
  std::shared_ptr<const Opsets> opsets;
};

// Old value names to new ones, for the body of one call.
using Renames = std::unordered_map<std::string, std::string>;
// Attributes of the call by name, the function's defaults included.
using Actuals = std::unordered_map<std::string, const onnx::AttributeProto*>;

class Inliner {
 public:
  Inliner(const onnx::ModelProto& model, size_t file_bytes, Names& names, NodeOpsets& opsets)
      : names_(names), opsets_(opsets), max_bytes_(kFreeBytes + kBytesPerByte * file_bytes) {
    for (const auto& function : model.functions()) {
      functions_.emplace(key_of(function.domain(), function.name(), function.overload()),
                         Function{&function, std::make_shared<const Opsets>(read_opsets(function.opset_import()))});
    }
  }

  // `opsets` is null in the model's own graphs.
  Result<void> expand(onnx::GraphProto& graph, const std::shared_ptr<const Opsets>& opsets, int depth) {
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Swap(graph.mutable_node());
    for (auto& node : nodes) PARE_TRY(expand_node(std::move(node), opsets, depth, graph));
    return {};
  }

 private:
  const Function* function_of(const onnx::NodeProto& node) const {
    const auto found = functions_.find(key_of(node.domain(), node.op_type(), node.overload()));
    return found == functions_.end() ? nullptr : &found->second;
  }

  Result<void> expand_node(onnx::NodeProto node, const std::shared_ptr<const Opsets>& opsets, int depth,
                           onnx::GraphProto& graph) {
    const Function* function = function_of(node);
    if (function) return expand_call(node, *function, depth, graph);
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) PARE_TRY(expand(*attribute.mutable_g(), opsets, depth));
      for (auto& nested : *attribute.mutable_graphs()) PARE_TRY(expand(nested, opsets, depth));
    }
    auto* placed = graph.add_node();
    *placed = std::move(node);
    if (opsets) opsets_[placed] = opsets;
    return {};
  }

  Result<void> expand_call(const onnx::NodeProto& call, const Function& function, int depth, onnx::GraphProto& graph) {
    const onnx::FunctionProto& proto = *function.proto;
    const std::string where = "function '" + proto.name() + "' called by " + describe_node(call);
    if (depth >= kMaxDepth) return input_error(where + " calls itself, directly or through others");
    if (call.input_size() > proto.input_size() || call.output_size() > proto.output_size()) {
      return input_error(where + " is given more inputs or outputs than its " + std::to_string(proto.input_size()) +
                         " and " + std::to_string(proto.output_size()));
    }
    Renames renames;
    for (int i = 0; i < proto.input_size(); ++i) renames[proto.input(i)] = i < call.input_size() ? call.input(i) : "";
    for (int i = 0; i < proto.output_size(); ++i) {
      const bool used = i < call.output_size() && !call.output(i).empty();
      if (renames.contains(proto.output(i))) return input_error(where + " returns its input '" + proto.output(i) + "'");
      renames[proto.output(i)] = used ? call.output(i) : names_.fresh(proto.output(i));
    }
    Actuals actuals;
    for (const auto& attribute : proto.attribute_proto()) actuals[attribute.name()] = &attribute;
    for (const auto& attribute : call.attribute()) actuals[attribute.name()] = &attribute;
    for (const auto& body : proto.node()) {
      onnx::NodeProto node = body;
      if (!call.name().empty()) node.set_name(call.name() + "/" + body.name());
      rewrite(node, renames, actuals);
      bytes_ += node.ByteSizeLong() + sizeof(onnx::NodeProto);
      if (bytes_ > max_bytes_) {
        return input_error(where + " makes the model exceed " + std::to_string(max_bytes_) +
                           " bytes when expanded, more than a file of its size can mean");
      }
      PARE_TRY(expand_node(std::move(node), function.opsets, depth + 1, graph));
    }
    return {};
  }

  std::string renamed(const std::string& name, Renames& renames) {
    if (name.empty()) return name;
    const auto [entry, added] = renames.try_emplace(name);
    if (added) entry->second = names_.fresh(name);
    return entry->second;
  }

  void rewrite(onnx::NodeProto& node, Renames& renames, const Actuals& actuals) {
    for (auto& input : *node.mutable_input()) input = renamed(input, renames);
    for (auto& output : *node.mutable_output()) output = renamed(output, renames);
    for (int i = node.attribute_size() - 1; i >= 0; --i) {
      auto& attribute = *node.mutable_attribute(i);
      if (attribute.has_g()) rewrite(*attribute.mutable_g(), renames, actuals);
      if (attribute.ref_attr_name().empty()) continue;
      const auto actual = actuals.find(attribute.ref_attr_name());
      if (actual == actuals.end()) {
        node.mutable_attribute()->DeleteSubrange(i, 1);
      } else {
        const std::string name = attribute.name();
        attribute = *actual->second;
        attribute.set_name(name);
      }
    }
  }

  void rewrite(onnx::GraphProto& graph, Renames& renames, const Actuals& actuals) {
    for (auto& input : *graph.mutable_input()) input.set_name(renamed(input.name(), renames));
    for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(renamed(tensor.name(), renames));
    for (auto& tensor : *graph.mutable_sparse_initializer()) {
      tensor.mutable_values()->set_name(renamed(tensor.values().name(), renames));
    }
    for (auto& info : *graph.mutable_value_info()) info.set_name(renamed(info.name(), renames));
    for (auto& node : *graph.mutable_node()) rewrite(node, renames, actuals);
    for (auto& output : *graph.mutable_output()) output.set_name(renamed(output.name(), renames));
  }

  std::unordered_map<std::string, Function> functions_;
  Names& names_;
  NodeOpsets& opsets_;
  size_t bytes_ = 0;
  size_t max_bytes_;
};

}  // namespace

Opsets read_opsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
  Opsets opsets;
  for (const auto& import : imports) {
    auto& version = opsets[canonical_domain(import.domain())];
    version = std::max(version, import.version());
  }
  return opsets;
}

Result<void> inline_functions(onnx::ModelProto& model, size_t file_bytes, Names& names, NodeOpsets& opsets) {
  if (model.functions_size() == 0) return {};
  return Inliner(model, file_bytes, names, opsets).expand(*model.mutable_graph(), nullptr, 0);
}

}  // namespace pare::onnx_format
