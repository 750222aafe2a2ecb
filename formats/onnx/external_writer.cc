#include "formats/onnx/external_writer.h"

#include <algorithm>
#include <map>

#include "formats/onnx/lift.h"

namespace pare::onnx_format {
namespace {

namespace fs = std::filesystem;

// Tensors of pages begin at one, so that a reader can map each by itself; smaller ones at what the widest load wants.
constexpr uint64_t kPage = 4096, kSmallAlignment = 64;
constexpr size_t kPaged = size_t{64} << 10;
constexpr size_t kMaxModelBytes = size_t{256} << 20;  // of a present model that is looked into

template <class Visit>
Result<void> each_initializer(onnx::GraphProto& graph, const Visit& visit) {
  for (auto& tensor : *graph.mutable_initializer()) PARE_TRY(visit(tensor));
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) PARE_TRY(each_initializer(*attribute.mutable_g(), visit));
    }
  }
  return {};
}

Result<void> align(AtomicFile& data, size_t bytes) {
  const uint64_t alignment = bytes < kPaged ? kSmallAlignment : kPage;
  const std::string padding(static_cast<size_t>((alignment - data.position() % alignment) % alignment), '\0');
  return data.write(std::string_view(padding));
}

// "m.onnx.data", "m.onnx.1.data", ... of "m.onnx".
std::string data_name(const fs::path& model, int number) {
  return model.filename().string() + (number ? "." + std::to_string(number) : "") + ".data";
}

bool is_data_name(const fs::path& model, const std::string& name) {
  const std::string stem = model.filename().string(), tail = ".data";
  if (!name.starts_with(stem) || !name.ends_with(tail) || name.size() < stem.size() + tail.size()) return false;
  const std::string middle = name.substr(stem.size(), name.size() - stem.size() - tail.size());
  return middle.empty() || (middle.size() > 1 && middle[0] == '.' &&
                            std::all_of(middle.begin() + 1, middle.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

}  // namespace

Result<void> move_to_external(const std::string& location, const std::vector<Tensor>& lifted, AtomicFile& data,
                              onnx::GraphProto& graph) {
  std::map<std::pair<const std::byte*, size_t>, uint64_t> written;  // where elements lie by where they are in memory
  return each_initializer(graph, [&](onnx::TensorProto& proto) -> Result<void> {
    if (!proto.has_lifted_bytes()) return {};
    const Tensor& tensor = lifted[static_cast<size_t>(proto.lifted_offset())];
    const auto key = std::pair(tensor.bytes().data(), tensor.byte_size());
    auto known = written.find(key);
    if (known == written.end()) {
      PARE_TRY(align(data, tensor.byte_size()));
      known = written.emplace(key, data.position()).first;
      PARE_TRY(data.write(tensor));
    }
    proto.clear_lifted_offset();
    proto.clear_lifted_bytes();
    proto.set_data_location(1);
    const auto entry = [&](const char* name, std::string value) {
      auto& added = *proto.add_external_data();
      added.set_key(name);
      added.set_value(std::move(value));
    };
    entry("location", location);
    entry("offset", std::to_string(known->second));
    entry("length", std::to_string(tensor.byte_size()));
    return {};
  });
}

std::string free_data_name(const fs::path& model) {
  std::error_code ignored;
  int number = 0;
  while (fs::exists(fs::symlink_status(model.parent_path() / data_name(model, number), ignored))) ++number;
  return data_name(model, number);
}

std::vector<fs::path> data_files_of(const fs::path& model) {
  std::error_code error;
  if (!fs::is_regular_file(model, error)) return {};
  const auto buffer = map_file(model.string());
  if (!buffer) return {};
  const auto skeleton = lift((*buffer)->bytes());
  const auto bytes = (*buffer)->bytes();
  onnx::ModelProto proto;
  if (!skeleton || (!*skeleton && bytes.size() > kMaxModelBytes)) return {};
  if (!(*skeleton ? proto.ParseFromString(**skeleton)
                  : proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))) {
    return {};
  }
  std::vector<fs::path> files;
  (void)each_initializer(*proto.mutable_graph(), [&](onnx::TensorProto& tensor) -> Result<void> {
    for (const auto& entry : tensor.external_data()) {
      if (tensor.data_location() != 1 || entry.key() != "location" || !is_data_name(model, entry.value())) continue;
      const fs::path file = model.parent_path() / entry.value();
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
    }
    return {};
  });
  return files;
}

}  // namespace pare::onnx_format
