// Inference and links of operators on text. Nothing on text is pruned.
#include "graph/ops/strings.h"

#include <algorithm>

#include "graph/ops/infer_util.h"

namespace pare {

Result<void> StringNormalizer::infer(InferContext& context) const {
  PARE_TRY(need_one_of("case_change_action", case_change_action, {"LOWER", "UPPER", "NONE"}));
  PARE_TRY(need_dtype(context, 0, "X", {DType::string}));
  PARE_TRY(need_rank(context, 0, "X", 1, 2));
  context.set(0, DType::string, context.shape(0));
  if (auto& shape = context.outputs[0].type.shape)
    if (!stopwords.empty() || !shape->back().known() || shape->back().size == 0) shape->back() = Dim();
  return {};
}
void StringNormalizer::links(LinkContext&) const {}

Result<void> StringConcat::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::string}));
  PARE_TRY(need_dtype(context, 1, "Y", {DType::string}));
  return infer_broadcast(context, DType::string);
}
void StringConcat::links(LinkContext&) const {}

Result<void> StringSplit::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::string}));
  if (maxsplit && *maxsplit < 0)
    return input_error("maxsplit is " + std::to_string(*maxsplit) + ", expected 0 or more");
  context.set(0, DType::string, context.shape(0));
  if (auto& shape = context.outputs[0].type.shape) shape->push_back(Dim());
  context.set(1, DType::int64, context.shape(0));
  return {};
}
void StringSplit::links(LinkContext&) const {}

Result<void> RegexFullMatch::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::string}));
  context.set(0, DType::boolean, context.shape(0));
  return {};
}
void RegexFullMatch::links(LinkContext&) const {}

Result<void> TfIdfVectorizer::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"TF", "IDF", "TFIDF"}));
  PARE_TRY(need_dtype(context, 0, "X", {DType::int32, DType::int64, DType::string}));
  PARE_TRY(need_rank(context, 0, "X", 1, 2));
  int64_t last = -1;
  for (const int64_t index : ngram_indexes) {
    if (index < 0 || index > INT32_MAX)
      return input_error("ngram_indexes has an entry " + std::to_string(index) + ", expected 0 to 2^31 - 1");
    last = std::max(last, index);
  }
  context.set(0, DType::float32, context.shape(0));
  if (auto& shape = context.outputs[0].type.shape) shape->back() = Dim(last + 1);
  return {};
}
void TfIdfVectorizer::links(LinkContext&) const {}

}  // namespace pare
