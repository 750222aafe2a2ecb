// Opens the training module, libpare_distill.so, the first time somebody trains: LibTorch costs half a second and 170 MB
// at every start of a program that links it.
#pragma once

#include "distill/distill.h"

namespace pare {

// Number of the interface in distill.h; the module refuses any other.
inline constexpr int kDistillInterface = 1;

// Looks beside the running executable, then in ../lib/pare of it. Throws Error (unsupported) when the module or a library
// it needs is missing. Before LibTorch is loaded, names the core type to OpenBLAS (whose older releases take processors
// they do not know for a Prescott) unless OPENBLAS_CORETYPE is set already, and asks OpenMP not to spin while it waits
// (on a machine with other work spinning threads took 10 times the processor time) unless OMP_WAIT_POLICY is.
const Trainer& load_trainer();

// The core type named to OpenBLAS on this processor: "SKYLAKEX" with AVX-512, "ZEN" or "HASWELL" with AVX2, else "".
// Measured on an EPYC 9005 with OpenBLAS 0.3.21 (float32 1024^3): SKYLAKEX 6.3 ms, HASWELL 9.1 ms, ZEN 10.4 ms.
const char* openblas_core_type();

}  // namespace pare
