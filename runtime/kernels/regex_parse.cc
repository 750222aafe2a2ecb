#include "runtime/kernels/regex_parse.h"

#include <algorithm>
#include <array>
#include <optional>

namespace pare::kernels {
namespace {

using Letters = Regex::Letters;

constexpr int kDeepest = 200;
constexpr int kMostRepeats = 1000;  // as in RE2
constexpr char32_t kLast = 0x10FFFF;

struct NamedClass {
  std::u32string_view name;
  std::vector<std::pair<char32_t, char32_t>> ranges;
};

const std::vector<NamedClass>& posix_classes() {
  static const std::vector<NamedClass> classes{{U"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
                                               {U"alpha", {{'A', 'Z'}, {'a', 'z'}}},
                                               {U"ascii", {{0, 127}}},
                                               {U"blank", {{'\t', '\t'}, {' ', ' '}}},
                                               {U"cntrl", {{0, 31}, {127, 127}}},
                                               {U"digit", {{'0', '9'}}},
                                               {U"graph", {{'!', '~'}}},
                                               {U"lower", {{'a', 'z'}}},
                                               {U"print", {{' ', '~'}}},
                                               {U"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
                                               {U"space", {{'\t', '\r'}, {' ', ' '}}},
                                               {U"upper", {{'A', 'Z'}}},
                                               {U"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
                                               {U"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}}};
  return classes;
}

// \d, \s, \w and their capitals, which mean all others.
std::optional<Letters> escaped_class(char32_t letter) {
  switch (letter) {
    case 'd':
    case 'D':
      return Letters{{{'0', '9'}}, letter == 'D'};
    case 's':
    case 'S':
      return Letters{{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}, letter == 'S'};
    case 'w':
    case 'W':
      return Letters{{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, letter == 'W'};
    default:
      return std::nullopt;
  }
}

// Appends what the set holds, a negated one by its gaps.
void append(const Letters& from, Letters& to) {
  if (!from.negated) {
    to.ranges.insert(to.ranges.end(), from.ranges.begin(), from.ranges.end());
    return;
  }
  char32_t next = 0;
  for (const auto& [low, high] : from.ranges) {  // in order
    if (low > next) to.ranges.emplace_back(next, low - 1);
    next = high + 1;
  }
  to.ranges.emplace_back(next, kLast);
}

// The pattern as a tree of nodes, by recursive descent.
class Parser {
 public:
  explicit Parser(std::string_view pattern) : text_(code_points(pattern)) {}

  Result<RegexTree> parse() {
    PARE_ASSIGN(tree_.root, alternatives(0));
    if (at_ < text_.size()) return bad("has a ')' without its '('");
    return std::move(tree_);
  }

 private:
  struct Flags {
    bool fold = false, lines = false, dot_all = false;
  };

  Failure bad(const std::string& what) const {
    return input_error("the pattern " + what + ", at letter " + std::to_string(at_ + 1));
  }
  bool more() const { return at_ < text_.size(); }
  bool eat(std::u32string_view word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  int add(RegexNode node) {
    tree_.nodes.push_back(node);
    return static_cast<int>(tree_.nodes.size()) - 1;
  }
  int add_letters(Letters set) {
    if (flags_.fold) {
      for (size_t i = 0, count = set.ranges.size(); i < count; ++i) {
        const auto [low, high] = set.ranges[i];
        const auto twin = [&](char32_t first, char32_t last, int distance) {
          const char32_t from = std::max(low, first), to = std::min(high, last);
          if (from <= to) set.ranges.emplace_back(from + distance, to + distance);
        };
        twin('A', 'Z', 32);
        twin('a', 'z', -32);
      }
    }
    tree_.letters.push_back(std::move(set));
    return add({.kind = RegexNode::Kind::letter, .which = static_cast<int>(tree_.letters.size()) - 1});
  }
  int add_assertion(Assertion which) { return add({.kind = RegexNode::Kind::assertion, .which = which}); }
  int join(RegexNode::Kind kind, int first, int second) {
    return first < 0 ? second : add({.kind = kind, .first = first, .second = second});
  }

  Result<int> alternatives(int depth) {
    if (depth > kDeepest) return bad("is nested too deeply");
    int all = -1;
    do {
      int sequence = -1;
      while (more() && text_[at_] != '|' && text_[at_] != ')') {
        PARE_ASSIGN(const int next, repeated(depth));
        sequence = join(RegexNode::Kind::both, sequence, next);
      }
      all = join(RegexNode::Kind::either, all, sequence < 0 ? add({}) : sequence);
    } while (eat(U"|"));
    return all;
  }

  Result<int> repeated(int depth) {
    PARE_ASSIGN(int atom, this->atom(depth));
    for (bool again = false; more(); again = true) {
      RegexNode node{.kind = RegexNode::Kind::repeat, .first = atom};
      if (eat(U"*")) {
      } else if (eat(U"+")) {
        node.least = 1;
      } else if (eat(U"?")) {
        node.most = 1;
      } else if (!counts(node)) {
        break;
      }
      if (again) return bad("repeats a repetition");
      if (node.least > kMostRepeats || node.most > kMostRepeats || (node.most >= 0 && node.most < node.least))
        return bad("has a bad number of repetitions");
      eat(U"?");  // which way is tried first does not matter for a match of the whole
      atom = add(node);
    }
    return atom;
  }

  // {n}, {n,} or {n,m}; anything else in braces stands for itself.
  bool counts(RegexNode& node) {
    const size_t start = at_;
    const auto number = [&]() -> std::optional<int> {
      std::optional<int> value;
      for (; more() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
        value = std::min(value.value_or(0) * 10 + static_cast<int>(text_[at_] - '0'), kMostRepeats + 1);
      return value;
    };
    if (eat(U"{")) {
      if (const auto least = number()) {
        node.least = *least;
        node.most = eat(U",") ? number().value_or(-1) : *least;
        if (eat(U"}")) return true;
      }
    }
    at_ = start;
    return false;
  }

  Result<int> group(int depth) {
    const Flags outer = flags_;
    if (eat(U"?P<") || eat(U"?<")) {
      while (more() && is_word_letter(text_[at_])) ++at_;
      if (!eat(U">")) return bad("has a bad name of a group");
    } else if (eat(U"?")) {
      for (bool on = true; more() && text_[at_] != ':' && text_[at_] != ')'; ++at_) {
        switch (text_[at_]) {
          case '-':
            on = false;
            break;
          case 'i':
            flags_.fold = on;
            break;
          case 'm':
            flags_.lines = on;
            break;
          case 's':
            flags_.dot_all = on;
            break;
          case 'U':
            break;
          default:
            return bad("has an unknown flag or kind of group");
        }
      }
      if (eat(U")")) return add({});  // the flags hold to the end of the enclosing group
      if (!eat(U":")) return bad("lacks a ')'");
    }
    PARE_ASSIGN(const int inside, alternatives(depth + 1));
    if (!eat(U")")) return bad("lacks a ')'");
    flags_ = outer;
    return inside;
  }

  Result<int> atom(int depth) {
    const char32_t letter = text_[at_++];
    switch (letter) {
      case '(': {
        return group(depth);
      }
      case '[':
        return bracket();
      case '.':
        return add_letters(flags_.dot_all ? Letters{{{0, kLast}}} : Letters{{{0, '\n' - 1}, {'\n' + 1, kLast}}});
      case '^':
        return add_assertion(flags_.lines ? begin_line : begin_text);
      case '$':
        return add_assertion(flags_.lines ? end_line : end_text);
      case '*':
      case '+':
      case '?':
        return bad("repeats nothing");
      case '\\':
        return escape();
      default:
        return add_letters({{{letter, letter}}});
    }
  }

  Result<int> escape() {
    if (!more()) return bad("ends in a backslash");
    const char32_t letter = text_[at_];
    constexpr std::u32string_view kPlaces = U"AzbB";
    constexpr std::array<Assertion, 4> kAssertions{begin_text, end_text, word_edge, no_word_edge};
    if (const size_t place = kPlaces.find(letter); place != std::u32string_view::npos) {
      ++at_;
      return add_assertion(kAssertions[place]);
    }
    if (auto set = escaped_class(letter)) {
      ++at_;
      return add_letters(*std::move(set));
    }
    if (letter == 'Q') return quoted();
    PARE_ASSIGN(const char32_t plain, escaped_letter());
    return add_letters({{{plain, plain}}});
  }

  Result<int> quoted() {  // \Q...\E
    ++at_;
    int all = -1;
    while (more() && !eat(U"\\E")) {
      const int next = add_letters({{{text_[at_], text_[at_]}}});
      all = join(RegexNode::Kind::both, all, next);
      ++at_;
    }
    return all < 0 ? add({}) : all;
  }

  // Behind the backslash.
  Result<char32_t> escaped_letter() {
    const char32_t letter = text_[at_++];
    constexpr std::u32string_view kNames = U"afnrtv";
    constexpr std::array<char32_t, 6> kValues{7, 12, 10, 13, 9, 11};
    if (const size_t place = kNames.find(letter); place != std::u32string_view::npos) return kValues[place];
    if (letter == 'x') return hexadecimal();
    if (letter >= '0' && letter <= '7') {
      char32_t value = letter - '0';
      for (int i = 0; i < 2 && more() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
        value = value * 8 + (text_[at_++] - '0');
      return value;
    }
    if (is_word_letter(letter) || letter >= 128) return bad("has an escape that is not known");
    return letter;
  }

  Result<char32_t> hexadecimal() {
    const bool braces = eat(U"{");
    char32_t value = 0;
    for (int digits = 0; more() && (braces ? text_[at_] != '}' : digits < 2); ++digits, ++at_) {
      const char32_t c = text_[at_];
      const int digit = c >= '0' && c <= '9'   ? static_cast<int>(c - '0')
                        : c >= 'a' && c <= 'f' ? static_cast<int>(c - 'a') + 10
                        : c >= 'A' && c <= 'F' ? static_cast<int>(c - 'A') + 10
                                               : -1;
      value = value * 16 + static_cast<char32_t>(std::max(digit, 0));
      if (digit < 0 || value > kLast) return bad("has a bad hexadecimal number");
    }
    if (braces && !eat(U"}")) return bad("has a bad hexadecimal number");
    return value;
  }

  Result<int> bracket() {  // behind '['
    Letters set;
    const bool negated = eat(U"^");
    for (bool first = true; first || !(more() && text_[at_] == ']'); first = false) {
      if (!more()) return bad("lacks a ']'");
      if (eat(U"[:")) {
        PARE_ASSIGN(const Letters named, posix());
        append(named, set);
        continue;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        if (const auto escaped = escaped_class(text_[at_ + 1])) {
          append(*escaped, set);
          at_ += 2;
          continue;
        }
      }
      PARE_ASSIGN(const char32_t low, bracket_letter());
      char32_t high = low;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        PARE_ASSIGN(high, bracket_letter());
      }
      if (high < low) return bad("has a range that ends before it begins");
      set.ranges.emplace_back(low, high);
    }
    ++at_;
    const int node = add_letters(std::move(set));
    tree_.letters.back().negated = negated;
    return node;
  }

  Result<char32_t> bracket_letter() {
    if (!more()) return bad("lacks a ']'");
    if (!eat(U"\\")) return text_[at_++];
    if (!more()) return bad("ends in a backslash");
    return escaped_letter();
  }

  Result<Letters> posix() {
    const bool negated = eat(U"^");
    for (const NamedClass& candidate : posix_classes()) {
      const size_t start = at_;
      if (eat(candidate.name) && eat(U":]")) return Letters{candidate.ranges, negated};
      at_ = start;
    }
    return bad("has an unknown class of letters");
  }

  RegexTree tree_;
  std::u32string text_;
  size_t at_ = 0;
  Flags flags_;
};

}  // namespace

Result<RegexTree> parse_regex(std::string_view pattern) { return Parser(pattern).parse(); }

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const unsigned lead = byte(i);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xC2 && lead < 0xE0 ? 2
                          : lead >= 0xE0 && lead < 0xF0 ? 3
                          : lead >= 0xF0 && lead < 0xF5 ? 4
                                                        : 0;
    char32_t letter = length == 1 ? lead : length == 0 ? 0 : lead & (0xFFu >> (length + 1));
    bool valid = length > 0;
    for (size_t k = 1; k < length; ++k) {
      valid = valid && (byte(i + k) & 0xC0) == 0x80;
      letter = letter << 6 | (byte(i + k) & 0x3F);
    }
    out += valid && letter <= kLast ? letter : U'\uFFFD';
    i += valid ? length : 1;
  }
  return out;
}

bool is_word_letter(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace pare::kernels
