#include "graph/ops/symbolic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

constexpr size_t kMaxText = 160;
constexpr size_t kMaxTerms = 8, kMaxFactors = 4;
constexpr int kMaxDepth = 6;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A bound this large means "to the end", as exporters write it.
constexpr int64_t kEverything = std::numeric_limits<int32_t>::max();

// A sum of products. A factor is a name, "{any other symbol}", "min(a, b)", "max(a, b)" or "floor((a)/k)"; the product
// of no factors is the number.
using Factors = std::vector<std::string>;
struct LastEmpty {  // numbers come last
  bool operator()(const Factors& a, const Factors& b) const { return a.empty() != b.empty() ? b.empty() : a < b; }
};
using Terms = std::map<Factors, int64_t, LastEmpty>;
using Formula = std::optional<Terms>;  // nullopt: unknown

bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

bool add_term(Terms& terms, const Factors& factors, int64_t number) {
  const auto sum = checked_add(terms[factors], number);
  if (!sum) return false;
  terms[factors] = *sum;
  if (*sum == 0) terms.erase(factors);
  return terms.size() <= kMaxTerms;
}

Formula scaled_sum(const Formula& a, const Formula& b, int64_t scale) {
  if (!a || !b) return std::nullopt;
  Terms sum = *a;
  for (const auto& [factors, number] : *b) {
    const auto scaled = checked_mul(number, scale);
    if (!scaled || !add_term(sum, factors, *scaled)) return std::nullopt;
  }
  return sum;
}

Formula product(const Formula& a, const Formula& b) {
  if (!a || !b) return std::nullopt;
  Terms result;
  for (const auto& [left, x] : *a) {
    for (const auto& [right, y] : *b) {
      Factors factors = left;
      factors.insert(factors.end(), right.begin(), right.end());
      std::ranges::sort(factors);
      const auto number = checked_mul(x, y);
      if (!number || factors.size() > kMaxFactors || !add_term(result, factors, *number)) return std::nullopt;
    }
  }
  return result;
}

std::optional<int64_t> number_of(const Terms& terms) {
  if (terms.empty()) return 0;
  if (terms.size() > 1 || !terms.begin()->first.empty()) return std::nullopt;
  return terms.begin()->second;
}

std::string text_of(const Terms& terms) {
  std::string text;
  for (const auto& [factors, number] : terms) {
    if (!text.empty()) text += number < 0 ? " - " : " + ";
    if (text.empty() && number < 0) text += '-';
    const std::string magnitude = number < 0 ? std::to_string(number).substr(1) : std::to_string(number);
    if (factors.empty() || magnitude != "1") text += magnitude;
    for (size_t i = 0; i < factors.size(); ++i) text += (i > 0 || magnitude != "1" ? "*" : "") + factors[i];
  }
  return text.empty() ? "0" : text;
}

