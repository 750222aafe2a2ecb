#include "formats/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "formats/data/inflate.h"

namespace pare {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryHeader = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1;
constexpr uint16_t kZip64Extra = 1, kPaddingExtra = 0xD935;
constexpr uint32_t kMax32 = 0xFFFFFFFF;
constexpr uint16_t kMax16 = 0xFFFF, kMidnight1980 = 0x21;
constexpr size_t kAlignment = 64;

// Little-endian integers at a position that the caller has checked.
uint64_t little(std::span<const std::byte> bytes, size_t at, int width) {
  uint64_t value = 0;
  for (int i = width; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}
uint16_t u16(std::span<const std::byte> b, size_t at) { return static_cast<uint16_t>(little(b, at, 2)); }
uint32_t u32(std::span<const std::byte> b, size_t at) { return static_cast<uint32_t>(little(b, at, 4)); }
uint64_t u64(std::span<const std::byte> b, size_t at) { return little(b, at, 8); }

void put(std::string& out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

struct Directory {
  uint64_t offset = 0, size = 0, entries = 0;
};

Result<Directory> find_directory(const InputFile& file) {
  const auto fail = [&](const std::string& why) { return input_error(file.path() + ": " + why); };
  const size_t tail_size = static_cast<size_t>(std::min<uint64_t>(file.size(), kEndBytes + kMax16));
  if (tail_size < kEndBytes) return fail("is too short for a zip archive");
  std::vector<std::byte> tail(tail_size);
  const uint64_t tail_at = file.size() - tail_size;
  PARE_TRY(file.read_at(tail_at, tail));
  std::optional<size_t> found;
  for (size_t at = tail_size - kEndBytes + 1; at-- > 0 && !found;) {
    if (u32(tail, at) == kEnd && at + kEndBytes + u16(tail, at + 20) <= tail_size) found = at;
  }
  if (!found) return fail("has no zip directory at its end; the file is truncated or no .npz archive");
  const size_t at = *found;
  Directory directory{u32(tail, at + 16), u32(tail, at + 12), u16(tail, at + 10)};
  uint64_t limit = tail_at + at;
  const bool needs64 = directory.offset == kMax32 || directory.size == kMax32 || directory.entries == kMax16;
  if (needs64 && limit >= kLocatorBytes) {
    std::byte locator[kLocatorBytes], end64[kEnd64Bytes];
    PARE_TRY(file.read_at(limit - kLocatorBytes, locator));
    if (u32(locator, 0) == kEnd64Locator) {
      const uint64_t end64_at = u64(locator, 8);
      if (end64_at > file.size() || file.size() - end64_at < kEnd64Bytes)
        return fail("its zip64 directory lies outside the file");
      PARE_TRY(file.read_at(end64_at, end64));
      if (u32(end64, 0) != kEnd64) return fail("its zip64 directory is damaged");
      directory = {u64(end64, 48), u64(end64, 40), u64(end64, 32)};
      limit = end64_at;
    }
  }
  if (directory.offset > limit || directory.size > limit - directory.offset)
    return fail("its zip directory lies outside the file");
  if (directory.entries > directory.size / kDirectoryBytes) {
    return fail("its zip directory declares " + std::to_string(directory.entries) + " members in " +
                std::to_string(directory.size) + " bytes");
  }
  return directory;
}

// Replaces the fields that a zip64 extra block carries (APPNOTE 4.5.3).
Result<void> apply_zip64(std::span<const std::byte> extra, ZipEntry& entry, uint64_t& header_offset,
                         const std::string& where) {
  const bool want[] = {entry.size == kMax32, entry.stored_size == kMax32, header_offset == kMax32};
  uint64_t* const field[] = {&entry.size, &entry.stored_size, &header_offset};
  if (!want[0] && !want[1] && !want[2]) return {};
  for (size_t at = 0; at + 4 <= extra.size();) {
    const size_t length = u16(extra, at + 2);
    if (length > extra.size() - at - 4) break;
    if (u16(extra, at) == kZip64Extra) {
      size_t next = at + 4;
      for (int i = 0; i < 3; ++i) {
        if (!want[i]) continue;
        if (next + 8 > at + 4 + length) return input_error(where + ": its zip64 sizes are incomplete");
        *field[i] = u64(extra, next);
        next += 8;
      }
      return {};
    }
    at += 4 + length;
  }
  return {};
}

Result<void> locate(const InputFile& file, uint64_t header_offset, ZipEntry& entry, const std::string& where) {
  if (header_offset > file.size() || file.size() - header_offset < kLocalBytes) {
    return input_error(where + ": its header lies outside the file; the file is truncated");
  }
  std::byte local[kLocalBytes];
  PARE_TRY(file.read_at(header_offset, local));
  if (u32(local, 0) != kLocalHeader) return input_error(where + ": its header is damaged");
  entry.data_offset = header_offset + kLocalBytes + u16(local, 26) + u16(local, 28);
  if (entry.data_offset > file.size() || entry.stored_size > file.size() - entry.data_offset) {
    return input_error(where + ": declares " + std::to_string(entry.stored_size) +
                       " bytes, more than the file holds; the file is truncated");
  }
  if (!entry.deflated && entry.readable && entry.size != entry.stored_size) {
    return input_error(where + ": is stored as " + std::to_string(entry.stored_size) + " bytes but declares " +
                       std::to_string(entry.size));
  }
  if (entry.deflated && entry.size / kMaxInflation > entry.stored_size) {
    return input_error(where + ": declares " + std::to_string(entry.size) + " bytes, more than its " +
                       std::to_string(entry.stored_size) + " compressed bytes can hold");
  }
  return {};
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const InputFile& file) {
  PARE_ASSIGN(const Directory directory, find_directory(file));
  std::vector<std::byte> bytes(static_cast<size_t>(directory.size));
  PARE_TRY(file.read_at(directory.offset, bytes));
  std::vector<ZipEntry> entries;
  size_t at = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    const std::string nth = file.path() + ", member " + std::to_string(i + 1);
    if (bytes.size() - at < kDirectoryBytes || u32(bytes, at) != kDirectoryHeader) {
      return input_error(nth + ": the zip directory is damaged");
    }
    const size_t name = u16(bytes, at + 28), extra = u16(bytes, at + 30), comment = u16(bytes, at + 32);
    if (name + extra + comment > bytes.size() - at - kDirectoryBytes)
      return input_error(nth + ": the zip directory is damaged");
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char*>(bytes.data()) + at + kDirectoryBytes, name);
    const uint16_t flags = u16(bytes, at + 8), method = u16(bytes, at + 10);
    entry.deflated = method == kDeflated;
    entry.readable = (flags & kEncrypted) == 0 && (method == kStored || method == kDeflated);
    entry.crc = u32(bytes, at + 16);
    entry.stored_size = u32(bytes, at + 20);
    entry.size = u32(bytes, at + 24);
    uint64_t header_offset = u32(bytes, at + 42);
    const std::string where = file.path() + ", member '" + entry.name + "'";
    PARE_TRY(apply_zip64(std::span(bytes).subspan(at + kDirectoryBytes + name, extra), entry, header_offset, where));
    PARE_TRY(locate(file, header_offset, entry, where));
    entries.push_back(std::move(entry));
    at += kDirectoryBytes + name + extra + comment;
  }
  return entries;
}

Result<ZipWriter> ZipWriter::create(const std::string& path) {
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  return ZipWriter(std::move(file));
}

namespace {

// Deflates head and body as one raw stream.
Result<std::string> deflate_all(std::span<const std::byte> head, std::span<const std::byte> body) {
  z_stream z{};
  if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Failure{ErrorCode::internal, "zlib could not start"};
  }
  std::string out;
  char chunk[1u << 15];
  const std::span<const std::byte> parts[] = {head, body};
  for (int p = 0; p < 2; ++p) {
    std::span<const std::byte> rest = parts[p];
    do {
      const size_t part = std::min<size_t>(rest.size(), 1u << 30);
      z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest.data()));
      z.avail_in = static_cast<uInt>(part);
      rest = rest.subspan(part);
      const int flush = p == 1 && rest.empty() ? Z_FINISH : Z_NO_FLUSH;
      do {
        z.next_out = reinterpret_cast<Bytef*>(chunk);
        z.avail_out = sizeof chunk;
        deflate(&z, flush);
        out.append(chunk, sizeof chunk - z.avail_out);
      } while (z.avail_out == 0);
    } while (!rest.empty());
  }
  deflateEnd(&z);
  return out;
}

