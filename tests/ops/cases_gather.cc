// Expected values by the examples of the ONNX specification, or worked out by hand.
#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

void add_gathers(std::vector<Case>& list) {
  list.push_back(body("GatherElements",
                      "input x: float32[2,2]\nconst i: int64[2,2] = {0, 0, 1, 0}\n"
                      "y = GatherElements(x, i) {axis = 1}\noutput y",
                      0, {1, 1, 4, 3}, {{1, 2, 3, 4}}));
  list.push_back(body("GatherElements.negative",
                      "input x: int8[3,3]\nconst i: int32[2,3] = {-1, -2, 0, -2, 0, 0}\n"
                      "y = GatherElements(x, i)\noutput y",
                      0, {7, 5, 3, 4, 2, 3}, {{1, 2, 3, 4, 5, 6, 7, 8, 9}}));
  list.push_back(body("GatherElements.fewer",
                      "input x: float16[2,3]\nconst i: int64[1,2] = {1, 0}\n"
                      "y = GatherElements(x, i) {axis = -2}\noutput y",
                      0, {4, 2}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("GatherElements.symbolic",
                      "input x: float32[N,3]\ninput i: int64[N,2]\ny = GatherElements(x, i) {axis = 1}\noutput y", 0,
                      {3, 1, 5, 5}, {{1, 2, 3, 4, 5, 6}, {2, 0, 1, -2}}));
  list.push_back(body("GatherND",
                      "input x: float32[2,2]\nconst i: int64[2,2] = {0, 0, 1, 1}\ny = GatherND(x, i)\noutput y", 0,
                      {0, 3}, {{0, 1, 2, 3}}));
  list.push_back(body("GatherND.slices",
                      "input x: int32[2,2,2]\nconst i: int64[2,1,2] = {0, 1, -1, 0}\ny = GatherND(x, i)\noutput y", 0,
                      {2, 3, 4, 5}, {{0, 1, 2, 3, 4, 5, 6, 7}}));
  list.push_back(body("GatherND.batch",
                      "input x: float32[N,2,2]\nconst i: int64[2,1] = {1, 0}\n"
                      "y = GatherND(x, i) {batch_dims = 1}\noutput y",
                      0, {2, 3, 4, 5}, {{0, 1, 2, 3, 4, 5, 6, 7}}));
  list.push_back(body("OneHot",
                      "input i: int64[3]\nconst d: int64[] = {3}\nconst v: float32[2] = {-1, 5}\n"
                      "y = OneHot(i, d, v)\noutput y",
                      0, {-1, 5, -1, -1, 5, -1, -1, -1, -1}, {{1, -2, 3}}));
  list.push_back(body("OneHot.axis",
                      "input i: float32[2,2]\nconst d: float32[1] = {2.5}\nconst v: int8[2] = {0, 1}\n"
                      "y = OneHot(i, d, v) {axis = 1}\noutput y",
                      0, {1, 0, 0, 1, 0, 0, 0, 1}, {{0, 1, 7, 1.9}}));
  list.push_back(body("Compress",
                      "input x: float32[3,2]\nconst c: bool[3] = {0, 1, 1}\ny = Compress(x, c) {axis = 0}\noutput y", 0,
                      {3, 4, 5, 6}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Compress.flat",
                      "input x: float32[3,2]\nconst c: bool[5] = {0, 1, 0, 0, 1}\ny = Compress(x, c)\noutput y", 0,
                      {2, 5}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Compress.given",
                      "input x: uint8[3,2]\ninput c: bool[1]\ny = Compress(x, c) {axis = -1}\noutput y", 0, {1, 3, 5},
                      {{1, 2, 3, 4, 5, 6}, {1}}));
}

void add_scatters(std::vector<Case>& list) {
  list.push_back(body("ScatterElements",
                      "input x: float32[3,3]\nconst i: int64[2,3] = {1, 0, 2, 0, 2, 1}\n"
                      "const u: float32[2,3] = {1, 1.1, 1.2, 2, 2.1, 2.2}\ny = ScatterElements(x, i, u)\noutput y",
                      1e-6, {2, 1.1, 0, 1, 0, 2.2, 0, 2.1, 1.2}, {{0, 0, 0, 0, 0, 0, 0, 0, 0}}));
  const std::string head =
      "input x: float32[1,5]\nconst i: int64[1,3] = {1, -4, 3}\nconst u: float32[1,3] = {4, 3, -2}\n";
  const std::vector<std::vector<double>> five{{1, 2, 3, 4, 5}};
  const auto reduced = [&](const std::string& how, std::vector<double> expected) {
    list.push_back(body("ScatterElements." + how,
                        head + "y = ScatterElements(x, i, u) {axis = 1, reduction = \"" + how + "\"}\noutput y", 1e-6,
                        std::move(expected), five));
  };
  reduced("add", {1, 9, 3, 2, 5});
  reduced("mul", {1, 24, 3, -8, 5});
  reduced("max", {1, 4, 3, 4, 5});
  reduced("min", {1, 2, 3, -2, 5});
  list.push_back(body("ScatterElements.float16",
                      "input x: float16[3]\nconst i: int32[2] = {0, 0}\nconst u: float16[2] = {0.5, 1}\n"
                      "y = ScatterElements(x, i, u) {reduction = \"add\"}\noutput y",
                      0, {2.5, 2, 3}, {{1, 2, 3}}));
  list.push_back(body("ScatterElements.bool",
                      "input x: bool[3]\nconst i: int64[3] = {0, 1, 2}\nconst u: bool[3] = {0, 1, 1}\n"
                      "y = ScatterElements(x, i, u) {reduction = \"mul\"}\noutput y",
                      0, {0, 1, 0}, {{1, 1, 0}}));
  list.push_back(body("ScatterND",
                      "input x: int64[8]\nconst i: int64[4,1] = {4, 3, 1, 7}\nconst u: int64[4] = {9, 10, 11, 12}\n"
                      "y = ScatterND(x, i, u)\noutput y",
                      0, {1, 11, 3, 10, 9, 6, 7, 12}, {{1, 2, 3, 4, 5, 6, 7, 8}}));
  list.push_back(body("ScatterND.rows",
                      "input x: float32[N,2]\nconst i: int64[2,1] = {0, -2}\nconst u: float32[2,2] = {10, 20, 30, 40}\n"
                      "y = ScatterND(x, i, u) {reduction = \"add\"}\noutput y",
                      0, {41, 62, 3, 4}, {{1, 2, 3, 4}}));
  list.push_back(body("ScatterND.max",
                      "input x: float32[2,2]\nconst i: int64[2,2] = {0, 1, 1, 0}\nconst u: float32[2] = {7, -7}\n"
                      "y = ScatterND(x, i, u) {reduction = \"max\"}\noutput y",
                      0, {1, 7, 3, 4}, {{1, 2, 3, 4}}));
}

void add_sorts(std::vector<Case>& list) {
  list.push_back(
      body("NonZero", "input x: float32[2,2]\ny = NonZero(x)\noutput y", 0, {0, 1, 1, 0, 0, 1}, {{1, 0, 3, 4}}));
  list.push_back(body("NonZero.bool", "input x: bool[4]\ny = NonZero(x)\noutput y", 0, {1, 3}, {{0, 1, 0, 1}}));
  list.push_back(body("TopK", "input x: float32[2,4]\nconst k: int64[1] = {3}\ny, i = TopK(x, k)\noutput y\noutput i",
                      0, {3, 2, 1, 7, 6, 5}, {{0, 1, 2, 3, 4, 5, 6, 7}}));
  list.push_back(body("TopK.ties", "input x: int32[6]\nconst k: int64[1] = {4}\ny, i = TopK(x, k)\noutput i\noutput y",
                      0, {1, 3, 0, 2}, {{2, 5, 2, 5, 1, 0}}));
  list.push_back(body("TopK.smallest",
                      "input x: float16[3,2]\nconst k: int64[1] = {2}\n"
                      "y, i = TopK(x, k) {axis = 0, largest = 0, sorted = 1}\noutput i\noutput y",
                      0, {2, 0, 1, 2}, {{5, -1, 4, 9, 3, 0}}));
  list.push_back(body("TopK.long",
                      "const x: int64[2] = {9007199254740992, 9007199254740993}\nconst k: int64[1] = {1}\n"
                      "y, i = TopK(x, k)\noutput i",
                      0, {1}));
  list.push_back(body("TopK.symbolic",
                      "input x: float32[N,5]\ninput k: int64[1]\ny, i = TopK(x, k) {axis = 1}\noutput i\noutput y", 0,
                      {4, 3, 0, 2}, {{1, 2, 3, 4, 5, 9, 1, 7, 2, 0}, {2}}));
  list.push_back(body("Unique", "input x: float32[6]\ny, i, r, c = Unique(x)\noutput y\noutput i\noutput r\noutput c",
                      0, {1, 2, 3, 4}, {{2, 1, 1, 3, 4, 3}}));
  list.push_back(body("Unique.unsorted", "input x: int64[6]\ny, i, r, c = Unique(x) {sorted = 0}\noutput r\noutput y",
                      0, {0, 1, 1, 2, 3, 2}, {{2, 1, 1, 3, 4, 3}}));
  list.push_back(body("Unique.counts", "input x: uint8[2,3]\ny, _, _, c = Unique(x) {sorted = 0}\noutput c", 0,
                      {1, 2, 2, 1}, {{2, 1, 1, 3, 4, 3}}));
  list.push_back(
      body("Unique.axis",
           "input x: float32[2,4,2]\ny, i, r, c = Unique(x) {axis = 1}\noutput y\noutput i\noutput r\noutput c", 0,
           {0, 1, 1, 1, 2, 1, 0, 1, 1, 1, 2, 1}, {{1, 1, 0, 1, 2, 1, 0, 1, 1, 1, 0, 1, 2, 1, 0, 1}}));
  list.push_back(body("Unique.inverse", "input x: bfloat16[3,3]\ny, i, r = Unique(x) {axis = 0}\noutput r", 0,
                      {0, 0, 1}, {{1, 0, 0, 1, 0, 0, 2, 3, 4}}));
  // Boxes 0 and 1 overlap by 9/11, 3 and 4 by 3/5; the last lies alone.
  const std::string boxes =
      "const b: float32[1,6,4] = {0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.25, 1, 11.25, "
      "0, 100, 1, 101}\ninput s: float32[1,1,6]\n";
  const std::vector<std::vector<double>> scores{{0.9, 0.75, 0.6, 0.95, 0.5, 0.3}};
  list.push_back(body("NonMaxSuppression",
                      boxes + "const m: int64[1] = {3}\nconst t: float32[1] = {0.5}\n"
                              "y = NonMaxSuppression(b, s, m, t)\noutput y",
                      0, {0, 0, 3, 0, 0, 0, 0, 0, 5}, scores));
  list.push_back(body("NonMaxSuppression.score",
                      boxes + "const m: int64[] = {9}\nconst t: float32[] = {0.7}\nconst l: float32[] = {0.4}\n"
                              "y = NonMaxSuppression(b, s, m, t, l)\noutput y",
                      0, {0, 0, 3, 0, 0, 0, 0, 0, 4}, scores));
  list.push_back(body("NonMaxSuppression.none", boxes + "y = NonMaxSuppression(b, s)\noutput y", 0, {}, scores));
  list.push_back(body("NonMaxSuppression.center",
                      "const b: float32[1,2,4] = {0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1}\ninput s: float32[1,2,2]\n"
                      "const m: int64[1] = {2}\nconst t: float32[1] = {0.5}\n"
                      "y = NonMaxSuppression(b, s, m, t) {center_point_box = 1}\noutput y",
                      0, {0, 0, 0, 0, 1, 1}, {{0.9, 0.8, 0.1, 0.2}}));
}

void add_places(std::vector<Case>& list) {
  list.push_back(body("ReverseSequence",
                      "input x: float32[4,4]\nconst l: int64[4] = {4, 3, 2, 1}\ny = ReverseSequence(x, l)\noutput y", 0,
                      {3, 6, 9, 12, 2, 5, 8, 13, 1, 4, 10, 14, 0, 7, 11, 15},
                      {{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}}));
  list.push_back(body("ReverseSequence.rows",
                      "input x: float32[N,3,2]\nconst l: int64[2] = {0, 3}\n"
                      "y = ReverseSequence(x, l) {batch_axis = 0, time_axis = 1}\noutput y",
                      0, {1, 2, 3, 4, 5, 6, 11, 12, 9, 10, 7, 8}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}));
  const std::vector<std::vector<double>> nine{{1, 2, 3, 4, 5, 6, 7, 8, 9}};
  list.push_back(body("Trilu", "input x: float32[3,3]\ny = Trilu(x)\noutput y", 0, {1, 2, 3, 0, 5, 6, 0, 0, 9}, nine));
  list.push_back(body("Trilu.lower",
                      "input x: int32[3,3]\nconst k: int64[] = {-1}\ny = Trilu(x, k) {upper = 0}\noutput y", 0,
                      {0, 0, 0, 4, 0, 0, 7, 8, 0}, nine));
  list.push_back(body("Trilu.far",
                      "input x: float32[N,1,3]\nconst k: int64[1] = {-9223372036854775808}\ny = Trilu(x, k)\noutput y",
                      0, {1, 2, 3, 4, 5, 6}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("EyeLike", "input x: int32[2,3]\ny = EyeLike(x) {dtype = 1, k = 1}\noutput y", 0,
                      {0, 1, 0, 0, 0, 1}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("EyeLike.same", "input x: float32[N,2]\ny = EyeLike(x)\noutput y", 0, {1, 0, 0, 1}));
  list.push_back(body("CenterCropPad",
                      "input x: float32[3,2]\nconst s: int64[2] = {2, 5}\ny = CenterCropPad(x, s)\noutput y", 0,
                      {0, 1, 2, 0, 0, 0, 3, 4, 0, 0}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("CenterCropPad.axes",
                      "input x: uint8[2,N,4]\nconst s: int32[1] = {1}\ny = CenterCropPad(x, s) {axes = [-1]}\noutput y",
                      0, {2, 6, 10, 14}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}));
}

}  // namespace

void add_gather(std::vector<Case>& list) {
  add_gathers(list);
  add_scatters(list);
  add_sorts(list);
  add_places(list);
}

}  // namespace pare::test
