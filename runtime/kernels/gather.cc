#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const GatherElements&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GatherND&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const ScatterElements&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const ScatterND&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const OneHot&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const NonZero&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const TopK&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Unique&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Compress&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const ReverseSequence&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const NonMaxSuppression&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Trilu&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const EyeLike&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const CenterCropPad&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
