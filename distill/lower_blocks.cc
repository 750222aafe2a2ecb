#include "distill/lower.h"

namespace pare {
namespace {

constexpr char kPacked[] =
    "has weights of packed integers, which no gradient reaches; train the float model and quantize it again";

}  // namespace

#define PARE_NOT_LOWERED(O) \
  Result<void> lower(const O&, LowerContext&) { return unsupported(kPacked); }
PARE_BLOCKS_OPS(PARE_NOT_LOWERED)
#undef PARE_NOT_LOWERED

}  // namespace pare
