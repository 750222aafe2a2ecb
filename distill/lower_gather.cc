#include "distill/lower.h"

namespace pare {

Result<void> lower(const GatherElements&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GatherND&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const ScatterElements&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const ScatterND&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const OneHot&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const NonZero&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const TopK&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Unique&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Compress&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const ReverseSequence&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const NonMaxSuppression&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Trilu&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const EyeLike&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const CenterCropPad&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
