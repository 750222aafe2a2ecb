// Greedy decoding: an encoder makes a state of a sample, and a decoder writes the answer token by token, taking the
// token of the largest score each time.
#pragma once

#include "verify/runner.h"

namespace pare {

// What stands in a decoded row after the answer's end, and for a token whose scores are not all numbers.
inline constexpr int64_t kNoToken = -1, kNotFinite = -2;

// Which output feeds which input. The token goes to the decoder's one integer input that nothing else feeds. Any other
// input begins as the encoder's output of its name, or else as the only one whose type fits; and takes after each step
// the decoder's output of its name, or else the only one whose type fits. `feeds` ("OUTPUT=INPUT") says otherwise. An
// input that the decoder alone feeds begins as zeros.
struct Wiring {
  struct Feed {
    size_t from, to;
  };
  size_t token = 0;           // input of the decoder
  size_t scores = 0;          // output of the decoder
  std::vector<Feed> encoded;  // output of the encoder to input of the decoder, before the first step
  std::vector<Feed> states;   // output of the decoder to input of the decoder, after each step
};
// Throws Error (usage) where it is not clear, naming the input.
Wiring wire(const Graph& encoder, const Graph& decoder, const std::string& scores,
            const std::vector<std::string>& feeds);

// Gives int64 [count, answer.steps]: the tokens before the end, then kNoToken.
std::unique_ptr<Runner> make_greedy_decoder(const RunningModel& model, const std::optional<AnswerTokens>& answer,
                                            const ExecutorOptions& options);

}  // namespace pare
