#include "verify/decode.h"

#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "tests/verify/samples.h"
#include "verify/batch_axis.h"
#include "verify/compare.h"

namespace pare {
namespace {

Graph graph(const std::string& body) { return unwrap(parse("graph \"g\" {\n" + body + "}\n")); }

// The state is a countdown: its sum over time. Each step writes the token that it stands at and takes one off; token 0
// ends the answer. All of it time-major, as recurrent models are.
Graph encoder() {
  return graph(
      " input x: float32[time,batch]\n const axes: int64[1] = {0}\n"
      " s = ReduceSum(x, axes) {keepdims = 1}\n output s\n");
}
Graph decoder() {
  return graph(
      " input prev: int64[1,batch]\n input state: float32[1,batch]\n"
      " const places: float32[5,1] = {0, 1, 2, 3, 4}\n const one: float32[] = {1}\n"
      " d = Sub(places, state)\n a = Abs(d)\n n = Neg(a)\n scores = Transpose(n) {perm = [1, 0]}\n"
      " next = Sub(state, one)\n output scores\n output next\n");
}

// [time] numbers of each sample, two at a time; y are sequences.
class Countdowns final : public Samples {
 public:
  explicit Countdowns(std::vector<float> x) : Samples(std::move(x)) { labels_.clear(); }
  std::optional<AnswerTokens> answer() const override { return AnswerTokens{0, 0, 6}; }
  Result<Batch> read(std::span<const int64_t> indices) const override {
    PARE_ASSIGN(Batch batch, Samples::read(indices));
    Tensor targets(DType::int64, {batch.count, 4});
    for (size_t i = 0; i < indices.size(); ++i)
      for (int64_t t = 0; t < 4; ++t)
        targets.mutable_data<int64_t>()[i * 4 + static_cast<size_t>(t)] = std::max<int64_t>(3 - t, 0);
    batch.targets = targets;
    return batch;
  }
};

TEST_CASE("decode: each token is the largest score, until the end") {
  const Graph e = encoder(), d = decoder();
  const auto runner = make_runner({&e, &d, {}, {}}, AnswerTokens{0, 0, 6}, {});
  Batch batch;
  batch.count = 3;
  batch.inputs.push_back({"x", Tensor::of<float>({3, 2}, {1, 2, 0, 0, 3, 1})});
  CHECK(runner->run(batch) ==
        Tensor::of<int64_t>({3, 6}, {3, 2, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 4, 3, 2, 1, -1, -1}));
  const auto few = make_runner({&e, &d, {}, {}}, AnswerTokens{0, 0, 2}, {});
  CHECK(few->run(batch) == Tensor::of<int64_t>({3, 2}, {3, 2, -1, -1, 4, 3}));
  batch.inputs[0].tensor.mutable_data<float>()[0] = std::nanf("");
  CHECK(runner->run(batch).ints()[0] == kNotFinite);
}

TEST_CASE("decode: exact match and edit distance end where the answer does; the gate compares sequences") {
  const auto e = std::make_shared<Graph>(encoder()), d = std::make_shared<Graph>(decoder());
  // The answers are 3 2 1; the models write 3 2 1, 2 1, 4 3 2 1.
  const Countdowns data({1, 2, 1, 1, 2, 2});
  EvaluateOptions options;
  options.metric.name = "exact_match";
  const RunningModel pair{e.get(), d.get(), {}, {}};
  CHECK(evaluate(pair, data, options).value == Approx(1.0 / 3));
  options.metric.name = "edit_distance";
  CHECK(evaluate(pair, data, options).value == Approx(2.0 / 9));

  CompareOptions compared;
  compared.evaluate.metric.name = "exact_match";
  compared.latency = false;
  Bounds bounds;
  bounds.max_drop = 0;
  bounds.min_agreement = 100;
  const ComparedModel reference{"a", e, 10, d};
  CHECK(compare(reference, reference, &data, bounds, compared).verdict == Verdict::pass);
  const auto worse =
      std::make_shared<Graph>(graph(" input x: float32[time,batch]\n const axes: int64[1] = {0}\n"
                                    " s = ReduceMax(x, axes) {keepdims = 1}\n output s\n"));
  const Comparison broken = compare(reference, {"b", worse, 10, d}, &data, bounds, compared);
  CHECK(broken.verdict == Verdict::fail);
  CHECK(*broken.paired.drop == Approx(100.0 / 3));
  CHECK(*broken.paired.agreement == 0);
  bounds.min_sqnr = 10;
  CHECK_THROWS_AS(compare(reference, reference, &data, bounds, compared), Error);
}

TEST_CASE("decode: what is not clear in the wiring is said, and --feed says it") {
  const Graph e = encoder(), d = decoder();
  CHECK(wire(e, d, "", {}).states.size() == 1);
  const auto message = [&](const Graph& from, const Graph& to, const std::vector<std::string>& feeds) -> std::string {
    try {
      wire(from, to, "", feeds);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::usage);
      return error.what();
    }
    return "";
  };
  const Graph two = graph(
      " input prev: int64[1,batch]\n input a: float32[1,batch]\n input b: float32[1,batch]\n"
      " y = Add(a, b)\n z = Neg(a)\n w = Neg(b)\n output y\n output z\n output w\n");
  CHECK(message(e, two, {}).find("it is not clear what feeds the decoder's input 'b'") != std::string::npos);
  const Wiring wired = wire(e, two, "", {"s=a", "z=a", "w=b"});
  REQUIRE(wired.states.size() == 2);
  CHECK(wired.states[1].from == 2);
  CHECK(wired.states[1].to == 2);
  CHECK(wired.encoded.size() == 1);  // b begins as zeros
  CHECK(message(e, d, {"s=nothing"}).find("--feed s=nothing: expected OUTPUT=INPUT") == 0);
  CHECK(message(e, encoder(), {}).find("0 integer inputs that nothing feeds") != std::string::npos);
  CHECK_THROWS_AS(make_runner({&e, &d, {}, {}}, std::nullopt, {}), Error);
}

TEST_CASE("batch axis: axis 0, or where the first dims differ the dim that all name") {
  const Graph e = encoder(), d = decoder();
  CHECK(BatchAxes(e).of(e.inputs[0]) == 1);
  CHECK(to_string(BatchAxes(e).first(e.inputs[0])) == "float32[batch,time]");
  CHECK(BatchAxes(d).of(d.outputs[0]) == 0);
  CHECK(BatchAxes(d).of(d.outputs[1]) == 1);
  const Graph same = graph(" input x: float32[1,time]\n y = Neg(x)\n output y\n");
  CHECK(BatchAxes(same).of(same.inputs[0]) == 0);
  const Tensor x = Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor moved = BatchAxes(e).to_model(e.inputs[0], x);
  CHECK(moved == Tensor::of<float>({2, 3}, {1, 3, 5, 2, 4, 6}));
  CHECK(BatchAxes(e).from_model(e.inputs[0], moved) == x);
}

}  // namespace
}  // namespace pare
