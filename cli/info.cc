#include <unordered_map>

#include "cli/models.h"
#include "cli/verbs.h"
#include "verify/facts.h"

namespace pare::cli {
namespace {

Json interface(const Graph& graph, const std::vector<ValueId>& values) {
  Json list = Json::array();
  for (const ValueId id : values) {
    const Value& value = graph.value(id);
    Json dims = Json::array();
    if (value.type.shape) {
      for (const Dim& dim : *value.type.shape) {
        if (dim.known()) {
          dims.push_back(dim.size);
        } else {
          dims.push_back(to_string(dim));
        }
      }
    }
    list.push_back({{"name", value.name}, {"dtype", name(value.type.dtype)}, {"shape", dims}});
  }
  return list;
}

// How constants are stored: for a .pare file its encodings, else element types.
Json encodings(const LoadedModel& model) {
  Json result = Json::object();
  const auto add = [&](const std::string& key, uint64_t stored, uint64_t raw) {
    Json& entry = result[key];
    if (entry.is_null()) entry = {{"tensors", 0}, {"stored_bytes", 0}, {"raw_bytes", 0}};
    entry["tensors"] = entry["tensors"].get<int64_t>() + 1;
    entry["stored_bytes"] = entry["stored_bytes"].get<uint64_t>() + stored;
    entry["raw_bytes"] = entry["raw_bytes"].get<uint64_t>() + raw;
  };
  if (!model.encodings.empty()) {
    for (const PareTensorInfo& tensor : model.encodings) add(tensor.encoding, tensor.stored_bytes, tensor.raw_bytes);
    return result;
  }
  for (const ValueId id : model.graph->values()) {
    const auto& constant = model.graph->value(id).constant;
    if (constant) add(std::string(name(constant->dtype())), constant->byte_size(), constant->byte_size());
  }
  return result;
}

void print_info(const Session& session, const LoadedModel& model, const ModelFacts& facts, const Json& stored) {
  const Graph& graph = *model.graph;
  session.say("{}", model.path);
  for (const ValueId id : graph.inputs) session.say("  input       {}: {}", graph.value(id).name, to_string(graph.value(id).type));
  for (const ValueId id : graph.outputs) session.say("  output      {}: {}", graph.value(id).name, to_string(graph.value(id).type));
  session.say("  parameters  {} ({} zeros)", facts.parameters, facts.zeros);
  session.say("  MACs        {} ({})", facts.macs, human_count(facts.macs));
  session.say("  file        {} bytes ({})", model.file_bytes, human_bytes(model.file_bytes));
  session.say("  weights     {} bytes ({})", facts.weight_bytes, human_bytes(facts.weight_bytes));
  std::string operators;
  for (const auto& [type, count] : facts.operators) operators += fmt::format(" {} {}", count, type);
  session.say("  nodes       {}:{}", facts.nodes, operators);
  for (const auto& [encoding, entry] : stored.items()) {
    session.say("  stored      {} tensors as {}: {} of {} bytes", entry["tensors"].get<int64_t>(), encoding,
                entry["stored_bytes"].get<uint64_t>(), entry["raw_bytes"].get<uint64_t>());
  }
}

}  // namespace

void add_info(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("info", "What a model is: inputs, outputs, operators, parameters, bytes, MACs");
  auto path = std::make_shared<std::string>();
  verb->add_option("MODEL", *path, "A .onnx or .pare file")->required();
  verb->footer("Example: pare info resnet.onnx --json");
  session.add_options(*verb);
  verb->callback([path, &session] {
    const LoadedModel model = load_model(*path);
    const ModelFacts facts = model_facts(*model.graph);
    const Json stored = encodings(model);
    print_info(session, model, facts, stored);
    session.emit({{"model", model.path},
                  {"parameters", facts.parameters},
                  {"macs", facts.macs},
                  {"file_bytes", model.file_bytes},
                  {"weight_bytes", facts.weight_bytes},
                  {"zeros", facts.zeros},
                  {"nodes", facts.nodes},
                  {"operators", facts.operators},
                  {"inputs", interface(*model.graph, model.graph->inputs)},
                  {"outputs", interface(*model.graph, model.graph->outputs)},
                  {"encodings", stored}});
  });
}

}  // namespace pare::cli
