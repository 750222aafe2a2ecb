#include "quantize/sensitivity_table.h"

#include <cstdint>
#include <fstream>
#include <sstream>

#include "graph/error.h"

namespace pare {
namespace {

constexpr std::string_view kColumns = "layer\tbits\tbytes\tloss";

// FNV-1a over names, operator types and constants (Fowler, Noll and Vo, RFC 9923 has the 64-bit numbers).
uint64_t fingerprint(const Graph& graph) {
  uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3u;
  };
  for (const NodeId id : graph.order()) {
    const std::string_view type = op_type(graph.node(id).op);
    add(type.data(), type.size());
    for (const ValueId input : graph.node(id).inputs) {
      if (input == ValueId::none || !graph.value(input).constant) continue;
      const auto bytes = graph.value(input).constant->bytes();
      add(bytes.data(), bytes.size());
    }
    for (const ValueId output : graph.node(id).outputs) {
      if (output != ValueId::none) add(graph.value(output).name.data(), graph.value(output).name.size());
    }
  }
  return hash;
}

}  // namespace

SensitivityTable::SensitivityTable(std::string file, const Graph& model) : file_(std::move(file)) {
  if (file_.empty()) return;
  std::ostringstream title;
  title << "# pare sensitivities, 1, model " << std::hex << fingerprint(model);
  if (std::ifstream(file_)) {
    read(title.str());
    return;
  }
  std::ofstream out(file_);
  out << title.str() << '\n' << kColumns << '\n';
  if (!out) throw Error(ErrorCode::usage, "cannot write '" + file_ + "'; expected a path in a folder that exists and may be written to");
}

void SensitivityTable::read(const std::string& title) {
  std::ifstream in(file_);
  std::string line;
  std::getline(in, line);
  if (line != title) {
    throw Error(ErrorCode::input, "'" + file_ + "' begins with '" + line.substr(0, 80) + "', expected '" + title +
                                      "': it belongs to another model or is no table of sensitivities; name another file");
  }
  std::getline(in, line);
  for (int number = 3; std::getline(in, line); ++number) {
    std::istringstream cells(line);
    std::string layer;
    BitChoice choice;
    if (!std::getline(cells, layer, '\t') || !(cells >> choice.bits >> choice.bytes >> choice.loss)) {
      if (in.eof()) return;  // cut off while it was written
      throw Error(ErrorCode::input, "'" + file_ + "', line " + std::to_string(number) + ": '" + line.substr(0, 80) + "'; expected layer, bits, bytes and loss with tabs between");
    }
    rows_[{layer, choice.bits}] = choice;
  }
}

const BitChoice* SensitivityTable::find(const std::string& layer, int bits) const {
  const auto found = rows_.find({layer, bits});
  return found == rows_.end() ? nullptr : &found->second;
}

void SensitivityTable::add(const std::string& layer, const BitChoice& choice) {
  if (file_.empty()) return;
  std::ofstream out(file_, std::ios::app);
  out.precision(9);
  out << layer << '\t' << choice.bits << '\t' << choice.bytes << '\t' << choice.loss << '\n';
}

}  // namespace pare