void put_member_fields(std::string& out, const ZipEntry& entry, bool zip64) {
  put(out, 0, 2);  // flags
  put(out, entry.deflated ? kDeflated : kStored, 2);
  put(out, 0, 2);
  put(out, kMidnight1980, 2);
  put(out, entry.crc, 4);
  put(out, zip64 ? kMax32 : entry.stored_size, 4);
  put(out, zip64 ? kMax32 : entry.size, 4);
  put(out, entry.name.size(), 2);
}

}  // namespace

Result<void> ZipWriter::add(const std::string& name, std::span<const std::byte> head, std::span<const std::byte> body,
                            bool deflate) {
  ZipEntry entry;
  entry.name = name;
  entry.deflated = deflate;
  entry.size = entry.stored_size = head.size() + body.size();
  entry.crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(head.data()), head.size()));
  if (!body.empty()) {
    entry.crc = static_cast<uint32_t>(crc32_z(entry.crc, reinterpret_cast<const Bytef*>(body.data()), body.size()));
  }
  std::string packed;
  if (deflate) {
    PARE_ASSIGN(packed, deflate_all(head, body));
    entry.stored_size = packed.size();
  }
  const bool zip64 = std::max(entry.size, entry.stored_size) >= kMax32;
  std::string extra;
  if (zip64) {
    put(extra, kZip64Extra, 2);
    put(extra, 16, 2);
    put(extra, entry.size, 8);
    put(extra, entry.stored_size, 8);
  }
  const uint64_t header_offset = file_.position();
  if (!deflate) {
    const uint64_t body_at = header_offset + kLocalBytes + name.size() + extra.size() + 4 + head.size();
    const size_t padding = static_cast<size_t>((kAlignment - body_at % kAlignment) % kAlignment);
    put(extra, kPaddingExtra, 2);
    put(extra, padding, 2);
    extra.append(padding, '\0');
  }
  std::string header;
  put(header, kLocalHeader, 4);
  put(header, zip64 ? 45 : 20, 2);
  put_member_fields(header, entry, zip64);
  put(header, extra.size(), 2);
  header += name;
  header += extra;
  PARE_TRY(file_.write(header));
  if (deflate) {
    PARE_TRY(file_.write(packed));
  } else {
    PARE_TRY(file_.write(head));
    PARE_TRY(file_.write(body));
  }
  written_.push_back({std::move(entry), header_offset});
  return {};
}

