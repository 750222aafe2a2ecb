// Windows and transforms of signals.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// size -> output
struct Window {
  enum class Kind : uint8_t { Blackman, Hamming, Hann };
  static constexpr std::array<std::string_view, 3> kNames{"BlackmanWindow", "HammingWindow", "HannWindow"};
  static constexpr int kSince = 17;
  static constexpr Arity kArity{1, 1};
  Kind kind = Kind::Blackman;
  DType output_datatype = DType::float32;
  int64_t periodic = 1;
  static void fields(auto& s, auto&& f) {
    f("output_datatype", s.output_datatype);
    f("periodic", s.periodic);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, dft_length?, axis? -> output
struct DFT {
  static constexpr std::string_view kName = "DFT";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{1, 3};
  int64_t inverse = 0;
  int64_t onesided = 0;
  static void fields(auto& s, auto&& f) {
    f("inverse", s.inverse);
    f("onesided", s.onesided);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// signal, frame_step, window?, frame_length? -> output
struct STFT {
  static constexpr std::string_view kName = "STFT";
  static constexpr int kSince = 17;
  static constexpr Arity kArity{2, 4};
  int64_t onesided = 1;
  static void fields(auto& s, auto&& f) { f("onesided", s.onesided); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz -> output
struct MelWeightMatrix {
  static constexpr std::string_view kName = "MelWeightMatrix";
  static constexpr int kSince = 17;
  static constexpr Arity kArity{5, 5};
  DType output_datatype = DType::float32;
  static void fields(auto& s, auto&& f) { f("output_datatype", s.output_datatype); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_SIGNAL_OPS(X) X(Window) X(DFT) X(STFT) X(MelWeightMatrix)
