#include "graph/text_lexer.h"

#include <algorithm>

#include "graph/text_literal.h"

namespace pare {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string shortened(std::string_view text) {
  constexpr size_t most = 40;
  return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

std::string shown(const Token& token) {
  if (token.kind == Token::Kind::end) return "the end";
  if (token.kind == Token::Kind::bad) return token.content;
  if (token.kind == Token::Kind::text) return quoted(shortened(token.content));
  if (token.kind == Token::Kind::prefixed) return token.prefix + quoted(shortened(token.content));
  return '\'' + shortened(token.content) + '\'';
}

}  // namespace

void Lexer::step() {
  if (text_[at_] == '\n') {
    ++line_;
    column_ = 1;
  } else {
    ++column_;
  }
  ++at_;
}

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') step();
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      step();
    } else {
      return;
    }
  }
}

void Lexer::fault(std::string what) {
  if (token_.kind == Token::Kind::bad) return;
  token_.kind = Token::Kind::bad;
  token_.content = std::move(what);
}

// From the opening quote to behind the closing one, or to the first fault.
void Lexer::read_text() {
  constexpr std::string_view escapes = "nrt\"\\";
  constexpr std::string_view meanings = "\n\r\t\"\\";
  step();
  while (at_ < text_.size() && text_[at_] != '"') {
    if (text_[at_] == '\n') {
      token_.content += '\n';
      step();
      continue;
    }
    if (text_[at_] != '\\') {  // a run up to something special: constants may be long
      const size_t stop = std::min(text_.find_first_of("\\\"\n", at_), text_.size());
      token_.content += text_.substr(at_, stop - at_);
      column_ += static_cast<int>(stop - at_);
      at_ = stop;
      continue;
    }
    step();
    if (at_ >= text_.size()) break;
    const char escape = text_[at_];
    const size_t which = escapes.find(escape);
    if (which != std::string_view::npos) {
      token_.content += meanings[which];
    } else if (escape == 'x' && at_ + 2 < text_.size() && hex_digit(text_[at_ + 1]) >= 0 &&
               hex_digit(text_[at_ + 2]) >= 0) {
      token_.content += static_cast<char>(hex_digit(text_[at_ + 1]) * 16 + hex_digit(text_[at_ + 2]));
      step();
      step();
    } else {
      return fault("an unknown escape in quoted text");
    }
    step();
  }
  if (at_ >= text_.size()) return fault("text without its closing quote");
  step();
}

void Lexer::advance() {
  last_line_ = line_;
  skip_blanks();
  token_ = Token{};
  token_.line = line_;
  token_.column = column_;
  if (at_ >= text_.size()) return;
  const char c = text_[at_];
  if (is_word_char(c)) {
    const size_t begin = at_;
    while (at_ < text_.size() && is_word_char(text_[at_])) step();
    token_.kind = Token::Kind::word;
    token_.content = std::string(text_.substr(begin, at_ - begin));
    if (at_ < text_.size() && text_[at_] == '"') {
      token_.kind = Token::Kind::prefixed;
      token_.prefix = std::move(token_.content);
      token_.content.clear();
      read_text();
    }
  } else if (c == '"') {
    token_.kind = Token::Kind::text;
    read_text();
  } else {
    token_.kind = Token::Kind::mark;
    token_.content = std::string(1, c);
    if (std::string_view("{}()[]:=,@?*").find(c) == std::string_view::npos)
      fault("a stray character " + quoted(token_.content));
    step();
  }
}

Token Lexer::next() {
  Token token = std::move(token_);
  advance();
  return token;
}

bool Lexer::accept(char mark) {
  if (!token_.is_mark(mark)) return false;
  advance();
  return true;
}

bool Lexer::accept_word(std::string_view word) {
  if (!token_.is_word(word)) return false;
  advance();
  return true;
}

Result<void> Lexer::expect(char mark) {
  if (accept(mark)) return {};
  return unexpected(std::string("'") + mark + '\'');
}

Failure Lexer::unexpected(const std::string& expected) const { return unexpected(token_, expected); }

Failure Lexer::unexpected(const Token& token, const std::string& expected) {
  return input_error(std::to_string(token.line) + ':' + std::to_string(token.column) + ": found " + shown(token) +
                     ", expected " + expected);
}

}  // namespace pare
