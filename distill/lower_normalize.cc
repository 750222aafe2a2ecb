#include "distill/lower.h"

namespace pare {

Result<void> lower(const GroupNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RMSNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const LpNormalization&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MeanVarianceNormalization&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
