#include "cli/feed.h"

#include <algorithm>
#include <map>
#include <optional>

#include "graph/error.h"

namespace pare::cli {
namespace {

std::string names(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (const ValueId id : ids) text += (text.empty() ? "" : ", ") + graph.value(id).name;
  return text;
}

size_t place(const Graph& graph, const std::vector<ValueId>& ids, const std::string& name, const std::string& what) {
  for (size_t i = 0; i < ids.size(); ++i)
    if (graph.value(ids[i]).name == name) return i;
  throw Error(ErrorCode::usage, "--feed: the model has no " + what + " '" + name +
                                    "'; expected OUTPUT=INPUT of outputs " + names(graph, graph.outputs) +
                                    " and inputs " + names(graph, graph.inputs));
}

// Step `step` of a value that holds all of them along axis 0.
Tensor slice(const Tensor& all, int64_t step) {
  Dims dims(all.dims().begin() + 1, all.dims().end());
  Tensor one(all.dtype(), dims);
  const size_t bytes = one.byte_size();
  const auto from = all.bytes().subspan(static_cast<size_t>(step) * bytes, bytes);
  std::copy(from.begin(), from.end(), one.mutable_bytes().begin());
  return one;
}

class Steps {
 public:
  Steps(Executor& executor, std::vector<Tensor> inputs, const std::vector<Feed>& feeds)
      : executor_(executor), graph_(executor.graph()), inputs_(std::move(inputs)), feeds_(feeds) {}

  std::vector<Tensor> run() {
    find_steps();
    begin_states();
    std::vector<Tensor> results;
    for (int64_t step = 0; step < count_; ++step) {
      std::vector<Tensor> now = inputs_;
      for (size_t i = 0; i < now.size(); ++i)
        if (stepped_[i]) now[i] = slice(inputs_[i], step);
      const std::vector<Tensor> outputs = unwrap(executor_.run(now));
      keep(step, outputs, results);
      for (const Feed& feed : feeds_) inputs_[feed.input] = outputs[feed.output];
    }
    return results;
  }

 private:
  bool fed(size_t input) const {
    return std::any_of(feeds_.begin(), feeds_.end(), [&](const Feed& feed) { return feed.input == input; });
  }

  void find_steps() {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Value& declared = graph_.value(graph_.inputs[i]);
      stepped_.push_back(!fed(i) && declared.type.shape && inputs_[i].rank() == declared.type.shape->size() + 1);
      if (!stepped_.back()) continue;
      const int64_t steps = inputs_[i].dims()[0];
      if (count_ >= 0 && steps != count_)
        throw Error(ErrorCode::input, "input '" + declared.name + "' holds " + std::to_string(steps) +
                                          " steps, and one before it " + std::to_string(count_));
      count_ = steps;
    }
    if (count_ < 1)
      throw Error(ErrorCode::input,
                  "no input holds steps; with --feed one must have one more axis than the model "
                  "declares, in front, with a value for each step");
  }

  // What symbols stand for, by the inputs that are given.
  std::map<std::string, int64_t> symbols() const {
    std::map<std::string, int64_t> found;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const auto& shape = graph_.value(graph_.inputs[i]).type.shape;
      const size_t front = stepped_[i] ? 1 : 0;
      if (!shape || inputs_[i].dtype() == DType::undefined || inputs_[i].rank() != shape->size() + front) continue;
      for (size_t d = 0; d < shape->size(); ++d)
        if (!(*shape)[d].symbol.empty()) found[(*shape)[d].symbol] = inputs_[i].dims()[d + front];
    }
    return found;
  }

  void begin_states() {
    const auto known = symbols();
    for (const Feed& feed : feeds_) {
      Tensor& state = inputs_[feed.input];
      if (state.dtype() != DType::undefined) continue;
      const Value& declared = graph_.value(graph_.inputs[feed.input]);
      Dims dims;
      for (const Dim& dim : declared.type.shape.value_or(Shape{Dim()})) {
        const auto symbol = known.find(dim.symbol);
        if (!dim.known() && symbol == known.end())
          throw Error(ErrorCode::input, "input '" + declared.name + "' (" + to_string(declared.type) +
                                            ") is not given, and no other input tells its size; give it with --in");
        dims.push_back(dim.known() ? dim.size : symbol->second);
      }
      state = Tensor(declared.type.dtype, dims);
    }
  }

  void keep(int64_t step, const std::vector<Tensor>& outputs, std::vector<Tensor>& results) const {
    if (step == 0) results.resize(outputs.size());
    for (size_t o = 0; o < outputs.size(); ++o) {
      const bool state = std::any_of(feeds_.begin(), feeds_.end(), [&](const Feed& feed) { return feed.output == o; });
      if (state) {
        results[o] = outputs[o];
        continue;
      }
      Dims dims = outputs[o].dims();
      dims.insert(dims.begin(), count_);
      if (step == 0) results[o] = Tensor(outputs[o].dtype(), dims);
      if (results[o].dims() != dims)
        throw Error(ErrorCode::unsupported, "output '" + graph_.value(graph_.outputs[o]).name +
                                                "' changes its shape from step to step, which one array cannot hold");
      const auto bytes = outputs[o].bytes();
      std::copy(
          bytes.begin(), bytes.end(),
          results[o].mutable_bytes().begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(step) * bytes.size()));
    }
  }

  Executor& executor_;
  const Graph& graph_;
  std::vector<Tensor> inputs_;
  const std::vector<Feed>& feeds_;
  std::vector<bool> stepped_;
  int64_t count_ = -1;
};

}  // namespace

std::vector<Feed> parse_feeds(const Graph& graph, const std::vector<std::string>& texts) {
  std::vector<Feed> feeds;
  for (const std::string& text : texts) {
    const size_t equals = std::min(text.find('='), text.size());
    const std::string input = text.substr(std::min(equals + 1, text.size()));
    feeds.push_back(
        {place(graph, graph.outputs, text.substr(0, equals), "output"), place(graph, graph.inputs, input, "input")});
  }
  return feeds;
}

std::vector<Tensor> run_steps(Executor& executor, std::vector<Tensor> inputs, const std::vector<Feed>& feeds) {
  return Steps(executor, std::move(inputs), feeds).run();
}

}  // namespace pare::cli
