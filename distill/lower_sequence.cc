#include "distill/lower.h"

namespace pare {

Result<void> lower(const SequenceConstruct&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceEmpty&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceAt&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceInsert&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceErase&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceLength&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SplitToSequence&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const ConcatFromSequence&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const SequenceMap&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const OptionalOf&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const OptionalGetElement&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}
Result<void> lower(const OptionalHasElement&, LowerContext&) {
  return unsupported("moves sequences or optional values, which are not trained");
}

}  // namespace pare
