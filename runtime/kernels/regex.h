// Regular expressions in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), matched in time linear in the
// text: an automaton that follows all its states at once. Unicode classes (\p) and \C are not known; (?i) folds the
// case of ASCII letters.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/result.h"

namespace pare::kernels {

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern);  // UTF-8
  bool matches_all(std::string_view text) const;           // UTF-8; a byte that is none counts as U+FFFD

  // One step of the automaton.
  struct Step {
    enum class Kind : uint8_t { letter, split, jump, assertion, done };
    Kind kind = Kind::done;
    int first = 0, second = 0;  // where to go on; of a split both
    int which = 0;              // the set of letters, or the assertion
  };
  struct Letters {
    std::vector<std::pair<char32_t, char32_t>> ranges;  // first and last code point of each
    bool negated = false;
    bool contains(char32_t letter) const;
  };

 private:
  std::vector<Step> steps_;
  std::vector<Letters> letters_;
};

}  // namespace pare::kernels
