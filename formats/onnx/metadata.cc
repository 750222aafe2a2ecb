#include "formats/onnx/metadata.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace pare::onnx_format {
namespace {

using Properties = google::protobuf::RepeatedPtrField<onnx::StringStringEntryProto>;

constexpr std::string_view kProperty = "metadata_props.", kGraphProperty = "graph.metadata_props.";
constexpr std::string_view kDocumentation = "doc_string", kGraphDocumentation = "graph.doc_string";
constexpr std::string_view kProducer = "producer_name", kProducerVersion = "producer_version", kDomain = "domain",
                           kModelVersion = "model_version";

bool reserved(std::string_view key) {
  return key == kProducer || key == kProducerVersion || key == kDomain || key == kModelVersion ||
         key == kDocumentation || key == kGraphDocumentation || key.starts_with(kProperty) ||
         key.starts_with(kGraphProperty);
}

void add_property(std::string_view key, const std::string& value, Properties& properties) {
  auto& entry = *properties.Add();
  entry.set_key(std::string(key));
  entry.set_value(value);
}

}  // namespace

Metadata read_metadata(const onnx::ModelProto& model) {
  Metadata metadata;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) metadata.emplace_back(key, value);
  };
  add(kProducer, model.producer_name());
  add(kProducerVersion, model.producer_version());
  add(kDomain, model.domain());
  if (model.model_version() != 0) add(kModelVersion, std::to_string(model.model_version()));
  add(kDocumentation, model.doc_string());
  add(kGraphDocumentation, model.graph().doc_string());
  for (const auto& entry : model.metadata_props()) {
    metadata.emplace_back((reserved(entry.key()) ? std::string(kProperty) : std::string()) + entry.key(),
                          entry.value());
  }
  for (const auto& entry : model.graph().metadata_props()) {
    metadata.emplace_back(std::string(kGraphProperty) + entry.key(), entry.value());
  }
  return metadata;
}

void write_metadata(const Metadata& metadata, onnx::ModelProto& model) {
  for (const auto& [key, value] : metadata) {
    const std::string_view name = key;
    int64_t version = 0;
    if (name == kProducer) {
      model.set_producer_name(value);
    } else if (name == kProducerVersion) {
      model.set_producer_version(value);
    } else if (name == kDomain) {
      model.set_domain(value);
    } else if (name == kModelVersion &&
               std::from_chars(value.data(), value.data() + value.size(), version).ec == std::errc()) {
      model.set_model_version(version);
    } else if (name == kDocumentation) {
      model.set_doc_string(value);
    } else if (name == kGraphDocumentation) {
      model.mutable_graph()->set_doc_string(value);
    } else if (name.starts_with(kGraphProperty)) {
      add_property(name.substr(kGraphProperty.size()), value, *model.mutable_graph()->mutable_metadata_props());
    } else {
      add_property(name.starts_with(kProperty) ? name.substr(kProperty.size()) : name, value,
                   *model.mutable_metadata_props());
    }
  }
}

Metadata read_metadata(const onnx::NodeProto& node) {
  Metadata metadata;
  for (const auto& entry : node.metadata_props()) metadata.emplace_back(entry.key(), entry.value());
  const bool taken =
      std::any_of(metadata.begin(), metadata.end(), [](const auto& m) { return m.first == kDocumentation; });
  if (!node.doc_string().empty() && !taken) metadata.emplace_back(kDocumentation, node.doc_string());
  return metadata;
}

void write_metadata(const Metadata& metadata, onnx::NodeProto& node) {
  for (const auto& [key, value] : metadata) {
    if (key == kDocumentation) {
      node.set_doc_string(value);
    } else {
      add_property(key, value, *node.mutable_metadata_props());
    }
  }
}

}  // namespace pare::onnx_format
