#include "runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace pare {
namespace {

// Some tens of microseconds: longer than the gap between two layers, shorter than a scheduler's time slice.
constexpr int kSpins = 1000;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#endif
}

template <class Ready>
bool spin_until(const Ready& ready) {
  for (int i = 0; i < kSpins; ++i) {
    if (ready()) return true;
    relax();
  }
  return ready();
}

}  // namespace

// A run opens a job under the mutex; workers join an open job under the mutex and leave by counting `active` down. The
// caller works too, closes the job when no index is left and waits only for those who joined, so a worker that is slow
// to wake costs nothing.
struct ThreadPool::State {
  using Task = std::function<void(int64_t, int)>;

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  int sleepers = 0;   // guarded by mutex
  bool open = false;  // guarded by mutex
  bool stop = false;  // guarded by mutex
  const Task* task = nullptr;
  int64_t count = 0;
  std::atomic<uint64_t> generation{0};  // written under mutex
  std::atomic<int64_t> next{0};
  std::atomic<int> active{0};  // counted up under mutex

  void work(const Task& job, int64_t total, int thread) {
    for (int64_t i = next.fetch_add(1, std::memory_order_relaxed); i < total;
         i = next.fetch_add(1, std::memory_order_relaxed))
      job(i, thread);
  }

  void serve(int thread) {
    uint64_t seen = 0;
    while (true) {
      spin_until([&] { return generation.load(std::memory_order_acquire) != seen; });
      std::unique_lock lock(mutex);
      while (generation.load(std::memory_order_relaxed) == seen) {
        ++sleepers;
        wake.wait(lock);
        --sleepers;
      }
      seen = generation.load(std::memory_order_relaxed);
      if (stop) return;
      if (!open) continue;
      active.fetch_add(1, std::memory_order_relaxed);
      const Task* job = task;
      const int64_t total = count;
      lock.unlock();
      work(*job, total, thread);
      if (active.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard again(mutex);
        done.notify_one();
      }
    }
  }

  void publish(bool stopping) {
    bool asleep = false;
    {
      const std::lock_guard lock(mutex);
      stop = stopping;
      open = !stopping;
      next.store(0, std::memory_order_relaxed);
      generation.fetch_add(1, std::memory_order_release);
      asleep = sleepers > 0;
    }
    if (asleep) wake.notify_all();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  state_->workers.reserve(static_cast<size_t>(std::max(threads, 1) - 1));
  for (int thread = 1; thread < threads; ++thread) {
    try {
      state_->workers.emplace_back([state = state_.get(), thread] { state->serve(thread); });
    } catch (const std::system_error&) {
      break;  // the system gives no more threads: the pool is smaller, the results are the same
    }
  }
}

ThreadPool::~ThreadPool() {
  state_->publish(true);
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run(int64_t count, const std::function<void(int64_t index, int thread)>& task) {
  if (count <= 1 || state_->workers.empty()) {
    for (int64_t i = 0; i < count; ++i) task(i, 0);
    return;
  }
  State& state = *state_;
  state.task = &task;
  state.count = count;
  state.publish(false);
  state.work(task, count, 0);
  {
    const std::lock_guard lock(state.mutex);
    state.open = false;
  }
  const auto idle = [&] { return state.active.load(std::memory_order_acquire) == 0; };
  if (spin_until(idle)) return;
  std::unique_lock lock(state.mutex);
  state.done.wait(lock, idle);
}

}  // namespace pare
