#include "graph/op.h"

namespace pare {

template <class O>
  requires requires { O::kArity; }
Op::Op(O op) : detail::OpVariant(std::in_place_type<O>, std::move(op)) {}
#define PARE_INSTANTIATE(O) template Op::Op(O);
PARE_OPS(PARE_INSTANTIATE)
#undef PARE_INSTANTIATE

Op::Op(const Op&) = default;
Op::Op(Op&&) noexcept = default;
Op& Op::operator=(const Op&) = default;
Op& Op::operator=(Op&&) noexcept = default;
Op::~Op() = default;

}  // namespace pare
