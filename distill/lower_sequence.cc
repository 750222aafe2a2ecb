#include "distill/lower.h"

namespace pare {

Result<void> lower(const SequenceConstruct&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceEmpty&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceAt&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceInsert&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceErase&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceLength&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SplitToSequence&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const ConcatFromSequence&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SequenceMap&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const OptionalOf&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const OptionalGetElement&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const OptionalHasElement&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