// Reads the canonical form; nullopt for anything else.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Formula whole() {
    Formula formula = sum(0);
    return at_ == text_.size() ? formula : std::nullopt;
  }
  // The two operands of a factor "min(a, b)" or "max(a, b)", or the one of "floor((a)/k)" and k.
  std::optional<std::pair<Terms, Terms>> operands(std::string_view head, std::string_view between) {
    if (!accept(head)) return std::nullopt;
    Formula a = sum(0);
    if (!a || !accept(between)) return std::nullopt;
    Formula b = sum(0);
    if (!b || !accept(")") || at_ != text_.size()) return std::nullopt;
    return std::pair(*a, *b);
  }

 private:
  bool accept(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Formula sum(int depth) {
    Terms terms;
    bool negative = accept("-");
    while (true) {
      Factors factors;
      const auto number = term(factors, depth);
      if (!number || !add_term(terms, factors, negative ? -*number : *number)) return std::nullopt;
      negative = false;
      if (accept(" + ")) continue;
      if (!accept(" - ")) return terms;
      negative = true;
    }
  }

  std::optional<int64_t> term(Factors& factors, int depth) {
    int64_t number = 1;
    const bool counted = at_ < text_.size() && digit(text_[at_]);
    if (counted) {
      const size_t begin = at_;
      while (at_ < text_.size() && digit(text_[at_])) ++at_;
      if (at_ - begin > 18) return std::nullopt;
      number = std::stoll(std::string(text_.substr(begin, at_ - begin)));
      if (!accept("*")) return number;
    }
    do {
      const size_t begin = at_;
      if (!factor(depth) || factors.size() >= kMaxFactors) return std::nullopt;
      factors.emplace_back(text_.substr(begin, at_ - begin));
    } while (accept("*"));
    std::ranges::sort(factors);
    return number;
  }

  bool factor(int depth) {
    if (depth > kMaxDepth || at_ >= text_.size()) return false;
    if (accept("{")) {
      const size_t end = text_.find('}', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
      return end != std::string_view::npos;
    }
    for (const std::string_view head : {"min(", "max("}) {
      if (accept(head)) return sum(depth + 1) && accept(", ") && sum(depth + 1) && accept(")");
    }
    if (accept("floor((")) return sum(depth + 1) && accept(")/") && sum(depth + 1) && accept(")");
    if (!name_start(text_[at_])) return false;
    while (at_ < text_.size() && (name_start(text_[at_]) || digit(text_[at_]) || text_[at_] == '.')) ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Formula formula_of(const Dim& dim) {
  if (const auto number = content_number(dim)) return *number == 0 ? Terms{} : Terms{{{}, *number}};
  if (dim.symbol.empty() || dim.symbol.size() > kMaxText) return std::nullopt;
  Formula formula = Reader(dim.symbol).whole();
  if (formula && text_of(*formula) == dim.symbol) return formula;
  if (dim.symbol.find_first_of("{}") != std::string::npos) return std::nullopt;
  return Terms{{{'{' + dim.symbol + '}'}, 1}};
}

Dim dim_of(const Formula& formula) {
  if (!formula) return Dim();
  if (const auto number = number_of(*formula)) return content(*number);
  std::string text = text_of(*formula);
  // A symbol alone is itself, whatever its characters.
  const Factors& first = formula->begin()->first;
  if (formula->size() == 1 && formula->begin()->second == 1 && first.size() == 1 && first[0].starts_with('{')) {
    text = first[0].substr(1, first[0].size() - 2);
  }
  return text.size() > kMaxText ? Dim() : Dim(std::move(text));
}

Interval interval_of(const Terms& terms, int depth);

Interval interval_of_factor(const std::string& factor, int depth) {
  if (depth > kMaxDepth) return {-kInfinity, kInfinity};
  const bool least = factor.starts_with("min("), most = factor.starts_with("max(");
  if (least || most) {
    const auto pair = Reader(factor).operands(least ? "min(" : "max(", ", ");
    if (!pair) return {-kInfinity, kInfinity};
    const Interval a = interval_of(pair->first, depth + 1), b = interval_of(pair->second, depth + 1);
    if (least) return {std::min(a.low, b.low), std::min(a.high, b.high)};
    return {std::max(a.low, b.low), std::max(a.high, b.high)};
  }
  if (factor.starts_with("floor((")) {
    const auto pair = Reader(factor).operands("floor((", ")/");
    const auto divisor = pair ? number_of(pair->second) : std::nullopt;
    if (!divisor || *divisor < 1) return {-kInfinity, kInfinity};
    const Interval a = interval_of(pair->first, depth + 1);
    return {std::floor(a.low / static_cast<double>(*divisor)), std::floor(a.high / static_cast<double>(*divisor))};
  }
  return {0, kInfinity};
}

Interval interval_of(const Terms& terms, int depth) {
  Interval sum{0, 0};
  for (const auto& [factors, number] : terms) {
    Interval term{1, 1};
    for (const std::string& factor : factors) {
      const Interval next = interval_of_factor(factor, depth);
      if (next.low < 0 || term.low < 0) return {-kInfinity, kInfinity};
      term.low = term.low == 0 || next.low == 0 ? 0 : term.low * next.low;
      term.high = term.high == 0 || next.high == 0 ? 0 : term.high * next.high;
    }
    const auto scale = static_cast<double>(number);
    sum.low += scale > 0 ? scale * term.low : scale * term.high;
    sum.high += scale > 0 ? scale * term.high : scale * term.low;
  }
  return sum;
}

// The smaller operand (or the larger one), where that can be told; else "min(a, b)".
Dim extreme(const Dim& a, const Dim& b, bool least) {
  const Formula x = formula_of(a), y = formula_of(b);
  const Formula difference = scaled_sum(x, y, -1);
  if (!difference) return Dim();
  const Interval range = interval_of(*difference, 0);
  if (range.high <= 0) return least ? a : b;
  if (range.low >= 0) return least ? b : a;
  const auto m = number_of(*x), n = number_of(*y);
  if (least && n && *n >= kEverything) return a;
  if (least && m && *m >= kEverything) return b;
  std::string first = text_of(*x), second = text_of(*y);
  if (m || (!n && second < first)) std::swap(first, second);
  const std::string factor = (least ? "min(" : "max(") + first + ", " + second + ')';
  return dim_of(Terms{{{factor}, 1}});
}

}  // namespace

Dim symbolic_sum(const Dim& a, const Dim& b) { return dim_of(scaled_sum(formula_of(a), formula_of(b), 1)); }
Dim symbolic_difference(const Dim& a, const Dim& b) { return dim_of(scaled_sum(formula_of(a), formula_of(b), -1)); }
Dim symbolic_product(const Dim& a, const Dim& b) { return dim_of(product(formula_of(a), formula_of(b))); }
Dim symbolic_minimum(const Dim& a, const Dim& b) { return extreme(a, b, true); }
Dim symbolic_maximum(const Dim& a, const Dim& b) { return extreme(a, b, false); }

Dim symbolic_quotient(const Dim& a, const Dim& b) {
  const Formula whole = formula_of(a);
  const auto divisor = content_number(b);
  if (!whole || !divisor || *divisor < 1 || interval_of(*whole, 0).low < 0) return Dim();
  // floor((q * k + r) / k) = q + floor(r / k)
  Terms quotient, rest;
  for (const auto& [factors, number] : *whole) {
    const int64_t below = ((number % *divisor) + *divisor) % *divisor;
    const auto multiple = checked_add(number, -below);
    if (!multiple || !add_term(quotient, factors, *multiple / *divisor) || !add_term(rest, factors, below))
      return Dim();
  }
  const Interval range = interval_of(rest, 0);
  if (range.low < 0 || range.high >= static_cast<double>(*divisor)) {
    const std::string factor = "floor((" + text_of(rest) + ")/" + std::to_string(*divisor) + ')';
    if (!add_term(quotient, {factor}, 1)) return Dim();
  }
  return dim_of(quotient);
}

Interval symbolic_interval(const Dim& a) {
  const Formula formula = formula_of(a);
  return formula ? interval_of(*formula, 0) : Interval{-kInfinity, kInfinity};
}

bool is_clipped(const Dim& b, const Dim& a) {
  if (a.unknown() || !b.symbol.starts_with("min(")) return false;
  const auto pair = Reader(b.symbol).operands("min(", ", ");
  const Formula whole = formula_of(a);
  if (!pair || !whole) return false;
  const auto number = number_of(pair->second);
  return number && *number >= 1 && pair->first == *whole;
}

}  // namespace pare