Result<void> ZipWriter::commit() {
  const uint64_t directory_at = file_.position();
  std::string out;
  for (const Written& member : written_) {
    const ZipEntry& entry = member.entry;
    const bool zip64 = std::max({entry.size, entry.stored_size, member.header_offset}) >= kMax32;
    put(out, kDirectoryHeader, 4);
    put(out, zip64 ? 45 : 20, 2);
    put(out, zip64 ? 45 : 20, 2);
    put_member_fields(out, entry, zip64);
    put(out, zip64 ? 28 : 0, 2);
    put(out, 0, 2 + 2 + 2);  // comment, disk, internal attributes
    put(out, 0, 4);          // external attributes
    put(out, zip64 ? kMax32 : member.header_offset, 4);
    out += entry.name;
    if (!zip64) continue;
    put(out, kZip64Extra, 2);
    put(out, 24, 2);
    put(out, entry.size, 8);
    put(out, entry.stored_size, 8);
    put(out, member.header_offset, 8);
  }
  const uint64_t size = out.size();
  const bool zip64 = directory_at + size >= kMax32 || written_.size() >= kMax16;
  if (zip64) {
    put(out, kEnd64, 4);
    put(out, kEnd64Bytes - 12, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 8);  // this disk, directory's disk
    put(out, written_.size(), 8);
    put(out, written_.size(), 8);
    put(out, size, 8);
    put(out, directory_at, 8);
    put(out, kEnd64Locator, 4);
    put(out, 0, 4);
    put(out, directory_at + size, 8);
    put(out, 1, 4);
  }
  put(out, kEnd, 4);
  put(out, 0, 4);
  put(out, zip64 ? kMax16 : written_.size(), 2);
  put(out, zip64 ? kMax16 : written_.size(), 2);
  put(out, zip64 ? kMax32 : size, 4);
  put(out, zip64 ? kMax32 : directory_at, 4);
  put(out, 0, 2);
  PARE_TRY(file_.write(out));
  return file_.commit();
}

}  // namespace pare
