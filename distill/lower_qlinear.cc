#include "distill/lower.h"

namespace pare {
namespace {

constexpr char kIntegers[] =
    "computes on quantized integers, through which no gradient passes; train a graph that quantizes by QuantizeLinear "
    "and "
    "DequantizeLinear";

}  // namespace

#define PARE_NOT_LOWERED(O) \
  Result<void> lower(const O&, LowerContext&) { return unsupported(kIntegers); }
PARE_QLINEAR_OPS(PARE_NOT_LOWERED)
#undef PARE_NOT_LOWERED

}  // namespace pare
