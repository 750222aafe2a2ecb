#include "runtime/kernels/regex.h"

#include <algorithm>

#include "runtime/kernels/regex_parse.h"

namespace pare::kernels {
namespace {

using Step = Regex::Step;

constexpr size_t kMostSteps = 100000;

// Writes the steps of a node; false when they become too many.
class Writer {
 public:
  Writer(const std::vector<RegexNode>& nodes, std::vector<Step>& steps) : nodes_(nodes), steps_(steps) {}

  bool write(int id) {
    const RegexNode& node = nodes_[static_cast<size_t>(id)];
    if (steps_.size() > kMostSteps) return false;
    switch (node.kind) {
      case RegexNode::Kind::empty:
        return true;
      case RegexNode::Kind::letter:
      case RegexNode::Kind::assertion:
        push({node.kind == RegexNode::Kind::letter ? Step::Kind::letter : Step::Kind::assertion, next() + 1, 0,
              node.which});
        return true;
      case RegexNode::Kind::both:
        return write(node.first) && write(node.second);
      case RegexNode::Kind::either: {
        const size_t split = push({Step::Kind::split, next() + 1});
        if (!write(node.first)) return false;
        const size_t jump = push({Step::Kind::jump});
        steps_[split].second = next();
        if (!write(node.second)) return false;
        steps_[jump].first = next();
        return true;
      }
      case RegexNode::Kind::repeat:
        return repeat(node);
    }
    return false;
  }

 private:
  int next() const { return static_cast<int>(steps_.size()); }
  size_t push(Step step) {
    steps_.push_back(step);
    return steps_.size() - 1;
  }
  bool repeat(const RegexNode& node) {
    for (int i = 0; i < node.least; ++i)
      if (!write(node.first)) return false;
    if (node.most < 0) {
      const size_t split = push({Step::Kind::split, next() + 1});
      if (!write(node.first)) return false;
      push({Step::Kind::jump, static_cast<int>(split)});
      steps_[split].second = next();
      return true;
    }
    std::vector<size_t> splits;
    for (int i = node.least; i < node.most; ++i) {
      splits.push_back(push({Step::Kind::split, next() + 1}));
      if (!write(node.first)) return false;
    }
    for (const size_t split : splits) steps_[split].second = next();
    return true;
  }

  const std::vector<RegexNode>& nodes_;
  std::vector<Step>& steps_;
};

bool holds(int assertion, const std::u32string& text, size_t at) {
  const bool word_before = at > 0 && is_word_letter(text[at - 1]),
             word_behind = at < text.size() && is_word_letter(text[at]);
  switch (assertion) {
    case begin_text:
      return at == 0;
    case end_text:
      return at == text.size();
    case begin_line:
      return at == 0 || text[at - 1] == '\n';
    case end_line:
      return at == text.size() || text[at] == '\n';
    case word_edge:
      return word_before != word_behind;
    default:
      return word_before == word_behind;
  }
}

}  // namespace

bool Regex::Letters::contains(char32_t letter) const {
  const bool found = std::any_of(ranges.begin(), ranges.end(),
                                 [&](const auto& range) { return letter >= range.first && letter <= range.second; });
  return found != negated;
}

Result<Regex> Regex::compile(std::string_view pattern) {
  PARE_ASSIGN(RegexTree tree, parse_regex(pattern));
  Regex regex;
  if (!Writer(tree.nodes, regex.steps_).write(tree.root)) return input_error("the pattern is too large");
  regex.steps_.push_back({});
  regex.letters_ = std::move(tree.letters);
  return regex;
}

bool Regex::matches_all(std::string_view utf8) const {
  const std::u32string text = code_points(utf8);
  std::vector<int> states, stack{0};
  std::vector<size_t> seen(steps_.size(), 0);  // the place behind which a step was reached last
  for (size_t at = 0;; ++at) {
    // `stack` holds where the letter before led to; what is reached from there without a letter joins.
    states.clear();
    bool done = false;
    while (!stack.empty()) {
      const int state = stack.back();
      stack.pop_back();
      if (seen[static_cast<size_t>(state)] == at + 1) continue;
      seen[static_cast<size_t>(state)] = at + 1;
      const Step& step = steps_[static_cast<size_t>(state)];
      if (step.kind == Step::Kind::split) stack.push_back(step.second);
      if (step.kind == Step::Kind::split || step.kind == Step::Kind::jump ||
          (step.kind == Step::Kind::assertion && holds(step.which, text, at)))
        stack.push_back(step.first);
      if (step.kind == Step::Kind::letter) states.push_back(state);
      done = done || step.kind == Step::Kind::done;
    }
    if (at == text.size()) return done;
    for (const int state : states) {
      const Step& step = steps_[static_cast<size_t>(state)];
      if (letters_[static_cast<size_t>(step.which)].contains(text[at])) stack.push_back(step.first);
    }
    if (stack.empty()) return false;
  }
}

}  // namespace pare::kernels
