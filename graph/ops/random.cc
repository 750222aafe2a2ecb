#include "graph/ops/random.h"

namespace pare {

Result<void> RandomNormal::infer(InferContext&) const { return {}; }
Result<void> RandomNormalLike::infer(InferContext&) const { return {}; }
Result<void> RandomUniform::infer(InferContext&) const { return {}; }
Result<void> RandomUniformLike::infer(InferContext&) const { return {}; }
Result<void> Multinomial::infer(InferContext&) const { return {}; }
Result<void> Bernoulli::infer(InferContext&) const { return {}; }

void RandomNormal::links(LinkContext&) const {}
void RandomNormalLike::links(LinkContext&) const {}
void RandomUniform::links(LinkContext&) const {}
void RandomUniformLike::links(LinkContext&) const {}
void Multinomial::links(LinkContext&) const {}
void Bernoulli::links(LinkContext&) const {}

}  // namespace pare
