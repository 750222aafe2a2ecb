// PARE_UNROLL(n) before a loop of at most n fixed rounds: unrolled, so that arrays of vectors live in registers. Under
// AddressSanitizer loops stay loops, because its checks on thousands of unrolled accesses take minutes to compile.
#pragma once

#define PARE_PRAGMA(text) _Pragma(#text)
#if defined(__SANITIZE_ADDRESS__)
#define PARE_UNROLL(n)
#elif defined(__clang__)
#define PARE_UNROLL(n) PARE_PRAGMA(unroll)
#else
#define PARE_UNROLL(n) PARE_PRAGMA(GCC unroll n)
#endif
