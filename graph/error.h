// The one exception type of the tools (compress, quantize, distill, verify, cli); caught once, in cli/main.cc.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "graph/result.h"

namespace pare {

class Error : public std::runtime_error {
 public:
  explicit Error(Failure failure) : std::runtime_error(failure.message), code_(failure.code) {}
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const { return code_; }
  Failure failure() const { return {code_, what()}; }

 private:
  ErrorCode code_;
};

// The value of a Result, or its failure thrown as Error.
template <class T>
T unwrap(Result<T> result) {
  if (!result) throw Error(result.failure());
  return *std::move(result);
}
inline void unwrap(Result<void> result) {
  if (!result) throw Error(result.failure());
}

}  // namespace pare
