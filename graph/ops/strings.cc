#include "graph/ops/strings.h"

namespace pare {

Result<void> StringNormalizer::infer(InferContext&) const { return {}; }
Result<void> StringConcat::infer(InferContext&) const { return {}; }
Result<void> StringSplit::infer(InferContext&) const { return {}; }
Result<void> RegexFullMatch::infer(InferContext&) const { return {}; }
Result<void> TfIdfVectorizer::infer(InferContext&) const { return {}; }

void StringNormalizer::links(LinkContext&) const {}
void StringConcat::links(LinkContext&) const {}
void StringSplit::links(LinkContext&) const {}
void RegexFullMatch::links(LinkContext&) const {}
void TfIdfVectorizer::links(LinkContext&) const {}

}  // namespace pare
