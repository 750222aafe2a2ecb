// Tokens of the text form.
#pragma once

#include <string>
#include <string_view>

#include "graph/result.h"

namespace pare {

struct Token {
  enum class Kind : uint8_t {
    word,      // a name, keyword or number: letters, digits and _ . / - +
    text,      // "..." with its escapes resolved
    prefixed,  // word"...", as base64"AAAA"; `prefix` holds the word
    mark,      // one of the characters { } ( ) [ ] : = , @ ? *
    bad,       // what does not belong here; `content` says what it is
    end,
  };
  Kind kind = Kind::end;
  std::string content;
  std::string prefix;
  int line = 1;
  int column = 1;

  bool is_mark(char c) const { return kind == Kind::mark && content[0] == c; }
  bool is_word(std::string_view word) const { return kind == Kind::word && content == word; }
};

// One token of lookahead.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  const Token& peek() const { return token_; }
  // The line on which the token before this one ended.
  int last_line() const { return last_line_; }
  Token next();
  bool accept(char mark);
  bool accept_word(std::string_view word);
  Result<void> expect(char mark);
  // "line:column: found ..., expected ...", at the present token.
  Failure unexpected(const std::string& expected) const;
  static Failure unexpected(const Token& token, const std::string& expected);

 private:
  void advance();
  void skip_blanks();
  void read_text();
  void fault(std::string what);
  void step();

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
  int last_line_ = 1;
  Token token_;
};

}  // namespace pare
