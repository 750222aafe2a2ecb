// The tree of a regular expression, for regex.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/kernels/regex.h"

namespace pare::kernels {

enum Assertion { begin_text, end_text, begin_line, end_line, word_edge, no_word_edge };

struct RegexNode {
  enum class Kind : uint8_t { empty, letter, assertion, both, either, repeat };
  Kind kind = Kind::empty;
  int first = -1, second = -1;  // children
  int which = 0;                // letters or assertion
  int least = 0, most = -1;     // of a repeat; most -1 is any number
};

struct RegexTree {
  std::vector<RegexNode> nodes;
  std::vector<Regex::Letters> letters;
  int root = 0;
};

Result<RegexTree> parse_regex(std::string_view pattern);

// The code points of UTF-8 text; a byte that is none becomes U+FFFD.
std::u32string code_points(std::string_view text);

// [0-9A-Za-z_]
bool is_word_letter(char32_t c);

}  // namespace pare::kernels
