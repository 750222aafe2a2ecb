// The entry of libFuzzer, for one target: PARE_FUZZ_TARGET names its function.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pare::fuzz::PARE_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
