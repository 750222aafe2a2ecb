#include "graph/ops/sequence.h"

namespace pare {

Result<void> SequenceConstruct::infer(InferContext&) const { return {}; }
Result<void> SequenceEmpty::infer(InferContext&) const { return {}; }
Result<void> SequenceAt::infer(InferContext&) const { return {}; }
Result<void> SequenceInsert::infer(InferContext&) const { return {}; }
Result<void> SequenceErase::infer(InferContext&) const { return {}; }
Result<void> SequenceLength::infer(InferContext&) const { return {}; }
Result<void> SplitToSequence::infer(InferContext&) const { return {}; }
Result<void> ConcatFromSequence::infer(InferContext&) const { return {}; }
Result<void> SequenceMap::infer(InferContext&) const { return {}; }
Result<void> OptionalOf::infer(InferContext&) const { return {}; }
Result<void> OptionalGetElement::infer(InferContext&) const { return {}; }
Result<void> OptionalHasElement::infer(InferContext&) const { return {}; }

void SequenceConstruct::links(LinkContext&) const {}
void SequenceEmpty::links(LinkContext&) const {}
void SequenceAt::links(LinkContext&) const {}
void SequenceInsert::links(LinkContext&) const {}
void SequenceErase::links(LinkContext&) const {}
void SequenceLength::links(LinkContext&) const {}
void SplitToSequence::links(LinkContext&) const {}
void ConcatFromSequence::links(LinkContext&) const {}
void SequenceMap::links(LinkContext&) const {}
void OptionalOf::links(LinkContext&) const {}
void OptionalGetElement::links(LinkContext&) const {}
void OptionalHasElement::links(LinkContext&) const {}

}  // namespace pare
