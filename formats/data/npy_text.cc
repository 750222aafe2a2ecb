#include "formats/data/npy_text.h"

#include <algorithm>

namespace pare {
namespace {

// The code points of UTF-8 text; nullopt where it is malformed.
std::optional<std::u32string> code_points(const std::string& text) {
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead >= 0xF8 || (lead >= 0x80 && lead < 0xC2)) return std::nullopt;
    char32_t point = more == 0 ? lead : lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k) {
      if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return std::nullopt;
      point = point << 6 | (static_cast<unsigned char>(text[i++]) & 0x3F);
    }
    points.push_back(point);
  }
  return points;
}

}  // namespace

Result<NpyText> npy_text(const Tensor& tensor) {
  std::vector<std::u32string> elements;
  NpyText text;
  for (const std::string& value : tensor.string_values()) {
    auto points = code_points(value);
    if (!points) {
      return unsupported("element " + std::to_string(elements.size()) +
                         " is text that is not UTF-8, which NumPy files cannot hold");
    }
    text.width = std::max(text.width, points->size());
    elements.push_back(*std::move(points));
  }
  text.units.resize(elements.size() * text.width);
  for (size_t i = 0; i < elements.size(); ++i)
    std::copy(elements[i].begin(), elements[i].end(), text.units.begin() + static_cast<std::ptrdiff_t>(i * text.width));
  return text;
}

}  // namespace pare
