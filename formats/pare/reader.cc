// Container of the .pare file: header, trailer, manifest, tensor table. The graph inside is graph_reader.cc's.
#include <algorithm>
#include <exception>

#include "formats/file.h"
#include "formats/pare/decode.h"
#include "formats/pare/graph_reader.h"
#include "formats/pare/layout.h"
#include "formats/pare/pare_file.h"
#include "graph/verify.h"

namespace pare {
namespace {

using namespace file_layout;

uint32_t read_u32(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(bytes[at + i]);
  return value;
}

// One entry of the tensor table as it stands in the manifest.
struct TableEntry {
  uint32_t dtype = 0;
  Dims dims;
  uint32_t encoding = 0;
  uint64_t offset = 0, stored_bytes = 0, raw_bytes = 0;
  uint32_t crc32 = 0;
  protozero::data_view inlined;
};

TableEntry read_entry(protozero::pbf_reader message) {
  TableEntry entry;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case varint(TensorField::dtype):
        entry.dtype = message.get_uint32();
        break;
      case delimited(TensorField::dims):
        for (const int64_t dim : message.get_packed_int64()) entry.dims.push_back(dim);
        break;
      case varint(TensorField::encoding):
        entry.encoding = message.get_uint32();
        break;
      case varint(TensorField::offset):
        entry.offset = message.get_uint64();
        break;
      case varint(TensorField::stored_bytes):
        entry.stored_bytes = message.get_uint64();
        break;
      case fixed32(TensorField::crc32):
        entry.crc32 = message.get_fixed32();
        break;
      case delimited(TensorField::inlined):
        entry.inlined = message.get_view();
        break;
      case varint(TensorField::raw_bytes):
        entry.raw_bytes = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
  return entry;
}

class ContainerReader {
 public:
  explicit ContainerReader(std::shared_ptr<Buffer> file) : bytes_(file->bytes()), file_(std::move(file)) {}

  Result<Graph> read(std::vector<PareTensorInfo>* encodings) {
    PARE_TRY(read_manifest());
    PARE_TRY(read_table());
    GraphReader reader(tables_, (40u << 20) + 256 * bytes_.size());
    PARE_ASSIGN(Graph graph, reader.read(manifest_view()));
    PARE_TRY(verify(graph));
    if (encodings != nullptr) report(graph, *encodings);
    return graph;
  }

 private:
  static Failure damaged(const std::string& why) { return input_error(why + "; the file is truncated or damaged"); }

  // Of bytes of the file, which need not all be resident at a time.
  uint32_t checksum(std::span<const std::byte> stored) const {
    constexpr size_t kWindow = size_t{4} << 20;
    const auto offset = static_cast<size_t>(stored.data() - bytes_.data());
    uint32_t crc = 0;
    for (size_t at = 0; at < stored.size(); at += kWindow) {
      const auto window = stored.subspan(at, std::min(kWindow, stored.size() - at));
      crc = crc32_of(window, crc);
      file_->release(offset + at, window.size());
    }
    return crc;
  }

  protozero::pbf_reader manifest_view() const {
    const auto bytes = manifest_->bytes();
    return protozero::pbf_reader(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  Result<void> read_manifest() {
    const auto magic = std::as_bytes(std::span(kMagic));
    if (bytes_.size() < magic.size() || !std::equal(magic.begin(), magic.end(), bytes_.begin())) {
      return input_error("does not begin as a .pare file does");
    }
    if (bytes_.size() < kHeaderBytes + kTrailerBytes) return damaged("ends within its header");
    const unsigned version = std::to_integer<unsigned>(bytes_[4]);
    if (version != kVersion) {
      return unsupported("is of format version " + std::to_string(version) + ", but this program reads version " +
                         std::to_string(kVersion) + (version > kVersion ? "; update the program" : ""));
    }
    const unsigned encoding = std::to_integer<unsigned>(bytes_[5]);
    if (encoding > static_cast<unsigned>(Encoding::zstd)) return damaged("its manifest has an unknown encoding");
    const size_t trailer = bytes_.size() - kTrailerBytes;
    const uint64_t stored = read_u32(bytes_, trailer), raw = read_u32(bytes_, trailer + 4);
    if (stored > trailer - kHeaderBytes) return damaged("its manifest lies outside the file");
    if (raw > kMaxManifestBytes) return damaged("its manifest is longer than the format allows");
    blobs_end_ = trailer - static_cast<size_t>(stored);
    const auto body = bytes_.subspan(blobs_end_, static_cast<size_t>(stored));
    if (crc32_of(body) != read_u32(bytes_, trailer + 8)) return damaged("the checksum of its manifest does not match");
    if (static_cast<Encoding>(encoding) == Encoding::plain) {
      if (raw != stored) return damaged("its manifest contradicts its own length");
      manifest_ = Buffer::view(body, file_);
      return {};
    }
    auto decoded = decode(Encoding::zstd, body, raw, 1, kMaxManifestExpansion);
    if (!decoded) return in_context("its manifest", decoded.failure());
    manifest_ = *std::move(decoded);
    return {};
  }

  Result<void> read_table() {
    auto message = manifest_view();
    size_t end = kHeaderBytes;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case delimited(ManifestField::tensors): {
          auto tensor = read_tensor(read_entry(message.get_message()), end);
          if (!tensor) return in_context("tensor " + std::to_string(tables_.tensors.size()), tensor.failure());
          tables_.tensors.push_back(*std::move(tensor));
          break;
        }
        case delimited(ManifestField::symbols):
          tables_.symbols.push_back(message.get_string());
          break;
        default:
          message.skip();
      }
    }
    return {};
  }

