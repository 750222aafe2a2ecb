#include "distill/train.h"

#include "graph/text.h"
#include "tests/catch.h"

using namespace pare;

namespace {

Graph parsed(const std::string& body) {
  auto graph = parse("graph \"g\" {\n" + body + "\n}");
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

Graph dense(const std::string& tail = "output y") {
  return parsed(R"(
    input x: float32[N,2]
    const w: float32[2,8] = {0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0}
    const b: float32[8] = {0,0,0,0,0,0,0,0}
    const v: float32[8,2] = {0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0}
    const c: float32[2] = {0,0}
    a = Gemm(x, w, b)
    h = Relu(a) "hidden"
    y = Gemm(h, v, c)
    )" + tail);
}

// Exclusive or, each of its four points once in every four samples.
TrainingData exclusive_or(bool labelled = true, int64_t label_offset = 0) {
  TrainingData data;
  data.samples = 64;
  data.labelled = labelled;
  data.fetch = [=](std::span<const int64_t> indices) -> Result<TrainingBatch> {
    TrainingBatch batch;
    std::vector<float> x;
    for (int64_t i : indices) {
      x.push_back(i & 1 ? 1.0f : -1.0f);
      x.push_back(i & 2 ? 1.0f : -1.0f);
      if (labelled) batch.labels.push_back(((i ^ (i >> 1)) & 1) + label_offset);
    }
    batch.inputs.push_back(Tensor::of<float>({static_cast<int64_t>(indices.size()), 2}, x));
    return batch;
  };
  return data;
}

TrainOptions scratch(uint64_t seed = 3) {
  TrainOptions options;
  options.epochs = 40;
  options.batch_size = 16;
  options.learning_rate = 0.2;
  options.weight_decay = 0;
  options.initialize = true;
  options.seed = seed;
  options.threads = 1;
  return options;
}

Failure failure_of(Graph& student, const Graph* teacher, const TrainingData& data, const TrainOptions& options) {
  try {
    train(student, teacher, data, options);
  } catch (const Error& error) {
    return error.failure();
  }
  FAIL("training did not fail");
  return {};
}

bool says(const Failure& failure, const std::string& words) { return failure.message.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("a network learns exclusive or from scratch, with both optimizers") {
  for (Optimizer optimizer : {Optimizer::sgd, Optimizer::adamw}) {
    Graph graph = dense();
    TrainOptions options = scratch();
    options.optimizer = optimizer;
    if (optimizer == Optimizer::adamw) options.learning_rate = 0.05;
    int64_t calls = 0;
    options.progress = [&](const TrainProgress& p) { CHECK(p.step == ++calls); };
    const TrainResult result = train(graph, nullptr, exclusive_or(), options);
    CHECK(result.steps == 160);
    CHECK(calls == 160);
    CHECK(result.parameters == 16 + 8 + 16 + 2);
    CHECK(result.accuracy.back() == 1);
    CHECK(result.loss.back() < 0.05);
    CHECK(result.loss.size() == 40);
  }
}

TEST_CASE("a seed gives the same weights again, another seed others") {
  Graph a = dense(), b = dense(), c = dense();
  train(a, nullptr, exclusive_or(), scratch(3));
  train(b, nullptr, exclusive_or(), scratch(3));
  train(c, nullptr, exclusive_or(), scratch(4));
  CHECK(equal(a, b));
  CHECK_FALSE(equal(a, c));
}

TEST_CASE("a student learns from its teacher without labels, also across a final Softmax") {
  Graph teacher = dense("z = Softmax(y)\n output z");
  train(teacher, nullptr, exclusive_or(), scratch(3));
  Graph student = dense();
  TrainOptions options = scratch(5);
  options.temperature = 2;
  const TrainResult result = train(student, &teacher, exclusive_or(false), options);
  CHECK(result.accuracy.empty());
  CHECK(result.loss.back() < 0.05);
}

TEST_CASE("a model for a fixed number of samples trains by accumulating") {
  Graph loose = dense(), fixed = dense();
  fixed.value(fixed.inputs[0]).type.shape = Shape{1, 2};
  train(loose, nullptr, exclusive_or(), scratch());
  train(fixed, nullptr, exclusive_or(), scratch());
  const auto a = loose.value(*loose.find("v")).constant->floats(), b = fixed.value(*fixed.find("v")).constant->floats();
  for (size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-3));
}

TEST_CASE("zeros stay under the mask") {
  Graph graph = dense();
  train(graph, nullptr, exclusive_or(), scratch());
  const ValueId id = *graph.find("w");
  Tensor w = *graph.value(id).constant;
  w.mutable_data<float>()[3] = 0;
  w.mutable_data<float>()[12] = 0;
  graph.set_constant(id, w);
  Graph free = graph;
  TrainOptions options = scratch();
  options.initialize = false;
  options.epochs = 2;
  train(free, nullptr, exclusive_or(), options);
  options.keep_zeros = true;
  train(graph, nullptr, exclusive_or(), options);
  const auto masked = graph.value(id).constant->floats(), moved = free.value(id).constant->floats();
  CHECK(masked[3] == 0);
  CHECK(masked[12] == 0);
  CHECK((moved[3] != 0 || moved[12] != 0));
  CHECK(masked != w.floats());
}

TEST_CASE("what cannot be learned from is refused with a sentence") {
  Graph graph = dense();
  CHECK(says(failure_of(graph, nullptr, exclusive_or(false), scratch()), "nothing to learn from"));
  const Failure label = failure_of(graph, nullptr, exclusive_or(true, 1), scratch());
  CHECK(label.code == ErrorCode::input);
  CHECK(says(label, "label 2"));
  CHECK(says(label, "0..1"));

  const Graph other = parsed(R"(
    input x: float32[N,2]
    const w: float32[2,3] = {1, 2, 3, 4, 5, 6}
    scores = Gemm(x, w)
    output scores)");
  const Failure shape = failure_of(graph, &other, exclusive_or(), scratch());
  CHECK(shape.code == ErrorCode::input);
  CHECK(says(shape, "'y'"));
  CHECK(says(shape, "'scores'"));

  TrainOptions flipped = scratch();
  flipped.flip = true;
  const Failure flip = failure_of(graph, nullptr, exclusive_or(), flipped);
  CHECK(flip.code == ErrorCode::usage);
  CHECK(says(flip, "'x'"));

  TrainOptions wild = scratch();
  wild.learning_rate = 1e30;
  CHECK(says(failure_of(graph, nullptr, exclusive_or(), wild), "lower the learning rate"));

  Graph weightless = parsed("input x: float32[N,2]\n y = Relu(x)\n output y");
  CHECK(says(failure_of(weightless, nullptr, exclusive_or(), scratch()), "no weights to train"));
}

TEST_CASE("a failed run leaves the model as it was") {
  Graph graph = dense();
  const Graph before = graph;
  TrainOptions options = scratch();
  options.progress = [](const TrainProgress& p) {
    if (p.step == 5) throw Error(ErrorCode::gate, "stopped");
  };
  CHECK(failure_of(graph, nullptr, exclusive_or(), options).message == "stopped");
  CHECK(equal(graph, before));
}
