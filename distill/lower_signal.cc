#include "distill/lower.h"

namespace pare {

Result<void> lower(const Window&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const DFT&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const STFT&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const MelWeightMatrix&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