  // `end` is where the previous blob ended; blobs lie in the order of the table and do not overlap.
  Result<Tensor> read_tensor(const TableEntry& entry, size_t& end) {
    const auto dtype = dtype_from_number(entry.dtype);
    if (!dtype) return damaged("has the unknown element type " + std::to_string(entry.dtype));
    if (entry.encoding >= kEncodings) {
      return unsupported("is stored in encoding " + std::to_string(entry.encoding) +
                         ", which this program does not know; update the program");
    }
    const auto encoding = static_cast<Encoding>(entry.encoding);
    const bool strings = *dtype == DType::string;
    const auto fixed =
        strings ? std::optional<size_t>(static_cast<size_t>(entry.raw_bytes)) : tensor_bytes(*dtype, entry.dims);
    if (!fixed || !element_count(entry.dims)) return damaged("has impossible dimensions");
    std::span<const std::byte> stored(reinterpret_cast<const std::byte*>(entry.inlined.data()), entry.inlined.size());
    const bool inlined = entry.offset == 0;
    if (!inlined) {
      if (entry.offset < end || entry.offset > blobs_end_ || entry.stored_bytes > blobs_end_ - entry.offset) {
        return damaged("lies outside the blobs or in another one");
      }
      stored = bytes_.subspan(static_cast<size_t>(entry.offset), static_cast<size_t>(entry.stored_bytes));
      end = static_cast<size_t>(entry.offset) + stored.size();
      if (checksum(stored) != entry.crc32) return damaged("the checksum of its bytes does not match");
    }
    infos_.push_back({{}, inlined ? "inline" : std::string(kEncodingNames[entry.encoding]), stored.size(), *fixed});
    if (encoding == Encoding::plain) {
      if (stored.size() != *fixed)
        return damaged("has " + std::to_string(stored.size()) + " bytes where its type needs " +
                       std::to_string(*fixed));
      return inlined ? Tensor::from_buffer(
                           *dtype, entry.dims, manifest_,
                           stored.empty() ? 0 : static_cast<size_t>(stored.data() - manifest_->bytes().data()))
                     : Tensor::from_buffer(*dtype, entry.dims, file_, static_cast<size_t>(entry.offset));
    }
    const size_t width = strings ? 1 : std::max<size_t>(1, static_cast<size_t>(bits(*dtype)) / 8);
    PARE_ASSIGN(auto buffer, decode(encoding, stored, *fixed, width, kMaxTensorExpansion));
    file_->release(static_cast<size_t>(entry.offset), inlined ? 0 : stored.size());
    return Tensor::from_buffer(*dtype, entry.dims, std::move(buffer));
  }

  // Names each table entry after the first value that holds it.
  void report(const Graph& graph, std::vector<PareTensorInfo>& encodings) const {
    encodings = infos_;
    for (const ValueId id : graph.values()) {
      const Value& value = graph.value(id);
      if (!value.constant) continue;
      for (size_t i = 0; i < infos_.size(); ++i) {
        const Tensor& tensor = tables_.tensors[i];
        const bool same =
            tensor.bytes().data() == value.constant->bytes().data() && tensor.dims() == value.constant->dims();
        if (same && encodings[i].name.empty()) encodings[i].name = value.name;
      }
    }
  }

  std::span<const std::byte> bytes_;
  std::shared_ptr<Buffer> file_;
  std::shared_ptr<Buffer> manifest_;
  size_t blobs_end_ = 0;
  FileTables tables_;
  std::vector<PareTensorInfo> infos_;
};

Result<Graph> read_container(std::shared_ptr<Buffer> file, std::vector<PareTensorInfo>* encodings) {
  try {
    return ContainerReader(std::move(file)).read(encodings);
  } catch (const protozero::exception& error) {
    return input_error(std::string("its manifest is malformed (") + error.what() + "); the file is damaged");
  } catch (const std::bad_alloc&) {
    return input_error("needs more memory than there is");
  } catch (const std::exception& error) {
    return Failure{ErrorCode::internal, std::string("reading failed: ") + error.what()};
  }
}

}  // namespace

Result<Graph> read_pare(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                        std::vector<PareTensorInfo>* encodings) {
  return read_container(Buffer::view(bytes, std::move(owner)), encodings);
}

Result<Graph> read_pare(const std::filesystem::path& path, std::vector<PareTensorInfo>* encodings) {
  PARE_ASSIGN(auto file, map_file(path.string()));
  auto graph = read_container(std::move(file), encodings);
  if (!graph) return in_context(path.string(), graph.failure());
  return graph;
}

}  // namespace pare
