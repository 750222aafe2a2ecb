#include "compress/prune.h"

#include "graph/error.h"
#include "runtime/cost.h"
#include "tests/compress/support.h"

using namespace pare;
using namespace pare::test;

namespace {

// Four channels of L1 norms 1, 8, 2, 4 between two convolutions of one by one.
const char* const kPlain = R"(graph "g" { input x: float32[1,1,2,2]
  const w: float32[4,1,1,1] = {1, -8, 2, 4} const b: float32[4] = {1, 2, 3, 4} const v: float32[1,4,1,1] = {10, 20, 30, 40}
  c = Conv(x, w, b) r = Relu(c) y = Conv(r, v) output y })";

Dims dims_of(const Graph& graph, const char* name) { return graph.value(*graph.find(name)).constant->dims(); }

}  // namespace

TEST_CASE("the weakest channels go, from every tensor that holds them") {
  Graph graph = parsed(kPlain);
  PruneReport report = prune_channels(graph, {.keep_macs = 0.5});
  CHECK(report.macs_before == 32);  // 4 places * (4 + 4)
  CHECK(report.macs_after == 16);
  CHECK(report.bound_met);
  CHECK(*graph.value(*graph.find("w")).constant == Tensor::of<float>({2, 1, 1, 1}, {-8, 4}));
  CHECK(*graph.value(*graph.find("b")).constant == Tensor::of<float>({2}, {2, 4}));
  CHECK(*graph.value(*graph.find("v")).constant == Tensor::of<float>({1, 2, 1, 1}, {20, 40}));
}

TEST_CASE("limits of pruning") {
  SECTION("one channel stays") {
    Graph graph = parsed(kPlain);
    PruneReport report = prune_channels(graph, {.keep_macs = 0.01, .max_per_group = 0.99});
    CHECK_FALSE(report.bound_met);
    CHECK(dims_of(graph, "w") == Dims{1, 1, 1, 1});
  }
  SECTION("a multiple stays") {
    Graph graph = parsed(kPlain);
    prune_channels(graph, {.keep_macs = 0.75, .round_to = 2});
    CHECK(dims_of(graph, "w") == Dims{2, 1, 1, 1});
  }
  SECTION("protected channels stay") {
    Graph graph = parsed(kPlain);
    CHECK_THROWS_WITH(prune_channels(graph, {.keep_macs = 0.5, .protect = {"w*"}}), Catch::Matchers::Contains("no channel"));
    CHECK(dims_of(graph, "w") == Dims{4, 1, 1, 1});
  }
  SECTION("options out of range") {
    Graph graph = parsed(kPlain);
    CHECK_THROWS_WITH(prune_channels(graph, {.keep_macs = 1.5}), Catch::Matchers::Contains("1.5"));
    CHECK_THROWS_AS(prune_channels(graph, {.importance = Importance::reconstruct}), Error);
  }
}

TEST_CASE("channels that meet in a sum go together, and a padded shortcut is mended") {
  // Two channels padded to four on axis 1 and added to four: the option-A shortcut of ResNet.
  Graph graph = parsed(R"(graph "g" { input x: float32[1,1,2,2]
    const a: float32[2,1,1,1] = {5, 6} const w: float32[4,2,1,1] = {9,9, 1,1, 9,9, 9,9} const p: int64[8] = {0,1,0,0, 0,1,0,0}
    const v: float32[1,4,1,1] = {1, 2, 3, 4}
    s = Conv(x, a) c = Conv(s, w) q = Pad(s, p) m = Add(c, q) y = Conv(m, v) output y })");
  ChannelSelection selection{couple(graph)};
  // Output channels 0 and 3 meet the border and go alone; 1 and 2 are channels 0 and 1 of s.
  CHECK(selection.coupling.channels.size() == 4);
  for (size_t c = 0; c < selection.coupling.channels.size(); ++c) {
    INFO("channel " << c);
    selection.removed = {static_cast<int>(c)};
    Graph removed = graph, masked = graph;
    remove_channels(removed, selection);
    mask_channels(masked, selection);
    Tensor x = Tensor::of<float>({1, 1, 2, 2}, {1, -2, 3, 4});
    CHECK(graph_macs(removed) < graph_macs(graph));
    CHECK(relative_difference(outputs_of(removed, {x})[0], outputs_of(masked, {x})[0]) < 1e-6);
  }
}

TEST_CASE("refitting recovers what redundant channels computed") {
  // Channels 0 and 1 are the same but for a factor of 2, so either can stand for both: 10 r0 + 20 r1 = 25 r1 = 50 r0.
  Graph graph = parsed(R"(graph "g" { input x: float32[N,1,2,2]
    const w: float32[3,1,1,1] = {1, 2, -1} const b: float32[3] = {0.5, 1, 0.2} const v: float32[1,3,1,1] = {10, 20, 30}
    c = Conv(x, w, b) r = Relu(c) y = Conv(r, v) output y })");
  Graph original = graph;
  Tensor x(DType::float32, {16, 1, 2, 2});
  for (int64_t i = 0; i < x.size(); ++i) x.set_double(i, std::sin(static_cast<double>(i)) * 3);
  Batches data{1, [&](int64_t) { return std::vector<Tensor>{x}; }};
  PruneReport report = prune_channels(graph, {.keep_macs = 0.7, .importance = Importance::reconstruct, .samples = 64}, &data);
  CHECK(report.bound_met);
  REQUIRE(report.layers.size() == 1);
  CHECK(report.layers[0].channels_after == 2);
  CHECK(relative_difference(outputs_of(graph, {x})[0], outputs_of(original, {x})[0]) < 0.02);
}
