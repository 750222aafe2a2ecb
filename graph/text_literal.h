// Literals of the text form, shared by printing and parsing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pare {

// Names and symbols that need no quotes consist of these.
bool is_word_char(char c);
// A value's name as it is written: bare, or quoted where it could be taken for something else.
std::string written_name(std::string_view name);
std::string written_symbol(std::string_view symbol);  // of a dimension
std::string quoted(std::string_view text);            // with \n \r \t \" \\ and \xHH

// The shortest text that reads back to the same number; NaN and infinities by name.
std::string number_text(float value);
std::string number_text(double value);
// An attribute: always with '.', 'e' or the suffix f; a NaN other than the usual one as f32"<bits in hex>".
std::string float_literal(float value);
std::optional<float> parse_float_literal(std::string_view word);
// A number of a constant: integers are fine too.
std::optional<float> parse_float(std::string_view word);
std::optional<double> parse_double(std::string_view word);

std::string base64(std::span<const std::byte> bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace pare
