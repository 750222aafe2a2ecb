// Text as token numbers, by the [text] and [answer] tables of a preprocessing file.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/data/dataset.h"
#include "formats/data/preprocess.h"
#include "graph/result.h"

namespace pare {

class Tokenizer {
 public:
  // Reads the vocabulary: a JSON list of tokens, a JSON object from tokens to numbers, one token per line, or for `bpe`
  // the tokenizer file of llama2.c (int32 longest; then of each token a float32 score, an int32 length, its bytes;
  // little-endian). `data` is where the data lie. Fails (input) on files that are none of these, and on `unknown`,
  // `begin` or `end` that the vocabulary does not hold.
  static Result<Tokenizer> open(const TokenForm& form, const std::string& data);

  // begin, the tokens of `text`, end. Fails (input) on a token that the vocabulary lacks where there is no `unknown`.
  //   words     what spaces and tabs separate
  //   letters   each code point of UTF-8
  //   numbers   the tokens' numbers, separated by spaces
  //   bpe       a space and the text as code points (bytes where the vocabulary lacks one, <0x00> being token 3);
  //             then the two neighbours whose union has the highest score become one, until none has: Sennrich, Haddow,
  //             Birch, "Neural machine translation of rare words with subword units", ACL 2016, section 3.2, with the
  //             scores of SentencePiece (Kudo and Richardson, EMNLP 2018)
  Result<std::vector<int64_t>> encode(std::string_view text) const;
  // Without begin and end.
  Result<std::vector<int64_t>> tokens_of(std::string_view text) const;

  std::optional<int64_t> begin() const { return begin_; }
  std::optional<int64_t> end() const { return end_; }

 private:
  Result<void> read_vocabulary(const std::string& path);
  Result<void> read_bpe(const std::string& path);
  Result<void> add(const std::string& token, int64_t number, const std::string& path);
  Result<std::optional<int64_t>> number_of(const TokenName& token, const std::string& what) const;
  Result<int64_t> lookup(const std::string& token) const;
  std::vector<int64_t> bpe_pieces(std::string_view text) const;

  TokenForm form_;
  std::string where_;  // the vocabulary's file, or the tables of the TOML file
  std::unordered_map<std::string, int64_t> numbers_;
  std::vector<float> scores_;  // bpe
  std::vector<std::string> pieces_;
  std::optional<int64_t> unknown_, begin_, end_;
};

// begin, end and steps of the [answer] table as numbers.
Result<AnswerTokens> answer_tokens(const AnswerForm& form, const std::string& data);

}  // namespace pare
