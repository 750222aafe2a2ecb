#include "distill/lower.h"

namespace pare {

Result<void> lower(const If&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Loop&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Scan&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
