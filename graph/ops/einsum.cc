// Einsum: its equation, inference and links. https://onnx.ai/onnx/operators/onnx__Einsum.html
#include "graph/ops/einsum.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "graph/ops/arithmetic.h"
#include "graph/ops/infer_util.h"

namespace pare {
namespace {

constexpr size_t kMaxOperandRank = 64;

// One term: letters in order, and where in them the ellipsis stands.
struct Term {
  std::string letters;
  std::optional<size_t> ellipsis;
};

Failure bad_equation(std::string_view equation, const std::string& what) {
  return input_error("equation \"" + std::string(equation.substr(0, 80)) + "\" " + what);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<Term> parse_term(std::string_view equation, std::string_view text) {
  Term term;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_letter(text[i])) {
      term.letters += text[i];
    } else if (text.substr(i, 3) == "..." && !term.ellipsis) {
      term.ellipsis = term.letters.size();
      i += 2;
    } else {
      return bad_equation(equation,
                          "has '" + std::string(1, text[i]) + "' in a term, expected letters and one \"...\"");
    }
  }
  return term;
}

struct Equation {
  std::vector<Term> inputs;
  std::optional<Term> output;
};

Result<Equation> parse_equation(std::string_view text) {
  std::string equation(text);
  std::erase(equation, ' ');
  Equation parsed;
  std::string_view left = equation;
  if (const size_t arrow = equation.find("->"); arrow != std::string::npos) {
    left = left.substr(0, arrow);
    PARE_ASSIGN(parsed.output, parse_term(text, std::string_view(equation).substr(arrow + 2)));
  }
  for (size_t begin = 0; begin <= left.size();) {
    const size_t end = std::min(left.find(',', begin), left.size());
    PARE_ASSIGN(Term term, parse_term(text, left.substr(begin, end - begin)));
    parsed.inputs.push_back(std::move(term));
    begin = end + 1;
  }
  return parsed;
}

// Letters that appear once in all inputs together, in the order of their codes.
std::string implicit_output(const Equation& equation) {
  std::array<int, 128> count{};
  for (const Term& term : equation.inputs)
    for (const char c : term.letters) ++count[static_cast<size_t>(c)];
  std::string letters;
  for (size_t c = 0; c < count.size(); ++c)
    if (count[c] == 1) letters += static_cast<char>(c);
  return letters;
}

// Labels: `dots` for the axes of ellipses (label k is the k-th from the last), then the letters as they come.
class Labels {
 public:
  explicit Labels(int dots) : next_(dots) { of_.fill(-1); }
  int count() const { return next_; }
  bool known(char letter) const { return of_[static_cast<size_t>(letter)] >= 0; }
  int operator[](char letter) {
    int& label = of_[static_cast<size_t>(letter)];
    if (label < 0) label = next_++;
    return label;
  }
  std::vector<int> expand(const Term& term, int dots) {
    std::vector<int> labels;
    for (const char c : term.letters) labels.push_back((*this)[c]);
    if (term.ellipsis)
      for (int k = 0; k < dots; ++k) labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(*term.ellipsis), k);
    return labels;
  }

 private:
  std::array<int, 128> of_;
  int next_;
};

Result<EinsumTerms> label(std::string_view text, const Equation& equation, const std::vector<int>& dots) {
  const int most = dots.empty() ? 0 : *std::max_element(dots.begin(), dots.end());
  Labels labels(most);
  EinsumTerms terms;
  for (size_t i = 0; i < equation.inputs.size(); ++i)
    terms.inputs.push_back(labels.expand(equation.inputs[i], dots[i]));
  const Term output = equation.output ? *equation.output : Term{implicit_output(equation), 0};
  for (size_t i = 0; i < output.letters.size(); ++i) {
    const char c = output.letters[i];
    if (!labels.known(c)) return bad_equation(text, "has '" + std::string(1, c) + "' in its output only");
    if (output.letters.find(c, i + 1) != std::string::npos)
      return bad_equation(text, "has '" + std::string(1, c) + "' twice in its output");
  }
  terms.output = labels.expand(output, most);
  terms.labels = labels.count();
  return terms;
}

// One extent of what a label stands for: equal in all operands, or 1 where it broadcasts.
Result<Dim> merged(const Dim& a, const Dim& b, std::string_view equation) {
  if (a.known() && a.size == 1) return b;
  if (b.known() && b.size == 1) return a;
  if (a.known() && b.known() && a.size != b.size)
    return bad_equation(equation,
                        "gives one letter the extents " + std::to_string(a.size) + " and " + std::to_string(b.size));
  return a.known() || b.unknown() ? a : b;
}

