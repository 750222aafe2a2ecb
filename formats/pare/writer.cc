#include <zstd.h>

#include <algorithm>
#include <map>
#include <set>

#include "formats/file.h"
#include "formats/pare/decode.h"
#include "formats/pare/encode.h"
#include "formats/pare/layout.h"
#include "formats/pare/pare_file.h"
#include "pare.pb.h"

namespace pare {
namespace {

using namespace file_layout;

// Inlined tensors share the compression of the manifest and need no alignment.
constexpr size_t kInlineBytes = 1024, kInlineBytesUncompressed = 64;
constexpr int kManifestLevel = 19;
constexpr size_t kCollectedBytes = size_t{64} << 20;

void put_u32(std::string& out, uint64_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

class PareWriter {
 public:
  PareWriter(AtomicFile file, std::string path, const PareWriteOptions& options)
      : file_(std::move(file)), path_(std::move(path)), options_(options) {}

  Result<void> write(const Graph& graph) {
    std::string header(kMagic);
    header += static_cast<char>(kVersion);
    header += static_cast<char>(compressing() ? Encoding::zstd : Encoding::plain);
    header += std::string(2, '\0');
    PARE_TRY(file_.write(header));
    PARE_TRY(put_graph(graph, *manifest_.mutable_graph(), options_.strip_names));
    return finish();
  }

 private:
  bool compressing() const { return options_.compression == PareCompression::automatic; }

  Result<void> finish() {
    const std::string raw = manifest_.SerializeAsString();
    if (raw.size() > kMaxManifestBytes)
      return unsupported(path_ + ": the graph without its weights takes more than 1 GB");
    const std::string stored =
        compressing() ? compress(std::as_bytes(std::span(raw)), kManifestLevel, kMaxManifestExpansion) : raw;
    std::string trailer;
    put_u32(trailer, stored.size());
    put_u32(trailer, raw.size());
    put_u32(trailer, crc32_of(std::as_bytes(std::span(stored))));
    PARE_TRY(file_.write(stored));
    PARE_TRY(file_.write(trailer));
    return file_.commit();
  }

  // 1 + the index in the tensor table; equal tensors share an entry.
  Result<uint32_t> put_tensor(const Tensor& tensor) {
    uint32_t crc = 0;
    tensor.each_window([&](std::span<const std::byte> window) { crc = crc32_of(window, crc); });
    const auto key = std::pair(crc, tensor.byte_size());
    for (auto [it, end] = known_.equal_range(key); it != end; ++it) {
      if (it->second.first == tensor) return it->second.second;
    }
    file::Tensor& entry = *manifest_.add_tensors();
    const auto index = static_cast<uint32_t>(manifest_.tensors_size());
    entry.set_dtype(static_cast<uint32_t>(tensor.dtype()));
    for (const int64_t dim : tensor.dims()) entry.add_dims(dim);
    if (tensor.dtype() == DType::string) entry.set_raw_bytes(tensor.byte_size());
    known_.emplace(key, std::pair(tensor, index));
    if (tensor.byte_size() <= (compressing() ? kInlineBytes : kInlineBytesUncompressed)) {
      entry.set_inline_(tensor.bytes().data(), tensor.byte_size());
      return index;
    }
    PARE_ASSIGN(const bool encoded, compressing() ? put_encoded(tensor, entry) : Result<bool>(false));
    if (!encoded) PARE_TRY(put_plain(tensor, crc, entry));
    return index;
  }

  Result<void> put_plain(const Tensor& tensor, uint32_t crc, file::Tensor& entry) {
    PARE_TRY(align());
    entry.set_offset(file_.position());
    entry.set_stored_bytes(tensor.byte_size());
    entry.set_crc32(crc);
    return file_.write(tensor);
  }

  // False when the tensor is better stored plainly. A large tensor's encoding goes to the file as it is made, and what
  // its middle measured is taken for the whole.
  Result<bool> put_encoded(const Tensor& tensor, file::Tensor& entry) {
    const Encoding encoding = choose_encoding(tensor);
    if (encoding == Encoding::plain) return false;
    const uint64_t offset = file_.position();
    uint32_t crc = 0;
    uint64_t size = 0;
    std::string collected;
    const bool large = tensor.byte_size() > kCollectedBytes;
    PARE_TRY(encode(tensor, encoding, [&](std::span<const std::byte> piece) -> Result<void> {
      crc = crc32_of(piece, crc);
      size += piece.size();
      if (large) return file_.write(piece);
      collected.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      return {};
    }));
    if (!large && size >= tensor.byte_size() - tensor.byte_size() / 64) return false;
    PARE_TRY(file_.write(collected));
    entry.set_encoding(static_cast<uint32_t>(encoding));
    entry.set_offset(offset);
    entry.set_stored_bytes(size);
    entry.set_crc32(crc);
    return true;
  }

  Result<void> align() {
    const size_t padding = static_cast<size_t>((kBlobAlignment - file_.position() % kBlobAlignment) % kBlobAlignment);
    return file_.write(std::string(padding, '\0'));
  }

  int64_t dim_code(const Dim& dim) {
    if (dim.known()) return dim.size;
    if (dim.symbol.empty()) return -1;
    const auto [it, added] = symbols_.emplace(dim.symbol, static_cast<int64_t>(symbols_.size()));
    if (added) manifest_.add_symbols(dim.symbol);
    return -2 - it->second;
  }

  Result<void> put_value(const Value& value, bool named, file::Value& out) {
    if (named) out.set_name(value.name);
    if (value.constant) {
      PARE_ASSIGN(const uint32_t index, put_tensor(*value.constant));
      out.set_tensor(index);
      return {};
    }
    out.set_dtype(static_cast<uint32_t>(value.type.dtype));
    out.set_container(static_cast<uint32_t>(value.type.container));
    if (!value.type.shape) return {};
    file::Shape& shape = *out.mutable_shape();
    for (const Dim& dim : *value.type.shape) shape.add_dims(dim_code(dim));
    return {};
  }

  // Names that mean something outside: inputs, outputs, and what subgraphs refer to.
  static std::set<ValueId> kept_names(const Graph& graph) {
    std::set<ValueId> kept(graph.inputs.begin(), graph.inputs.end());
    kept.insert(graph.outputs.begin(), graph.outputs.end());
    kept.insert(graph.captured.begin(), graph.captured.end());
    for (const NodeId id : graph.order()) kept.insert(graph.node(id).captures.begin(), graph.node(id).captures.end());
    return kept;
  }

  Result<void> put_graph(const Graph& graph, file::Graph& out, bool strip) {
    if (!strip) out.set_name(graph.name);
    const std::set<ValueId> kept = kept_names(graph);
    std::map<ValueId, uint32_t> index;
    for (const ValueId id : graph.values()) {
      const auto next = static_cast<uint32_t>(index.size());
      index.emplace(id, next);
      PARE_TRY(put_value(graph.value(id), !strip || kept.contains(id), *out.add_values()));
    }
    for (const ValueId id : graph.inputs) out.add_inputs(index.at(id));
    for (const ValueId id : graph.outputs) out.add_outputs(index.at(id));
    for (const ValueId id : graph.captured) out.add_captured(index.at(id));
    for (const auto& [name, version] : graph.domains) {
      file::Domain& domain = *out.add_domains();
      domain.set_name(name);
      domain.set_version(version);
    }
    put_metadata(graph.metadata, *out.mutable_metadata());
    for (const NodeId id : graph.order()) PARE_TRY(put_node(graph.node(id), index, strip, *out.add_nodes()));
    return {};
  }

  using Entries = google::protobuf::RepeatedPtrField<file::Entry>;
  static void put_metadata(const std::vector<std::pair<std::string, std::string>>& metadata, Entries& out) {
    for (const auto& [key, value] : metadata) {
      file::Entry& entry = *out.Add();
      entry.set_key(key);
      entry.set_value(value);
    }
  }

  Result<void> put_node(const Node& node, const std::map<ValueId, uint32_t>& index, bool strip, file::Node& out) {
    if (!strip) {
      out.set_name(node.name);
      put_metadata(node.metadata, *out.mutable_metadata());
    }
    out.set_type(std::string(op_type(node.op)));
    const auto code = [&](ValueId id) { return id == ValueId::none ? 0 : 1 + index.at(id); };
    for (const ValueId id : node.inputs) out.add_inputs(code(id));
    for (const ValueId id : node.outputs) out.add_outputs(code(id));
    for (const ValueId id : node.captures) out.add_captures(index.at(id));
    const Opaque* opaque = as<Opaque>(node.op);
    if (opaque == nullptr) out.set_domain(std::string(op_domain(node.op)));
    if (opaque != nullptr) {
      file::Opaque& form = *out.mutable_opaque();
      form.set_domain(opaque->domain);
      form.set_version(opaque->version);
      form.set_reason(opaque->reason);
    }
    for (const NamedAttribute& attribute : opaque ? opaque->attributes : op_attributes(node.op)) {
      PARE_TRY(put_attribute(attribute, *out.add_attributes()));
    }
    return {};
  }

  Result<void> put_attribute(const NamedAttribute& attribute, file::Attribute& out) {
    out.set_name(attribute.name);
    return std::visit([&](const auto& value) { return put(value, out); }, attribute.value);
  }

  Result<void> put(int64_t value, file::Attribute& out) {
    out.set_int_(value);
    return {};
  }
  Result<void> put(float value, file::Attribute& out) {
    out.set_float_(value);
    return {};
  }
  Result<void> put(const std::string& value, file::Attribute& out) {
    out.set_string(value);
    return {};
  }
  Result<void> put(const std::vector<int64_t>& values, file::Attribute& out) {
    out.mutable_ints();
    for (const int64_t value : values) out.mutable_ints()->add_values(value);
    return {};
  }
  Result<void> put(const std::vector<float>& values, file::Attribute& out) {
    out.mutable_floats();
    for (const float value : values) out.mutable_floats()->add_values(value);
    return {};
  }
  Result<void> put(const std::vector<std::string>& values, file::Attribute& out) {
    out.mutable_strings();
    for (const std::string& value : values) out.mutable_strings()->add_values(value);
    return {};
  }
  Result<void> put(const Tensor& value, file::Attribute& out) {
    PARE_ASSIGN(const uint32_t index, put_tensor(value));
    out.set_tensor(index);
    return {};
  }
  // Names inside a subgraph stay: they tie it to the values around it.
  Result<void> put(const GraphPtr& value, file::Attribute& out) {
    return put_graph(*value, *out.mutable_graph(), false);
  }
  Result<void> put(const RawAttribute& value, file::Attribute& out) {
    out.set_raw(value.bytes);
    return {};
  }

  AtomicFile file_;
  std::string path_;
  PareWriteOptions options_;
  file::Manifest manifest_;
  std::multimap<std::pair<uint32_t, size_t>, std::pair<Tensor, uint32_t>> known_;
  std::map<std::string, int64_t> symbols_;
};

}  // namespace

Result<void> write_pare(const Graph& graph, const std::filesystem::path& path, const PareWriteOptions& options) {
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path.string()));
  return PareWriter(std::move(file), path.string(), options).write(graph);
}

}  // namespace pare
