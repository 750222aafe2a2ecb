#include "distill/lower.h"

namespace pare {

Result<void> lower(const Mod&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const BitShift&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const IsInf&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Shrink&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Swish&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SwiGLU&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const CastLike&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const BitCast&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Cumulative&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Hardmax&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Det&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Einsum&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
