// Tree ensembles. https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html. Comparisons and sums in double.
#include <cmath>

#include "graph/ops/forest.h"
#include "runtime/kernels/ml_scores.h"

namespace pare {
namespace {

using namespace kernels;
using ml::Forest;
using ml::PostTransform;

enum class Aggregate : uint8_t { average, sum, min, max };  // as TreeEnsemble numbers them

// What the leaves that one sample reaches give each target; 0 where none votes.
class Sums {
 public:
  // `single`: rounded to float32, so that labels follow from the scores that are given.
  Sums(const Forest& forest, Aggregate how, std::vector<double> base, bool single = false)
      : forest_(forest),
        how_(how),
        single_(single),
        base_(std::move(base)),
        scores_(static_cast<size_t>(forest.targets)),
        voted_(scores_.size()) {}

  std::span<double> of(std::span<const double> sample) {
    std::fill(scores_.begin(), scores_.end(), 0.0);
    std::fill(voted_.begin(), voted_.end(), false);
    for (const int64_t root : forest_.roots) {
      const auto leaf = forest_.walk(root, [&](int64_t feature) { return sample[static_cast<size_t>(feature)]; });
      for (int64_t i = 0; i < leaf.votes; ++i) add(forest_.votes[static_cast<size_t>(leaf.first_vote + i)]);
    }
    for (size_t i = 0; i < scores_.size(); ++i) {
      if (how_ == Aggregate::average) scores_[i] /= static_cast<double>(forest_.roots.size());
      if (!base_.empty()) scores_[i] += base_[base_.size() == 1 ? 0 : i];
      if (single_) scores_[i] = static_cast<double>(static_cast<float>(scores_[i]));
    }
    return scores_;
  }

 private:
  void add(const Forest::Vote& vote) {
    const auto target = static_cast<size_t>(vote.target);
    double& score = scores_[target];
    const bool first = !voted_[target];
    voted_[target] = true;
    if (how_ == Aggregate::min) {
      score = first ? vote.weight : std::min(score, vote.weight);
    } else if (how_ == Aggregate::max) {
      score = first ? vote.weight : std::max(score, vote.weight);
    } else {
      score += vote.weight;
    }
  }

  const Forest& forest_;
  Aggregate how_;
  bool single_;
  std::vector<double> base_;  // none, one for all, or one per target
  std::vector<double> scores_;
  std::vector<bool> voted_;
};

std::vector<double> base_of(const std::vector<float>& list, const std::optional<Tensor>& tensor) {
  if (!tensor) return {list.begin(), list.end()};
  std::vector<double> values;
  for (int64_t i = 0; i < tensor->size(); ++i) values.push_back(tensor->as_double(i));
  return values;
}

Result<void> check_features(const Table& table, const Forest& forest) {
  if (table.columns >= forest.features) return {};
  return input_error("X has " + std::to_string(table.columns) + " features, expected at least " +
                     std::to_string(forest.features));
}

// Scores of every target, sample by sample.
Result<void> regress(const Forest& forest, Sums sums, PostTransform how, DType dtype, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_TRY(check_features(table, forest));
  PARE_ASSIGN(Tensor y, allocate(dtype, {table.rows, forest.targets}));
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto scores = sums.of(table.row(row));
    transform(how, scores);
    for (int64_t i = 0; i < forest.targets; ++i) y.set_double(row * forest.targets + i, scores[static_cast<size_t>(i)]);
  }
  context.outputs[0] = std::move(y);
  return {};
}

// Two classes of which the leaves vote for one alone: that sum decides between them. Where no vote is negative it is a
// probability and 0.5 the threshold; else a margin, and 0. Votes for the first class stand for the second, as the
// converters of gradient boosting write them.
struct Binary {
  bool positive = true;  // no vote is negative
  size_t votes_for = 0;
};
std::optional<Binary> binary(const Forest& forest) {
  if (forest.targets != 2 || forest.votes.empty()) return std::nullopt;
  Binary found{.votes_for = static_cast<size_t>(forest.votes.front().target)};
  for (const Forest::Vote& vote : forest.votes) {
    if (static_cast<size_t>(vote.target) != found.votes_for) return std::nullopt;
    found.positive = found.positive && vote.weight >= 0;
  }
  return found;
}

}  // namespace

Result<void> run(const TreeEnsemble& op, KernelContext& context) {
  PARE_ASSIGN(const Forest forest, ml::forest_of(op));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  return regress(forest, {forest, static_cast<Aggregate>(op.aggregate_function), {}}, how, context.inputs[0].dtype(),
                 context);
}

Result<void> run(const TreeEnsembleRegressor& op, KernelContext& context) {
  PARE_ASSIGN(const Forest forest, ml::forest_of(op));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  const Aggregate aggregate = op.aggregate_function == "AVERAGE" ? Aggregate::average
                              : op.aggregate_function == "MIN"   ? Aggregate::min
                              : op.aggregate_function == "MAX"   ? Aggregate::max
                                                                 : Aggregate::sum;
  return regress(forest, {forest, aggregate, base_of(op.base_values, op.base_values_as_tensor)}, how, DType::float32,
                 context);
}

Result<void> run(const TreeEnsembleClassifier& op, KernelContext& context) {
  PARE_ASSIGN(const Forest forest, ml::forest_of(op));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_TRY(check_features(table, forest));
  const auto base = base_of(op.base_values, op.base_values_as_tensor);
  const auto two = binary(forest);
  Sums sums(forest, Aggregate::sum, base, true);
  Classified out(op.classlabels_int64s, op.classlabels_strings);
  PARE_TRY(out.allocate(table.rows, forest.targets));
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto scores = sums.of(table.row(row));
    if (two) {
      const double score = scores[two->votes_for];
      const int64_t label = score > (two->positive ? 0.5 : 0.0);
      if (two->votes_for == 0) {
        out.set(row, label, pair_of(score, two->positive, how));
      } else {
        transform(how, scores);
        out.set(row, label, scores);
      }
      continue;
    }
    const int64_t label = scores.size() == 1 ? (scores[0] > 0 ? 0 : -1) : index_of_largest(scores);
    transform(how, scores);
    out.set(row, label, scores);
  }
  out.give(context);
  return {};
}

}  // namespace pare