std::optional<std::vector<size_t>> all_ranks(const std::vector<Type>& types) {
  std::vector<size_t> ranks;
  for (const Type& type : types) {
    if (!type.shape) return std::nullopt;
    ranks.push_back(type.shape->size());
  }
  return ranks;
}

}  // namespace

Result<EinsumTerms> einsum_terms(std::string_view text, const std::vector<size_t>& ranks) {
  PARE_ASSIGN(const Equation equation, parse_equation(text));
  if (equation.inputs.size() != ranks.size())
    return bad_equation(text, "has " + std::to_string(equation.inputs.size()) + " terms for " +
                                  std::to_string(ranks.size()) + " operands");
  std::vector<int> dots;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const Term& term = equation.inputs[i];
    const bool fits = term.ellipsis ? ranks[i] >= term.letters.size() && ranks[i] <= kMaxOperandRank
                                    : ranks[i] == term.letters.size();
    if (!fits)
      return bad_equation(text, "does not fit operand " + std::to_string(i) + " of rank " + std::to_string(ranks[i]));
    dots.push_back(static_cast<int>(ranks[i] - term.letters.size()));
  }
  return label(text, equation, dots);
}

Result<EinsumTerms> einsum_terms(std::string_view text, size_t operands) {
  PARE_ASSIGN(const Equation equation, parse_equation(text));
  if (equation.inputs.size() != operands)
    return bad_equation(
        text, "has " + std::to_string(equation.inputs.size()) + " terms for " + std::to_string(operands) + " operands");
  for (const Term& term : equation.inputs)
    if (term.ellipsis) return EinsumTerms();
  return label(text, equation, std::vector<int>(operands, 0));
}

Result<void> Einsum::infer(InferContext& context) const {
  std::vector<Type> types;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    if (!context.inputs[i].present) return input_error("input " + std::to_string(i) + " is left out, expected a value");
    PARE_TRY(need_same_dtype(context, {0, i}));
    types.push_back(context.type(i));
  }
  const DType dtype = common_dtype(context);
  context.set(0, dtype, std::nullopt);
  const auto ranks = all_ranks(types);
  PARE_ASSIGN(const EinsumTerms terms, ranks ? einsum_terms(equation, *ranks) : einsum_terms(equation, types.size()));
  if (terms.inputs.size() != types.size()) return {};
  std::vector<std::optional<Dim>> extents(static_cast<size_t>(terms.labels));
  for (size_t i = 0; i < types.size(); ++i) {
    if (!types[i].shape) continue;
    PARE_TRY(need_rank(context, i, "operand " + std::to_string(i), terms.inputs[i].size(), terms.inputs[i].size()));
    for (size_t axis = 0; axis < terms.inputs[i].size(); ++axis) {
      auto& extent = extents[static_cast<size_t>(terms.inputs[i][axis])];
      const Dim& dim = (*types[i].shape)[axis];
      if (!extent) {
        extent = dim;
      } else {
        PARE_ASSIGN(extent, merged(*extent, dim, equation));
      }
    }
  }
  Shape shape;
  for (const int of : terms.output) shape.push_back(extents[static_cast<size_t>(of)].value_or(Dim()));
  // An operand of unknown rank may widen what is 1 elsewhere.
  for (Dim& dim : shape)
    if (!ranks && dim.known() && dim.size == 1) dim = Dim();
  context.set(0, dtype, std::move(shape));
  return {};
}

// All axes of one label are one axis, but those of extent 1 beside others.
void Einsum::links(LinkContext& context) const {
  const auto ranks = all_ranks(context.inputs);
  const auto terms = ranks ? einsum_terms(equation, *ranks) : Result<EinsumTerms>(EinsumTerms());
  if (!terms) return;
  for (int of = 0; of < terms->labels; ++of) {
    std::vector<AxisRef> axes;
    std::vector<Dim> dims;
    for (size_t i = 0; i < terms->inputs.size(); ++i) {
      for (size_t axis = 0; axis < terms->inputs[i].size(); ++axis) {
        if (terms->inputs[i][axis] != of) continue;
        axes.push_back(in(static_cast<int>(i), static_cast<int>(axis)));
        dims.push_back((*context.inputs[i].shape)[axis]);
      }
    }
    const bool one = std::all_of(dims.begin(), dims.end(), [&](const Dim& dim) { return dim.same(dims.front()); });
    if (!one) continue;
    for (size_t k = 1; k < axes.size(); ++k) context.link(axes.front(), axes[k]);
    for (size_t axis = 0; axis < terms->output.size(); ++axis)
      if (terms->output[axis] == of) context.link(axes.front(), out(0, static_cast<int>(axis)));
  }
}

}  // namespace pare
