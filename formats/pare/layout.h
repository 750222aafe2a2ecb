// Numbers of the .pare format that reader and writer share; formats/PARE_FORMAT.md is the authority.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pare::file_layout {

inline constexpr std::string_view kMagic = "PARE";
inline constexpr unsigned kVersion = 1;
inline constexpr size_t kHeaderBytes = 8;  // magic, u8 version, u8 manifest encoding, two zeros
inline constexpr size_t kTrailerBytes =
    12;  // u32 stored manifest bytes, u32 raw manifest bytes, u32 CRC-32 of the stored bytes
inline constexpr size_t kBlobAlignment = 64;  // of plain blobs

// Tensor.encoding, and of the manifest plain or zstd.
enum class Encoding : uint8_t {
  plain = 0,
  zstd = 1,
  zstd_shuffled = 2,  // bytes of equal significance together, least significant first, then zstd
  zstd_delta = 3,     // each integer minus the one before (modulo its width), shuffled, then zstd
};
inline constexpr unsigned kEncodings = 4;
inline constexpr std::string_view kEncodingNames[kEncodings] = {"plain", "zstd", "zstd, shuffled", "zstd, delta"};

// No compressed run inflates to more than this many times its stored bytes, plus the allowance.
inline constexpr uint64_t kMaxTensorExpansion = 1024;
inline constexpr uint64_t kMaxManifestExpansion = 32;
inline constexpr uint64_t kExpansionAllowance = 1u << 16;
inline constexpr uint64_t kMaxManifestBytes = 1u << 30;
inline constexpr unsigned kContainers = 4;
inline constexpr int kMaxSubgraphDepth = 16;

// Field numbers of pare.proto.
struct ManifestField {
  enum : uint32_t { tensors = 1, graph = 2, symbols = 3 };
};
struct TensorField {
  enum : uint32_t {
    dtype = 1,
    dims = 2,
    encoding = 3,
    offset = 4,
    stored_bytes = 5,
    crc32 = 6,
    inlined = 7,
    raw_bytes = 8
  };
};
struct ValueField {
  enum : uint32_t { name = 1, dtype = 2, shape = 3, tensor = 4, container = 5 };
};
struct GraphField {
  enum : uint32_t { name = 1, values = 2, nodes = 3, inputs = 4, outputs = 5, captured = 6, domains = 7, metadata = 8 };
};
struct NodeField {
  enum : uint32_t {
    name = 1,
    type = 2,
    inputs = 3,
    outputs = 4,
    captures = 5,
    attributes = 6,
    opaque = 7,
    domain = 8,
    metadata = 9
  };
};
struct OpaqueField {
  enum : uint32_t { domain = 1, version = 2, reason = 3 };
};
struct AttributeField {
  enum : uint32_t {
    name = 1,
    integer = 2,
    real = 3,
    string = 4,
    ints = 5,
    floats = 6,
    strings = 7,
    tensor = 8,
    graph = 9,
    raw = 10
  };
};

}  // namespace pare::file_layout
