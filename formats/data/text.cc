#include "formats/data/text.h"

#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <queue>

#include "formats/file.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostTokens = int64_t{1} << 24;

std::string find_vocabulary(const TokenForm& form, const std::string& data) {
  const fs::path beside = fs::path(form.folder) / form.vocabulary;
  std::error_code error;
  if (fs::path(form.vocabulary).is_absolute() || fs::exists(beside, error)) return beside.string();
  const fs::path folder = fs::is_directory(data, error) ? fs::path(data) : fs::path(data).parent_path();
  return fs::exists(folder / form.vocabulary, error) ? (folder / form.vocabulary).string() : beside.string();
}

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The bytes of the code point that begins at `at`; a byte that begins none stands for itself.
size_t code_point(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < length; ++i)
    if (at + i >= text.size() || (static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 1;
  return length;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; (at = text.find_first_not_of(" \t\r\n", at)) != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace

Result<void> Tokenizer::add(const std::string& token, int64_t number, const std::string& path) {
  if (number < 0 || number >= kMostTokens)
    return input_error(path + ": token '" + token + "' has the number " + std::to_string(number) +
                       "; expected one from 0 to " + std::to_string(kMostTokens - 1));
  if (!numbers_.emplace(token, number).second) return input_error(path + ": holds token '" + token + "' twice");
  return {};
}

Result<void> Tokenizer::read_vocabulary(const std::string& path) {
  PARE_ASSIGN(const std::string text, read_text_file(path));
  if (fs::path(path).extension() != ".json") {
    int64_t number = 0;
    for (size_t at = 0; at < text.size(); ++number) {
      const size_t end = std::min(text.find('\n', at), text.size());
      std::string token = text.substr(at, end - at);
      if (!token.empty() && token.back() == '\r') token.pop_back();
      PARE_TRY(add(token, number, path));
      at = end + 1;
    }
    return {};
  }
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const std::string named = form_.key.empty() ? path : path + ", '" + form_.key + "'";
  if (!form_.key.empty()) json = json.is_object() && json.contains(form_.key) ? json[form_.key] : nlohmann::json();
  if (!json.is_array() && !json.is_object())
    return input_error(named +
                       ": is no vocabulary; expected a JSON list of tokens, or an object from tokens to numbers" +
                       (form_.key.empty() ? ", or 'key' to name one in an object" : ""));
  int64_t next = 0;
  for (const auto& [key, value] : json.items()) {
    const bool good = json.is_array() ? value.is_string() : value.is_number_integer();
    if (!good)
      return input_error(named + ": entry '" + key + "' is " +
                         value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 40) +
                         "; expected a " + (json.is_array() ? "token" : "token's number"));
    PARE_TRY(
        add(json.is_array() ? value.get<std::string>() : key, json.is_array() ? next++ : value.get<int64_t>(), named));
  }
  return {};
}

Result<void> Tokenizer::read_bpe(const std::string& path) {
  PARE_ASSIGN(const auto buffer, map_file(path));
  const auto bytes = buffer->bytes();
  const auto fail = [&](const std::string& why) {
    return input_error(path + ": " + why + "; expected a tokenizer file of llama2.c");
  };
  for (size_t at = 4; at < bytes.size();) {
    float score = 0;
    int32_t length = 0;
    if (bytes.size() - at < 8) return fail("ends inside token " + std::to_string(pieces_.size()));
    std::memcpy(&score, bytes.data() + at, 4);
    std::memcpy(&length, bytes.data() + at + 4, 4);
    at += 8;
    if (length < 0 || static_cast<size_t>(length) > bytes.size() - at || !(score == score))
      return fail("token " + std::to_string(pieces_.size()) + " claims " + std::to_string(length) + " bytes and " +
                  std::to_string(bytes.size() - at) + " are left");
    const std::string piece(reinterpret_cast<const char*>(bytes.data()) + at, static_cast<size_t>(length));
    numbers_.emplace(piece, static_cast<int64_t>(pieces_.size()));  // of pieces that read the same, the first
    pieces_.push_back(piece);
    scores_.push_back(score);
    at += static_cast<size_t>(length);
  }
  if (pieces_.size() < 3 + 256) return fail("holds " + std::to_string(pieces_.size()) + " tokens");
  return {};
}

Result<std::optional<int64_t>> Tokenizer::number_of(const TokenName& token, const std::string& what) const {
  if (token.text.empty()) return token.number;
  if (const auto found = numbers_.find(token.text); found != numbers_.end()) return std::optional(found->second);
  return input_error(where_ + ": holds no token '" + token.text + "', which is to be '" + what +
                     "'; a token may also be given by its number");
}

Result<Tokenizer> Tokenizer::open(const TokenForm& form, const std::string& data) {
  Tokenizer tokenizer;
  tokenizer.form_ = form;
  if (!form.vocabulary.empty()) {
    tokenizer.where_ = find_vocabulary(form, data);
    if (form.kind == TokenForm::Kind::bpe)
      PARE_TRY(tokenizer.read_bpe(tokenizer.where_));
    else
      PARE_TRY(tokenizer.read_vocabulary(tokenizer.where_));
  } else {
    tokenizer.where_ = "the vocabulary";
    for (size_t i = 0; i < form.tokens.size(); ++i)
      PARE_TRY(tokenizer.add(form.tokens[i], static_cast<int64_t>(i), tokenizer.where_));
  }
  PARE_ASSIGN(tokenizer.unknown_, tokenizer.number_of(form.unknown, "unknown"));
  PARE_ASSIGN(tokenizer.begin_, tokenizer.number_of(form.begin, "begin"));
  PARE_ASSIGN(tokenizer.end_, tokenizer.number_of(form.end, "end"));
  return tokenizer;
}

Result<int64_t> Tokenizer::lookup(const std::string& token) const {
  if (const auto found = numbers_.find(token); found != numbers_.end()) return found->second;
  if (unknown_) return *unknown_;
  return input_error("holds '" + token.substr(0, 40) + "', which is not in " + where_ +
                     "; name the token that stands for such with 'unknown'");
}

std::vector<int64_t> Tokenizer::bpe_pieces(std::string_view text) const {
  struct Piece {
    int64_t token;
    int64_t before, after;  // -1: none
    bool gone = false;
  };
  std::vector<Piece> pieces;
  const std::string spaced = text.empty() ? std::string() : " " + std::string(text);
  const auto push = [&](int64_t token) {
    const auto i = static_cast<int64_t>(pieces.size());
    if (i > 0) pieces.back().after = i;
    pieces.push_back({token, i - 1, -1});
  };
  for (size_t at = 0; at < spaced.size();) {
    const size_t length = code_point(spaced, at);
    const auto found = numbers_.find(spaced.substr(at, length));
    if (found != numbers_.end())
      push(found->second);
    else
      for (size_t i = 0; i < length; ++i) push(3 + static_cast<unsigned char>(spaced[at + i]));
    at += length;
  }
  struct Union {
    float score;
    int64_t left, right, left_token, right_token, token;
    bool operator<(const Union& other) const {  // the highest score first, of equals the leftmost
      return score != other.score ? score < other.score : left > other.left;
    }
  };
  std::priority_queue<Union> unions;
  const auto consider = [&](int64_t left, int64_t right) {
    if (left < 0 || right < 0) return;
    const int64_t a = pieces[static_cast<size_t>(left)].token, b = pieces[static_cast<size_t>(right)].token;
    const auto found = numbers_.find(pieces_[static_cast<size_t>(a)] + pieces_[static_cast<size_t>(b)]);
    if (found != numbers_.end())
      unions.push({scores_[static_cast<size_t>(found->second)], left, right, a, b, found->second});
  };
  for (size_t i = 0; i + 1 < pieces.size(); ++i) consider(static_cast<int64_t>(i), static_cast<int64_t>(i + 1));
  while (!unions.empty()) {
    const Union best = unions.top();
    unions.pop();
    Piece &left = pieces[static_cast<size_t>(best.left)], &right = pieces[static_cast<size_t>(best.right)];
    const bool stale = left.gone || right.gone || left.after != best.right || left.token != best.left_token ||
                       right.token != best.right_token;
    if (stale) continue;
    left.token = best.token;
    left.after = right.after;
    right.gone = true;
    if (right.after >= 0) pieces[static_cast<size_t>(right.after)].before = best.left;
    consider(left.before, best.left);
    consider(best.left, left.after);
  }
  std::vector<int64_t> tokens;
  for (const Piece& piece : pieces)
    if (!piece.gone) tokens.push_back(piece.token);
  return tokens;
}

Result<std::vector<int64_t>> Tokenizer::tokens_of(std::string_view text) const {
  if (form_.kind == TokenForm::Kind::bpe) return bpe_pieces(text);
  std::vector<std::string_view> parts;
  if (form_.kind == TokenForm::Kind::letters) {
    for (size_t at = 0; at < text.size(); at += parts.back().size())
      parts.push_back(text.substr(at, code_point(text, at)));
  } else {
    parts = words_of(text);
  }
  std::vector<int64_t> tokens;
  for (const std::string_view part : parts) {
    if (form_.kind == TokenForm::Kind::numbers) {
      const auto number = parse_number(part);
      if (!number || *number < 0)
        return input_error("holds '" + std::string(part.substr(0, 40)) + "'; expected the tokens' numbers, from 0");
      tokens.push_back(*number);
    } else {
      PARE_ASSIGN(const int64_t token, lookup(std::string(part)));
      tokens.push_back(token);
    }
  }
  return tokens;
}

Result<std::vector<int64_t>> Tokenizer::encode(std::string_view text) const {
  PARE_ASSIGN(std::vector<int64_t> tokens, tokens_of(text));
  if (begin_) tokens.insert(tokens.begin(), *begin_);
  if (end_) tokens.push_back(*end_);
  return tokens;
}

Result<AnswerTokens> answer_tokens(const AnswerForm& form, const std::string& data) {
  PARE_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(form.tokens, data));
  return AnswerTokens{tokenizer.begin(), tokenizer.end(), form.steps};
}

}  // namespace pare
