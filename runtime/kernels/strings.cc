// Operators on text. https://onnx.ai/onnx/operators. Text is UTF-8. Upper and lower case are those of ASCII and of the
// Latin, Greek and Cyrillic letters whose forms lie a fixed distance apart, whatever the locale.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/regex.h"

namespace pare {
namespace {

using namespace kernels;

constexpr int64_t kMostStrings = int64_t{1} << 28;

Result<void> need_strings(const Tensor& x) {
  if (x.dtype() == DType::string) return {};
  return input_error("takes strings, found " + to_string(x.type()));
}

// Letters of two bytes: the other case of a code point, or itself.
unsigned other_case(unsigned c, bool upper) {
  const auto pair = [&](unsigned low, unsigned high, unsigned distance) {  // capitals low..high
    const unsigned first = upper ? low + distance : low, last = upper ? high + distance : high;
    return c >= first && c <= last;
  };
  const auto moved = [&](unsigned distance) { return upper ? c - distance : c + distance; };
  if ((pair(0xC0, 0xDE, 32) && c != 0xD7 && c != 0xF7) || (pair(0x391, 0x3A9, 32) && c != 0x3A2 && c != 0x3C2))
    return moved(32);
  if (pair(0x410, 0x42F, 32)) return moved(32);
  if (pair(0x400, 0x40F, 80)) return moved(80);
  return c;
}

std::string change_case(const std::string& text, bool upper) {
  std::string out = text;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x80) {
      const char first = upper ? 'a' : 'A';
      if (out[i] >= first && out[i] < first + 26) out[i] = static_cast<char>(out[i] ^ 0x20);
    } else if (byte >= 0xC2 && byte < 0xE0 && i + 1 < out.size()) {
      const unsigned c = other_case((byte & 0x1Fu) << 6 | (static_cast<unsigned char>(out[i + 1]) & 0x3Fu), upper);
      out[i] = static_cast<char>(0xC0 | c >> 6);
      out[++i] = static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

std::vector<std::string> split_by(const std::string& text, const std::string& delimiter, int64_t most) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (static_cast<int64_t>(parts.size()) < most) {
    const size_t at = text.find(delimiter, begin);
    if (at == std::string::npos) break;
    parts.push_back(text.substr(begin, at - begin));
    begin = at + delimiter.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// By runs of white space, which also goes at both ends.
std::vector<std::string> split_words(const std::string& text, int64_t most) {
  constexpr const char* kSpace = " \t\n\r\v\f";
  std::vector<std::string> parts;
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string::npos;) {
    const bool rest = static_cast<int64_t>(parts.size()) >= most;
    const size_t end =
        rest ? text.find_last_not_of(kSpace) + 1 : std::min(text.find_first_of(kSpace, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    if (rest) break;
    begin = text.find_first_not_of(kSpace, end);
  }
  return parts;
}

// The n-grams of the pool, each with its place in ngram_indexes.
template <class T>
using Grams = std::map<std::vector<T>, size_t>;

template <class T>
Result<Grams<T>> grams_of(const TfIdfVectorizer& op, const std::vector<T>& pool) {
  Grams<T> grams;
  size_t place = 0;
  for (size_t i = 0; i < op.ngram_counts.size(); ++i) {
    const auto size = static_cast<int64_t>(i) + 1, pool_size = static_cast<int64_t>(pool.size());
    const int64_t begin = op.ngram_counts[i], end = i + 1 < op.ngram_counts.size() ? op.ngram_counts[i + 1] : pool_size;
    if (begin < 0 || begin > end || end > pool_size || (end - begin) % size != 0)
      return input_error("ngram_counts does not divide the pool into n-grams");
    for (int64_t at = begin; at < end; at += size, ++place)
      if (size >= op.min_gram_length && size <= op.max_gram_length)
        grams.emplace(std::vector<T>(pool.begin() + at, pool.begin() + at + size), place);
  }
  if (place > op.ngram_indexes.size())
    return input_error("the pool has " + std::to_string(place) + " n-grams for " +
                       std::to_string(op.ngram_indexes.size()) + " ngram_indexes");
  return grams;
}

// Counts, in one row, each n-gram of the pool whose items lie `skip` + 1 apart, for every skip allowed. Single items
// know no skip.
template <class T>
void count_grams(const TfIdfVectorizer& op, const Grams<T>& grams, std::span<const T> row, double* counts) {
  const auto length = static_cast<int64_t>(row.size());
  const auto longest = std::min<int64_t>({op.max_gram_length, length, static_cast<int64_t>(op.ngram_counts.size())});
  std::vector<T> gram;
  for (int64_t size = std::max<int64_t>(op.min_gram_length, 1); size <= longest; ++size) {
    const int64_t skips = size == 1 ? 0 : std::min(op.max_skip_count, length);
    for (int64_t step = 1; step <= skips + 1 && (size - 1) * step < length; ++step) {
      for (int64_t at = 0; at + (size - 1) * step < length; ++at) {
        gram.clear();
        for (int64_t k = 0; k < size; ++k) gram.push_back(row[static_cast<size_t>(at + k * step)]);
        if (const auto found = grams.find(gram); found != grams.end()) ++counts[op.ngram_indexes[found->second]];
      }
    }
  }
}

template <class T>
Result<void> vectorize(const TfIdfVectorizer& op, const std::vector<T>& pool, std::span<const T> items, int64_t row,
                       Tensor& y) {
  PARE_ASSIGN(const Grams<T> grams, grams_of(op, pool));
  const int64_t width = y.dims().back();
  const int64_t rows = width == 0 ? 0 : y.size() / width;
  std::vector<double> counts(static_cast<size_t>(width)), weights(static_cast<size_t>(width), 1);
  for (size_t i = 0; i < std::min(op.weights.size(), op.ngram_indexes.size()); ++i)
    weights[static_cast<size_t>(op.ngram_indexes[i])] = static_cast<double>(op.weights[i]);
  for (int64_t r = 0; r < rows; ++r) {
    std::fill(counts.begin(), counts.end(), 0);
    count_grams<T>(op, grams, items.subspan(static_cast<size_t>(r * row), static_cast<size_t>(row)), counts.data());
    for (int64_t i = 0; i < width; ++i) {
      const double count = counts[static_cast<size_t>(i)], weight = weights[static_cast<size_t>(i)];
      y.set_double(r * width + i, op.mode == "TF"    ? count
                                  : op.mode == "IDF" ? (count > 0 ? weight : 0)
                                                     : count * weight);
    }
  }
  return {};
}

}  // namespace

Result<void> run(const StringNormalizer& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_TRY(need_strings(x));
  if (x.rank() < 1 || x.rank() > 2 || (x.rank() == 2 && x.dims()[0] != 1))
    return input_error("takes strings [C] or [1,C], found " + to_string(x.type()));
  const bool lower = op.case_change_action == "LOWER", upper = op.case_change_action == "UPPER";
  if (!lower && !upper && op.case_change_action != "NONE")
    return input_error("case_change_action \"" + op.case_change_action + "\" is none of LOWER, UPPER, NONE");
  const auto key = [&](const std::string& text) { return op.is_case_sensitive != 0 ? text : change_case(text, false); };
  std::set<std::string> stops;
  for (const std::string& word : op.stopwords) stops.insert(key(word));
  std::vector<std::string> kept;
  for (const std::string& text : x.string_values())
    if (!stops.contains(key(text))) kept.push_back(lower || upper ? change_case(text, upper) : text);
  if (kept.empty()) kept.emplace_back();
  Dims dims = x.dims();
  dims.back() = static_cast<int64_t>(kept.size());
  context.outputs[0] = Tensor::strings(std::move(dims), kept);
  return {};
}

Result<void> run(const StringConcat&, KernelContext& context) {
  PARE_TRY(need_strings(context.inputs[0]));
  PARE_TRY(need_strings(context.inputs[1]));
  const auto left = context.inputs[0].string_values(), right = context.inputs[1].string_values();
  PARE_ASSIGN(const Dims dims, broadcast_dims({context.inputs[0].dims(), context.inputs[1].dims()}));
  const auto count = element_count(dims);
  if (!count || *count > kMostStrings) return input_error("would give too many strings");
  std::vector<std::string> joined;
  joined.reserve(static_cast<size_t>(*count));
  for_each_index<2>(
      dims, {broadcast_strides(context.inputs[0].dims(), dims), broadcast_strides(context.inputs[1].dims(), dims)},
      [&](int64_t, const auto& at) {
        joined.push_back(left[static_cast<size_t>(at[0])] + right[static_cast<size_t>(at[1])]);
      });
  context.outputs[0] = Tensor::strings(dims, joined);
  return {};
}

Result<void> run(const StringSplit& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_TRY(need_strings(x));
  if (op.maxsplit && *op.maxsplit < 0)
    return input_error("maxsplit is " + std::to_string(*op.maxsplit) + ", expected 0 or more");
  const int64_t most = op.maxsplit.value_or(INT64_MAX);
  std::vector<std::vector<std::string>> lists;
  size_t widest = 0;
  for (const std::string& text : x.string_values()) {
    lists.push_back(op.delimiter && !op.delimiter->empty() ? split_by(text, *op.delimiter, most)
                                                           : split_words(text, most));
    widest = std::max(widest, lists.back().size());
  }
  if (widest > 0 && lists.size() > static_cast<size_t>(kMostStrings) / widest)
    return input_error("would give too many strings");
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(widest));
  std::vector<std::string> parts;
  std::vector<int64_t> counts;
  for (auto& list : lists) {
    counts.push_back(static_cast<int64_t>(list.size()));
    list.resize(widest);
    parts.insert(parts.end(), list.begin(), list.end());
  }
  context.outputs[0] = Tensor::strings(std::move(dims), parts);
  context.outputs[1] = Tensor::of<int64_t>(x.dims(), counts);
  return {};
}

Result<void> run(const RegexFullMatch& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_TRY(need_strings(x));
  auto pattern = Regex::compile(op.pattern.value_or(""));
  if (!pattern) return pattern.failure();
  PARE_ASSIGN(Tensor y, allocate(DType::boolean, x.dims()));
  auto out = y.mutable_data<bool>();
  const auto texts = x.string_values();
  for (size_t i = 0; i < texts.size(); ++i) out[i] = pattern->matches_all(texts[i]);
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const TfIdfVectorizer& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (x.rank() < 1 || x.rank() > 2) return input_error("takes items [C] or [N,C], found " + to_string(x.type()));
  if (op.mode != "TF" && op.mode != "IDF" && op.mode != "TFIDF")
    return input_error("mode \"" + op.mode + "\" is none of TF, IDF, TFIDF");
  int64_t width = 0;
  for (const int64_t index : op.ngram_indexes) {
    if (index < 0 || index > INT32_MAX)
      return input_error("ngram_indexes holds " + std::to_string(index) + ", expected 0 to 2^31 - 1");
    width = std::max(width, index + 1);
  }
  Dims dims = x.dims();
  dims.back() = width;
  PARE_ASSIGN(Tensor y, allocate(DType::float32, dims));
  if (x.dtype() == DType::string) {
    const auto items = x.string_values();
    PARE_TRY(vectorize<std::string>(op, op.pool_strings, items, x.dims().back(), y));
  } else {
    if (x.dtype() != DType::int64 && x.dtype() != DType::int32) return no_kernel(x.dtype());
    const auto items = x.ints();
    PARE_TRY(vectorize<int64_t>(op, op.pool_int64s, items, x.dims().back(), y));
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
