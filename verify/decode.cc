#include "verify/decode.h"

#include <algorithm>

#include "graph/error.h"
#include "verify/batch_axis.h"
#include "verify/metric_kinds.h"

namespace pare {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

const Value& input_of(const Graph& graph, size_t i) { return graph.value(graph.inputs[i]); }
const Value& output_of(const Graph& graph, size_t i) { return graph.value(graph.outputs[i]); }

size_t named(const Graph& graph, const std::vector<ValueId>& ids, const std::string& name) {
  const auto found = std::find_if(ids.begin(), ids.end(), [&](ValueId id) { return graph.value(id).name == name; });
  return found == ids.end() ? kNone : static_cast<size_t>(found - ids.begin());
}

bool fits(const Type& from, const Type& to) {
  if (from.dtype != to.dtype) return false;
  if (!from.shape || !to.shape) return true;
  return std::equal(from.shape->begin(), from.shape->end(), to.shape->begin(), to.shape->end(),
                    [](const Dim& a, const Dim& b) { return !a.known() || !b.known() || a.size == b.size; });
}

class Wirer {
 public:
  Wirer(const Graph& encoder, const Graph& decoder)
      : encoder_(encoder),
        decoder_(decoder),
        encoded_(decoder.inputs.size(), kNone),
        states_(decoder.inputs.size(), kNone) {}

  Wiring run(const std::string& scores, const std::vector<std::string>& feeds) {
    wiring_.scores = output_slot(decoder_, scores);
    for (const std::string& feed : feeds) take(feed);
    find_token();
    for (size_t i = 0; i < decoder_.inputs.size(); ++i) {
      if (i == wiring_.token) continue;
      if (encoded_[i] == kNone) encoded_[i] = find(encoder_, i, kNone, encoded_);
      if (states_[i] == kNone) states_[i] = find(decoder_, i, wiring_.scores, states_);
      if (encoded_[i] != kNone) wiring_.encoded.push_back({encoded_[i], i});
      if (states_[i] != kNone) wiring_.states.push_back({states_[i], i});
      if (encoded_[i] == kNone && states_[i] == kNone)
        throw Error(ErrorCode::usage, "it is not clear what feeds the decoder's input '" + input_of(decoder_, i).name +
                                          "' (" + to_string(input_of(decoder_, i).type) +
                                          "); name an output of the encoder or of the decoder with --feed OUTPUT=" +
                                          input_of(decoder_, i).name);
    }
    if (wiring_.states.empty())
      throw Error(ErrorCode::usage,
                  "no output of the decoder feeds an input of it, so that it knows nothing of the tokens before; name "
                  "one with --feed OUTPUT=INPUT");
    return std::move(wiring_);
  }

 private:
  void take(const std::string& feed) {
    const size_t equals = feed.find('=');
    const size_t to = equals == std::string::npos ? kNone : named(decoder_, decoder_.inputs, feed.substr(equals + 1));
    const std::string from = feed.substr(0, equals);
    const size_t first = named(encoder_, encoder_.outputs, from), later = named(decoder_, decoder_.outputs, from);
    if (to == kNone || (first == kNone && later == kNone))
      throw Error(ErrorCode::usage, "--feed " + feed +
                                        ": expected OUTPUT=INPUT, an output of the encoder or of the "
                                        "decoder and an input of the decoder");
    if (first != kNone) encoded_[to] = first;
    if (later != kNone) states_[to] = later;
  }

  void find_token() {
    std::vector<size_t> candidates;
    for (size_t i = 0; i < decoder_.inputs.size(); ++i) {
      const Value& input = input_of(decoder_, i);
      const bool fed =
          encoded_[i] != kNone || states_[i] != kNone || named(encoder_, encoder_.outputs, input.name) != kNone;
      if (is_integer(input.type.dtype) && !fed) candidates.push_back(i);
    }
    if (candidates.size() != 1)
      throw Error(ErrorCode::usage, "the decoder has " + std::to_string(candidates.size()) +
                                        " integer inputs that nothing feeds; expected one, for the token before");
    wiring_.token = candidates[0];
  }

  // An output of `graph` for the decoder's input, other than `not_this` and those that are taken.
  size_t find(const Graph& graph, size_t input, size_t not_this, const std::vector<size_t>& taken) const {
    const Value& wanted = input_of(decoder_, input);
    if (const size_t same = named(graph, graph.outputs, wanted.name); same != kNone) return same;
    size_t found = kNone;
    for (size_t o = 0; o < graph.outputs.size(); ++o) {
      const bool free = o != not_this && std::find(taken.begin(), taken.end(), o) == taken.end();
      if (!free || !fits(output_of(graph, o).type, wanted.type)) continue;
      if (found != kNone) return kNone;
      found = o;
    }
    return found;
  }

