// The table of one instruction set from its vector type and dot products. Internal linkage: see int8_micro.h.
#pragma once

// The vector type has been included before.
#include "runtime/fast/int8_depthwise-inl.h"
#include "runtime/fast/int8_elementwise-inl.h"
#include "runtime/fast/int8_tile-inl.h"

namespace pare {
namespace {

template <class WordsDot>
constexpr Int8Micro words_micro() {
  Int8Micro micro{};
  micro.format = Int8Format::words;
  micro.block_words = block<WordsDot>;
  micro.wide_words = wide<WordsDot>;
  micro.depthwise_block = kDepthwiseBlock;
  micro.depthwise_words = depthwise<WordsTaps, WordsDot>;
  micro.flip = flip_bytes;
  micro.widen = widen_bytes;
  micro.binary = binary;
  micro.quantize = quantize;
  micro.dequantize = dequantize;
  micro.maximum = maximum;
  micro.accumulate = accumulate;
  micro.lookup = lookup;
  micro.split = split;
  return micro;
}

template <class BytesDot, class WordsDot>
constexpr Int8Micro bytes_micro() {
  Int8Micro micro = words_micro<WordsDot>();
  micro.format = Int8Format::bytes;
  micro.block_bytes = block<BytesDot>;
  micro.wide_bytes = wide<BytesDot>;
  micro.depthwise_bytes = depthwise<BytesTaps, BytesDot>;
  return micro;
}

}  // namespace
}  // namespace pare
