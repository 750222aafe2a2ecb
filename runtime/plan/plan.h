// A plan: steps over values that live in storages, most of them places in one arena.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"
#include "runtime/thread_pool.h"

namespace pare {

// How the elements of a value [N, C, spatial...] lie in memory: row-major as ONNX has them, or [N, spatial..., C].
enum class Order : uint8_t { onnx, channels_last };

struct Storage {
  enum class Kind : uint8_t { arena, input, constant, output };
  Kind kind = Kind::arena;
  size_t bytes = 0;
  size_t offset = 0;  // arena: from its begin
  int index = 0;      // input or output: which
  Tensor constant;
  int first = -1, last = -1;  // steps that write it first and read it last
};

struct PlanValue {
  DType dtype = DType::undefined;
  Dims dims;  // always the ONNX dims, whatever the order
  Order order = Order::onnx;
  int storage = -1;
  size_t offset = 0;  // bytes from the storage's begin
};

// What a step sees when it runs.
struct Frame {
  const std::vector<PlanValue>& values;
  const std::vector<std::byte*>& storages;
  std::byte* scratch;
  ThreadPool& pool;
  const FloatKernels& kernels;
  Isa isa;

  template <class T = void>
  T* at(int value) const {
    const PlanValue& at = values[static_cast<size_t>(value)];
    return reinterpret_cast<T*>(storages[static_cast<size_t>(at.storage)] + at.offset);
  }
};

struct Step {
  std::string kernel;
  std::vector<NodeId> nodes;
  std::vector<int> reads, writes;  // plan values
  size_t scratch = 0;              // bytes, 64-byte aligned
  size_t weight_bytes = 0;         // of what was packed for it
  int in_place = -1;               // which of `reads` writes[0] may lie on, where nobody reads it later; -1: none
  std::function<Result<void>(const Frame&)> run;
};

struct Plan {
  std::vector<PlanValue> values;
  std::vector<Storage> storages;
  std::vector<Step> steps;
  std::vector<int> outputs;             // plan values to return, in ONNX order
  std::vector<size_t> scratch_offsets;  // by step
  size_t arena_bytes = 0;
};

// Lifetimes, in-place merging and offsets: every storage of the arena gets the lowest gap that fits among those alive
// at the same time, the largest first (greedy by size, Pisarchyk and Lee, arXiv 2001.03288).
void assign_arena(Plan& plan);

// Tensors prepared once for all plans of an executor: packed weights, by a key that says all they depend on.
class WeightCache {
 public:
  // The object made for `key`; make() is called when there is none, then bytes(object) for its size.
  template <class T, class Make, class Bytes>
  std::shared_ptr<const T> get(const std::string& key, Make&& make, Bytes&& bytes) {
    auto& entry = entries_[key];
    if (!entry) {
      std::shared_ptr<const T> made = make();
      bytes_ += bytes(*made);
      entry = std::move(made);
    }
    return std::static_pointer_cast<const T>(entry);
  }
  size_t bytes() const { return bytes_; }

 private:
  std::map<std::string, std::shared_ptr<const void>> entries_;
  size_t bytes_ = 0;
};

}  // namespace pare
