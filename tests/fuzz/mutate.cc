#include "tests/fuzz/mutate.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "formats/pare/layout.h"
#include "tests/fuzz/message.h"

namespace pare::fuzz {
namespace {

size_t pick(std::mt19937& random, size_t limit) { return limit == 0 ? 0 : random() % limit; }

template <class T>
T load(const FileBytes& bytes, size_t at) {
  T value;
  std::memcpy(&value, &bytes[at], sizeof value);
  return value;
}

void append(FileBytes& to, std::span<const std::byte> bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
void append(FileBytes& to, uint32_t value) { append(to, std::as_bytes(std::span(&value, 1))); }

}  // namespace

// The structure of a model stands in its first and last kilobytes, so half of the edits go there.
FileBytes mutate_bytes(FileBytes bytes, std::mt19937& random) {
  const size_t edits = 1 + pick(random, 8);
  for (size_t i = 0; i < edits && bytes.size() > 16; ++i) {
    const size_t end = std::min<size_t>(2048, bytes.size());
    size_t at = pick(random, bytes.size());
    if (random() % 2) at = random() % 2 ? pick(random, end) : bytes.size() - 1 - pick(random, end);
    switch (random() % 6) {
      case 0:
        bytes[at] ^= std::byte{static_cast<uint8_t>(1u << (random() % 8))};
        break;
      case 1:
        bytes[at] = std::byte{static_cast<uint8_t>(random())};
        break;
      case 2:
        bytes[at] = random() % 2 ? std::byte{0xff} : std::byte{0};
        break;
      case 3:
        bytes.resize(at + 1);
        break;
      case 4: {
        const std::byte filler{static_cast<uint8_t>(random())};
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + pick(random, 16), filler);
        break;
      }
      default: {
        const size_t length = std::min(size_t{1} + pick(random, 32), bytes.size() - at);
        std::memmove(&bytes[at], &bytes[pick(random, bytes.size() - length + 1)], length);
      }
    }
  }
  return bytes;
}

FileBytes mutate_message(const FileBytes& bytes, std::mt19937& random) {
  auto message = parse_message(bytes);
  if (!message) return mutate_bytes(bytes, random);
  const size_t edits = 1 + pick(random, 3);
  for (size_t i = 0; i < edits; ++i) damage(*message, random);
  return write_message(*message);
}

FileBytes mutate_pare(const FileBytes& bytes, std::mt19937& random) {
  namespace layout = file_layout;
  if (bytes.size() < layout::kHeaderBytes + layout::kTrailerBytes) return mutate_bytes(bytes, random);
  const size_t trailer = bytes.size() - layout::kTrailerBytes;
  const auto stored = load<uint32_t>(bytes, trailer), raw = load<uint32_t>(bytes, trailer + 4);
  if (stored > trailer - layout::kHeaderBytes || raw > (1u << 26)) return mutate_bytes(bytes, random);
  FileBytes manifest(bytes.begin() + static_cast<std::ptrdiff_t>(trailer - stored),
                     bytes.begin() + static_cast<std::ptrdiff_t>(trailer));
  if (bytes[5] != std::byte{0}) {
    FileBytes inflated(raw);
    if (ZSTD_isError(ZSTD_decompress(inflated.data(), raw, manifest.data(), manifest.size()))) {
      return mutate_bytes(bytes, random);
    }
    manifest = std::move(inflated);
  }
  manifest = random() % 4 ? mutate_message(manifest, random) : mutate_bytes(manifest, random);
  FileBytes out(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(trailer - stored));
  out[5] = std::byte{0};
  append(out, manifest);
  append(out, static_cast<uint32_t>(manifest.size()));
  append(out, static_cast<uint32_t>(manifest.size()));
  append(out, static_cast<uint32_t>(
                  crc32(0, reinterpret_cast<const Bytef*>(manifest.data()), static_cast<uInt>(manifest.size()))));
  return out;
}

FileBytes mutate_text(const FileBytes& bytes, std::mt19937& random) {
  static const char* const kWords[] = {"-1",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "99999999999999999999",
                                       "0",
                                       "nan",
                                       "1e999",
                                       "[]",
                                       "{",
                                       "}",
                                       "(",
                                       ")",
                                       "\"",
                                       "float32[2,3]",
                                       "int4[7]",
                                       "_",
                                       "graph {",
                                       "output y",
                                       "base64\"AAAA\"",
                                       ",",
                                       "=",
                                       "4000000000"};
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t edits = 1 + pick(random, 4);
  for (size_t i = 0; i < edits && !text.empty(); ++i) {
    const size_t at = pick(random, text.size());
    const std::string word = kWords[pick(random, std::size(kWords))];
    const size_t line = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
    const size_t line_end = std::min(text.find('\n', at), text.size() - 1) + 1;
    switch (random() % 4) {
      case 0:
        text.insert(at, word);
        break;
      case 1:
        text.replace(at, std::min(text.find_first_not_of("0123456789", at), text.size()) - at, word);
        break;
      case 2:
        text.erase(line, line_end - line);
        break;
      default:
        text.insert(pick(random, text.size()), text.substr(line, line_end - line));
    }
  }
  const auto out = std::as_bytes(std::span(text));
  return {out.begin(), out.end()};
}

FileBytes mutate_file(const FileBytes& bytes, const std::string& extension, std::mt19937& random) {
  const bool structured = random() % 2;
  if (structured && extension == ".onnx") return mutate_message(bytes, random);
  if (structured && extension == ".pare") return mutate_pare(bytes, random);
  if (structured && extension == ".txt") return mutate_text(bytes, random);
  return mutate_bytes(bytes, random);
}

}  // namespace pare::fuzz
