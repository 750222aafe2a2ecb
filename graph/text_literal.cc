#include "graph/text_literal.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace pare {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::array<std::string_view, 10> kReserved{"input", "const",    "output",  "domain", "meta",
                                                     "graph", "captures", "capture", "_",      "..."};

bool is_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!is_word_char(c)) return false;
  }
  return true;
}

template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return std::signbit(value) ? "-nan" : "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

template <class T>
std::optional<T> parse_number(std::string_view word) {
  if (word == "nan") return std::numeric_limits<T>::quiet_NaN();
  if (word == "-nan") return -std::numeric_limits<T>::quiet_NaN();
  if (word == "inf") return std::numeric_limits<T>::infinity();
  if (word == "-inf") return -std::numeric_limits<T>::infinity();
  // from_chars would take "infinity" and "nan(...)" too.
  if (word.empty() || word.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  T value{};
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == '-' || c == '+';
}

std::string written_name(std::string_view name) {
  for (const std::string_view reserved : kReserved) {
    if (name == reserved) return quoted(name);
  }
  return is_word(name) ? std::string(name) : quoted(name);
}

std::string written_symbol(std::string_view symbol) {
  const bool number_like = !symbol.empty() && ((symbol[0] >= '0' && symbol[0] <= '9') || symbol[0] == '-');
  return is_word(symbol) && !number_like ? std::string(symbol) : quoted(symbol);
}

std::string quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result += hex[byte >> 4];
      result += hex[byte & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string number_text(float value) { return shortest(value); }
std::string number_text(double value) { return shortest(value); }

std::string float_literal(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value) && bits != 0x7fc00000u) {
    std::array<char, 8> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), bits, 16);
    return "f32\"" + std::string(hex.data(), end.ptr) + '"';
  }
  std::string text = shortest(value);
  if (text.find_first_of(".en") == std::string::npos) text += 'f';  // 'n' stands in nan and inf
  return text;
}

std::optional<float> parse_float_literal(std::string_view word) {
  if (!word.empty() && word.back() == 'f' && word != "inf" && word != "-inf") {
    word.remove_suffix(1);
  } else if (word.find_first_of(".en") == std::string_view::npos) {
    return std::nullopt;
  }
  return parse_float(word);
}

std::optional<float> parse_float(std::string_view word) { return parse_number<float>(word); }
std::optional<double> parse_double(std::string_view word) { return parse_number<double>(word); }

std::string base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? std::to_integer<uint32_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kBase64[group >> (18 - 6 * k) & 63u] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::array<int8_t, 256> digit{};
  digit.fill(-1);
  for (size_t i = 0; i < kBase64.size(); ++i) digit[static_cast<unsigned char>(kBase64[i])] = static_cast<int8_t>(i);
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const size_t count = last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 1 : 2) : 3;
    uint32_t group = 0;
    for (size_t k = 0; k < 4; ++k) {
      const int value = k <= count ? digit[static_cast<unsigned char>(text[i + k])] : 0;
      if (value < 0) return std::nullopt;
      group = group << 6 | static_cast<uint32_t>(value);
    }
    for (size_t k = 0; k < count; ++k) bytes += static_cast<char>(group >> (16 - 8 * k) & 0xffu);
  }
  return bytes;
}

}  // namespace pare
