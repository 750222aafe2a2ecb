// Errors as values. Code that reads outside data, and all of runtime/, returns Result<T>; the tools above may throw
// pare::Error (see error.h). Nothing in graph/, runtime/ or the readers throws across its interface.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace pare {

// The number is the exit code of the command line.
enum class ErrorCode : int {
  gate = 1,         // a bound on accuracy, size or speed is not met
  usage = 2,        // the command line is wrong
  input = 3,        // a file or array is unreadable or malformed
  unsupported = 4,  // well-formed, but not something this program does; the message names it
  internal = 70,    // a fault of ours
};

// One sentence: where, what was found, what was expected, what to do.
struct Failure {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

inline Failure input_error(std::string message) { return {ErrorCode::input, std::move(message)}; }
inline Failure unsupported(std::string message) { return {ErrorCode::unsupported, std::move(message)}; }
inline Failure usage_error(std::string message) { return {ErrorCode::usage, std::move(message)}; }

// Prefixes `where` ("model.onnx, node 'conv1'") to the sentence on its way up.
inline Failure in_context(const std::string& where, Failure failure) {
  failure.message = where + ": " + failure.message;
  return failure;
}

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Failure& failure() const {
    assert(!ok_);
    return failure_;
  }

 private:
  Failure failure_;
  bool ok_ = true;
};

}  // namespace pare

#define PARE_CONCAT_INNER(a, b) a##b
#define PARE_CONCAT(a, b) PARE_CONCAT_INNER(a, b)
// Returns the failure of a Result from the enclosing function.
#define PARE_TRY(expression)                                \
  do {                                                      \
    if (auto pare_try_result = (expression); !pare_try_result) \
      return pare_try_result.failure();                     \
  } while (false)
// PARE_ASSIGN(auto x, f()): declares x from the value, or returns the failure.
#define PARE_ASSIGN(declaration, expression)                                             \
  auto PARE_CONCAT(pare_result_, __LINE__) = (expression);                               \
  if (!PARE_CONCAT(pare_result_, __LINE__)) return PARE_CONCAT(pare_result_, __LINE__).failure(); \
  declaration = *std::move(PARE_CONCAT(pare_result_, __LINE__))
