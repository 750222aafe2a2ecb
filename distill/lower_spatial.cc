#include "distill/lower.h"

namespace pare {

Result<void> lower(const LpPool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GlobalLpPool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MaxUnpool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MaxRoiPool&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RoiAlign&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GridSample&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const AffineGrid&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Col2Im&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const DeformConv&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
