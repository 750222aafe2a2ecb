// A fixed set of threads that one executor owns. No hidden threads: a pool of one starts none and runs in the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace pare {

class ThreadPool {
 public:
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  // Calls task(index, thread) once for every index in [0, count), thread in [0, threads()); returns when all are done.
  // Which thread gets which index is unspecified, so a task must write only what its index owns: then results do not
  // depend on the number of threads. Not reentrant. Tasks must not throw.
  void run(int64_t count, const std::function<void(int64_t index, int thread)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pare