  const Graph& encoder_;
  const Graph& decoder_;
  std::vector<size_t> encoded_, states_;  // by input of the decoder
  Wiring wiring_;
};

class GreedyDecoder final : public Runner {
 public:
  GreedyDecoder(const RunningModel& model, const AnswerTokens& answer, const ExecutorOptions& options)
      : encoder_(unwrap(Executor::create(std::make_shared<Graph>(*model.graph), options))),
        decoder_(unwrap(Executor::create(std::make_shared<Graph>(*model.decoder), options))),
        wiring_(wire(*model.graph, *model.decoder, model.output, model.feeds)),
        answer_(answer) {}

  Tensor run(const Batch& batch) override {
    const Graph &encoder = encoder_->graph(), &decoder = decoder_->graph();
    const BatchAxes encoder_axes(encoder), axes(decoder);
    const std::vector<Tensor> encoded = unwrap(encoder_->run(inputs_for(encoder, batch)));
    std::vector<Tensor> inputs(decoder.inputs.size());
    for (const Wiring::Feed& state : wiring_.states) inputs[state.to] = zeros(axes, state.to, batch.count);
    for (const Wiring::Feed& feed : wiring_.encoded)
      inputs[feed.to] = axes.to_model(decoder.inputs[feed.to],
                                      encoder_axes.from_model(encoder.outputs[feed.from], encoded[feed.from]));
    Tensor decoded(DType::int64, {batch.count, answer_.steps});
    const auto rows = decoded.mutable_data<int64_t>();
    std::fill(rows.begin(), rows.end(), kNoToken);
    std::vector<int64_t> last(static_cast<size_t>(batch.count), *answer_.begin);
    std::vector<bool> done(last.size(), false);
    for (int64_t step = 0; step < answer_.steps; ++step) {
      inputs[wiring_.token] = token_input(axes, last);
      const std::vector<Tensor> outputs = unwrap(decoder_->run(inputs));
      const Tensor scores = rows_of(axes.from_model(decoder.outputs[wiring_.scores], outputs[wiring_.scores]),
                                    batch.count, "greedy decoding");
      const auto width = static_cast<size_t>(scores.dims()[1]);
      for (size_t row = 0; row < last.size(); ++row) {
        if (done[row]) continue;
        const int64_t best = argmax(scores.data<float>().subspan(row * width, width));
        done[row] = best < 0 || best == answer_.end;
        if (best != answer_.end)
          rows[row * static_cast<size_t>(answer_.steps) + static_cast<size_t>(step)] = best < 0 ? kNotFinite : best;
        last[row] = std::max<int64_t>(best, 0);
      }
      if (std::all_of(done.begin(), done.end(), [](bool d) { return d; })) break;
      for (const Wiring::Feed& state : wiring_.states) inputs[state.to] = outputs[state.from];
    }
    return decoded;
  }

  MemoryReport memory() const override {
    const MemoryReport a = encoder_->memory(), b = decoder_->memory();
    return {a.weight_bytes + b.weight_bytes, a.arena_bytes + b.arena_bytes};
  }

 private:
  // [count, ...] of the input's type, other unknown dims 1.
  Dims dims_for(const BatchAxes& axes, size_t input, int64_t count) const {
    Dims dims;
    const Type type = axes.first(decoder_->graph().inputs[input]);
    for (const Dim& dim : type.shape.value_or(Shape{Dim()}))
      dims.push_back(dims.empty() ? count : dim.known() ? dim.size : 1);
    return dims;
  }
  Tensor zeros(const BatchAxes& axes, size_t input, int64_t count) const {
    const ValueId id = decoder_->graph().inputs[input];
    return axes.to_model(id, Tensor(decoder_->graph().value(id).type.dtype, dims_for(axes, input, count)));
  }
  Tensor token_input(const BatchAxes& axes, const std::vector<int64_t>& tokens) const {
    Tensor input(DType::int64, dims_for(axes, wiring_.token, static_cast<int64_t>(tokens.size())));
    if (input.size() != static_cast<int64_t>(tokens.size()))
      throw Error(ErrorCode::unsupported,
                  "the decoder takes " + to_string(input.type()) + " as tokens; expected one token for each sample");
    std::copy(tokens.begin(), tokens.end(), input.mutable_data<int64_t>().begin());
    const ValueId id = decoder_->graph().inputs[wiring_.token];
    return axes.to_model(id, unwrap(cast(input, decoder_->graph().value(id).type.dtype)));
  }

  std::unique_ptr<Executor> encoder_, decoder_;
  Wiring wiring_;
  AnswerTokens answer_;
};

}  // namespace

Wiring wire(const Graph& encoder, const Graph& decoder, const std::string& scores,
            const std::vector<std::string>& feeds) {
  return Wirer(encoder, decoder).run(scores, feeds);
}

std::unique_ptr<Runner> make_greedy_decoder(const RunningModel& model, const std::optional<AnswerTokens>& answer,
                                            const ExecutorOptions& options) {
  if (!answer || !answer->begin || !answer->end) {
    throw Error(ErrorCode::usage,
                "a decoder needs to know the tokens that begin and end its answer; give 'begin' and 'end' in the "
                "[answer] table of the preprocessing file");
  }
  return std::make_unique<GreedyDecoder>(model, *answer, options);
}

}  // namespace pare
