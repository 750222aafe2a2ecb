// What is fuzzed: one function per reader, and the executor. Each takes any bytes and returns; a promise that does not
// hold ends the process (abort), as a sanitizer would.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "graph/graph.h"

namespace pare::fuzz {

using Target = void (*)(std::span<const std::byte>);

void onnx(std::span<const std::byte> bytes);
void pare_file(std::span<const std::byte> bytes);
void text(std::span<const std::byte> bytes);
void npy(std::span<const std::byte> bytes);
void npz(std::span<const std::byte> bytes);
void idx(std::span<const std::byte> bytes);
// A small graph made from the bytes: plans give what the plain kernels give, on every instruction set.
void executor(std::span<const std::byte> bytes);

struct NamedTarget {
  std::string_view name;  // of the folder in tests/fuzz/corpus
  Target run;
};
inline constexpr NamedTarget kTargets[] = {{"onnx", onnx}, {"pare", pare_file}, {"text", text},        {"npy", npy},
                                           {"npz", npz},   {"idx", idx},        {"executor", executor}};

// What the verbs do with a model that was read: verify, facts, text, simplify, and a run where it is small. Each
// succeeds, or fails with a sentence.
void use_model(const Graph& graph);

// A refusal has a sentence and the code of bad input or of something unsupported.
void check_refusal(const Failure& failure);
void check(bool holds, std::string_view promise);

}  // namespace pare::fuzz
