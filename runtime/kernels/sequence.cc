#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const SequenceConstruct&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceEmpty&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceAt&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceInsert&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceErase&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceLength&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SplitToSequence&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const ConcatFromSequence&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SequenceMap&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const OptionalOf&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const OptionalGetElement&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const OptionalHasElement&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
