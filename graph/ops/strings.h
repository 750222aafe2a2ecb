// Operators on text.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X -> Y
struct StringNormalizer {
  static constexpr std::string_view kName = "StringNormalizer";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{1, 1};
  std::string case_change_action = "NONE";
  int64_t is_case_sensitive = 0;
  std::optional<std::string> locale;
  std::vector<std::string> stopwords;
  static void fields(auto& s, auto&& f) {
    f("case_change_action", s.case_change_action);
    f("is_case_sensitive", s.is_case_sensitive);
    f("locale", s.locale);
    f("stopwords", s.stopwords);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, Y -> Z
struct StringConcat {
  static constexpr std::string_view kName = "StringConcat";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y, Z
struct StringSplit {
  static constexpr std::string_view kName = "StringSplit";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{1, 1, 2, 2};
  std::optional<std::string> delimiter;
  std::optional<int64_t> maxsplit;
  static void fields(auto& s, auto&& f) {
    f("delimiter", s.delimiter);
    f("maxsplit", s.maxsplit);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct RegexFullMatch {
  static constexpr std::string_view kName = "RegexFullMatch";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{1, 1};
  std::optional<std::string> pattern;
  static void fields(auto& s, auto&& f) { f("pattern", s.pattern); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct TfIdfVectorizer {
  static constexpr std::string_view kName = "TfIdfVectorizer";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 6> kRequired{
      "max_gram_length", "max_skip_count", "min_gram_length", "mode", "ngram_counts", "ngram_indexes"};
  int64_t max_gram_length = 0;
  int64_t max_skip_count = 0;
  int64_t min_gram_length = 0;
  std::string mode;
  std::vector<int64_t> ngram_counts;
  std::vector<int64_t> ngram_indexes;
  std::vector<int64_t> pool_int64s;
  std::vector<std::string> pool_strings;
  std::vector<float> weights;
  static void fields(auto& s, auto&& f) {
    f("max_gram_length", s.max_gram_length);
    f("max_skip_count", s.max_skip_count);
    f("min_gram_length", s.min_gram_length);
    f("mode", s.mode);
    f("ngram_counts", s.ngram_counts);
    f("ngram_indexes", s.ngram_indexes);
    f("pool_int64s", s.pool_int64s);
    f("pool_strings", s.pool_strings);
    f("weights", s.weights);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_STRINGS_OPS(X) X(StringNormalizer) X(StringConcat) X(StringSplit) X(RegexFullMatch) X(TfIdfVectorizer)
