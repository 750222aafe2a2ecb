#include "tests/ops/case_builders.h"

// Expected values: the onnx 1.23 reference evaluator, of GlobalLpPool and MaxRoiPool ONNX Runtime 1.32.
namespace pare::test {
namespace {

void add_pools(std::vector<Case>& list) {
  const std::vector<std::vector<double>> nine{{1, -2, 3, 4, 5, -6, 7, 8, 9}};
  const std::string image = "input x: float32[1,1,3,3]\ny = ";
  list.push_back(body("LpPool.p", image + "LpPool(x) {kernel_shape = [2, 2], p = 3}\noutput y", 1e-6,
                      {5.82847691, 7.21765232, 10.1445665, 11.6520452}, nine));
  list.push_back(body("LpPool.pads",
                      image + "LpPool(x) {kernel_shape = [2, 2], pads = [1, 1, 0, 0], strides = [2, 2]}\noutput y",
                      1e-6, {1, 3.60555124, 8.06225777, 14.3527002}, nine));
  list.push_back(body("LpPool.ceil",
                      "input x: float32[1,1,7]\ny = LpPool(x) {kernel_shape = [2], strides = [2], dilations = [2], "
                      "ceil_mode = 1}\noutput y",
                      1e-6, {2, 4.47213602, 7.21110249}, {{0, 1, 2, 3, 4, 5, 6}}));
  list.push_back(
      body("LpPool.same",
           "input x: float16[2,3,4,5,3]\ny = LpPool(x) {kernel_shape = [2, 3, 2], auto_pad = \"SAME_LOWER\", p = "
           "1}\noutput y",
           1e-3));
  list.push_back(body("GlobalLpPool.p", image + "GlobalLpPool(x) {p = 1}\noutput y", 1e-6, {45}, nine));
  list.push_back(body("GlobalLpPool", "input x: float64[2,3,4,5]\ny = GlobalLpPool(x)\noutput y"));

  // Index 5 is (1, 1) of the 4 by 4 image that was pooled.
  const std::string indices = "input x: float32[1,1,2,2]\nconst i: int64[1,1,2,2] = {5, 7, 13, 15}\n";
  list.push_back(body("MaxUnpool", indices + "y = MaxUnpool(x, i) {kernel_shape = [2, 2], strides = [2, 2]}\noutput y",
                      0, {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4}, {{1, 2, 3, 4}}));
  list.push_back(body("MaxUnpool.output_shape",
                      indices +
                          "const s: int64[4] = {1, 1, 5, 5}\ny = MaxUnpool(x, i, s) {kernel_shape = [2, 2], strides = "
                          "[2, 2]}\noutput y",
                      0, {0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0}, {{1, 2, 3, 4}}));
  list.push_back(body("MaxUnpool.back",
                      "input x: float32[2,3,4,6]\np, i = MaxPool(x) {kernel_shape = [2, 3], strides = [2, 3]}\n"
                      "y = MaxUnpool(p, i) {kernel_shape = [2, 3], strides = [2, 3]}\noutput y"));
}

void add_regions(std::vector<Case>& list) {
  std::vector<double> counting(36), mixed(20);
  for (int i = 0; i < 36; ++i) counting[i] = i;
  for (int i = 0; i < 20; ++i) mixed[i] = i * 7 % 11;
  list.push_back(body("MaxRoiPool",
                      "input x: float32[1,1,6,6]\nconst r: float32[1,5] = {0, 1, 1, 4, 5}\ny = MaxRoiPool(x, r) "
                      "{pooled_shape = [2, 2]}\noutput y",
                      0, {20, 22, 32, 34}, {counting}));
  list.push_back(body("MaxRoiPool.scale",
                      "input x: float32[1,1,6,6]\nconst r: float32[1,5] = {0, -3, 4, 9, 30}\ny = MaxRoiPool(x, r) "
                      "{pooled_shape = [3, 2], spatial_scale = 0.5}\noutput y",
                      0, {31, 35, 0, 0, 0, 0}, {counting}));
  const std::string regions =
      "input x: float32[1,1,4,5]\nconst r: float32[2,4] = {0.5, 1, 3.2, 3.9, -1, 0, 2, 7}\nconst b: int64[2] = {0, "
      "0}\n";
  const auto align = [&](const std::string& name, const std::string& attributes, std::vector<double> expected) {
    list.push_back(body("RoiAlign." + name, regions + "y = RoiAlign(x, r, b) {" + attributes + "}\noutput y", 1e-5,
                        std::move(expected), {mixed}));
  };
  const std::string two = "output_height = 2, output_width = 2, sampling_ratio = 2";
  const std::string old = ", coordinate_transformation_mode = \"output_half_pixel\"";
  align("avg", two, {4.96554708, 4.98218727, 2.68125033, 6.49374962, 1.25, 3.625, 1.5, 1.84375});
  align("max", two + ", mode = \"max\"", {7.66546869, 2.96484375, 3.97500014, 6.1875, 3.5, 3.828125, 6, 3.75});
  align("avg.output_half_pixel", two + old, {3.89164114, 4.34999943, 3.9312501, 6.71249962, 3.59375, 5.375, 0, 0});
  align("max.output_half_pixel", two + old + ", mode = \"max\"",
        {4.80515671, 5.18984318, 4.61250019, 7.3125, 3.75, 6.890625, 0, 0});
  align("adaptive", "output_width = 2, spatial_scale = 0.5", {2.02039075, 6.42054701, 2.53125, 2.82617188});
}

void add_grids(std::vector<Case>& list) {
  const std::string points =
      "input x: float32[1,1,3,4]\nconst g: float32[1,2,3,2] = {-1, -1, 0.3, -0.2, 1.4, 0.9, -2.1, 0.1, 0.5, 3, 1, 1}\n";
  std::vector<double> twelve(12);
  for (int i = 0; i < 12; ++i) twelve[i] = i * 5 % 7;
  const auto grid = [&](const std::string& mode, const std::string& padding, const std::string& corners,
                        std::vector<double> expected) {
    list.push_back(body("GridSample." + mode + "." + padding + "." + corners,
                        points + "y = GridSample(x, g) {align_corners = " + corners + ", mode = \"" + mode +
                            "\", padding_mode = \"" + padding + "\"}\noutput y",
                        1e-5, std::move(expected), {twelve}));
  };
  grid("linear", "zeros", "0", {0, 2.1, 0, 0, 0, 1.5});
  grid("linear", "zeros", "1", {0, 2.30000019, 2.15999913, 0, 0, 6});
  grid("linear", "border", "0", {0, 2.1, 6, 5.85, 3.5, 6});
  grid("linear", "border", "1", {0, 2.30000019, 5.4, 5.9, 2.25, 6});
  grid("linear", "reflection", "0", {0, 2.1, 4.499999, 2.45, 2, 6});
  grid("linear", "reflection", "1", {0, 2.30000019, 2.81999946, 2.6, 2.5, 6});
  grid("nearest", "zeros", "0", {0, 2, 0, 0, 0, 0});
  grid("nearest", "zeros", "1", {0, 2, 0, 0, 0, 6});
  grid("nearest", "border", "0", {0, 2, 6, 6, 1, 6});
  grid("nearest", "reflection", "0", {0, 2, 6, 2, 3, 6});
  grid("nearest", "reflection", "1", {0, 2, 1, 2, 3, 6});
  grid("cubic", "zeros", "0", {-0.577148438, 2.16646528, -0.514626384, 0, 0, 2.07714844});
  grid("cubic", "zeros", "1", {0, 2.51541018, 2.61645222, -0.377200693, 0, 6});
  grid("cubic", "border", "0", {-1.09277344, 2.04046774, 6.66543722, 6.36000109, 3.3125, 7.09277344});
  grid("cubic", "reflection", "0", {-2.30859375, 2.04046774, 5.20101929, 2.34960604, 2, 8.30859375});
  grid("cubic", "reflection", "1", {0, 2.46398497, 3.03007436, 2.52445292, 2.265625, 6});
  const auto volume = [&](const std::string& mode, std::vector<double> expected) {
    list.push_back(body("GridSample.volume." + mode,
                        "input x: float32[1,1,2,2,3]\nconst g: float32[1,1,1,2,3] = {-0.3, 0.2, 0.1, 0.9, -0.7, 0.4}\n"
                        "y = GridSample(x, g) {mode = \"" +
                            mode + "\", padding_mode = \"border\"}\noutput y",
                        1e-5, std::move(expected), {twelve}));
  };
  volume("linear", {2.33999991, 4.80000019});
  volume("nearest", {1, 5});
  volume("cubic", {2.11004782, 5.23087358});
  list.push_back(body("GridSample.half",
                      "input x: float16[2,3,4,5]\ninput g: float32[2,2,3,2]\ny = GridSample(x, g)\noutput y", 1e-3));

  const std::string theta = "input t: float32[1,2,3]\nconst s: int64[4] = {1, 1, 2, 3}\ny = AffineGrid(t, s)";
  const std::vector<std::vector<double>> turn{{1, 0.5, -0.1, 0.2, -1, 0.3}};
  list.push_back(body("AffineGrid", theta + "\noutput y", 1e-6,
                      {-1.01666665, 0.666666687, -0.35, 0.8, 0.316666663, 0.933333337, -0.516666651, -0.333333313, 0.15,
                       -0.2, 0.816666663, -0.0666666552},
                      turn));
  list.push_back(body("AffineGrid.align_corners", theta + " {align_corners = 1}\noutput y", 1e-6,
                      {-1.6, 1.1, -0.6, 1.3, 0.4, 1.5, -0.6, -0.9, 0.4, -0.7, 1.4, -0.5}, turn));
  list.push_back(body("AffineGrid.volume",
                      "input t: float32[1,3,4]\nconst s: int64[5] = {1, 1, 2, 1, 2}\ny = AffineGrid(t, s)\noutput y",
                      1e-6, {0.5, 0.5, 0.5, -0.75, 0.25, 1.25, -0.25, 0.75, 1.75, -1.5, 0.5, 2.5},
                      {{-1.25, -1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}}));
}

void add_unfolded(std::vector<Case>& list) {
  std::vector<double> x(64), offsets(144), mask(16);
  for (int i = 0; i < 64; ++i) x[i] = i;
  const auto first = [](const std::vector<double>& all, size_t n) {
    return std::vector<double>(all.begin(), all.begin() + n);
  };
  list.push_back(
      body("Col2Im",
           "input x: float32[1,4,4]\nconst i: int64[2] = {3, 3}\nconst b: int64[2] = {2, 2}\ny = Col2Im(x, i, b)\n"
           "output y",
           0, {0, 5, 5, 10, 30, 20, 10, 25, 15}, {first(x, 16)}));
  list.push_back(
      body("Col2Im.attributes",
           "input x: int32[1,8,8]\nconst i: int64[2] = {4, 5}\nconst b: int64[2] = {2, 2}\ny = Col2Im(x, i, b) "
           "{strides = [2, 1], pads = [1, 0, 0, 1], dilations = [1, 2]}\noutput y",
           0, {16, 17, 42,  44,  26, 4,  5,  18, 20, 14, 20, 21, 50,  52,  30, 0, 0, 0, 0, 0,
               48, 49, 106, 108, 58, 36, 37, 82, 84, 46, 52, 53, 114, 116, 62, 0, 0, 0, 0, 0},
           {x}));
  list.push_back(
      body("Col2Im.volume",
           "input x: float32[2,8,12]\nconst i: int64[3] = {3, 3, 4}\nconst b: int64[3] = {2, 2, 2}\ny = Col2Im(x, "
           "i, b)\noutput y"));

  std::vector<double> image(18), weights(16), few(8);
  for (int i = 0; i < 18; ++i) image[i] = i * 5 % 7;
  for (int i = 0; i < 16; ++i) weights[i] = (i - 7) / 4.0;
  for (int i = 0; i < 8; ++i) few[i] = (i - 3) / 4.0;
  for (int i = 0; i < 144; ++i) offsets[i] = (i * 7 % 11 - 5) / 8.0;
  for (int i = 0; i < 16; ++i) mask[i] = i % 5 / 4.0;
  list.push_back(
      body("DeformConv",
           "input x: float32[1,2,3,3]\ninput w: float32[2,2,2,2]\ninput o: float32[1,8,2,2]\n"
           "const b: float32[2] = {0.5, -1}\ninput m: float32[1,4,2,2]\ny = DeformConv(x, w, o, b, m) "
           "{kernel_shape = [2, 2]}\noutput y",
           1e-5, {-8.6953125, -9.0234375, -6.13085938, -8.14453125, 10.9921875, 11.1640625, 10.0175781, 6.58984375},
           {image, weights, first(offsets, 32), mask}));
  list.push_back(
      body("DeformConv.groups",
           "input x: float32[1,2,3,3]\ninput w: float32[2,1,2,2]\ninput o: float32[1,16,3,3]\ny = DeformConv(x, "
           "w, o) {group = 2, offset_group = 2, pads = [1, 0, 0, 1]}\noutput y",
           1e-5,
           {-0.46875, -1.7890625, -0.17578125, -2.921875, -4.2890625, -1.16796875, -2.890625, -5.15625, -2.51171875,
            5.453125, 5.34375, 3.3984375, 7.171875, 4.375, 2.203125, 6.140625, 2.90625, 1.1015625},
           {image, few, offsets}));
  list.push_back(
      body("DeformConv.line",
           "input x: float32[2,3,8]\ninput w: float32[4,3,3]\ninput o: float32[2,3,3]\ny = DeformConv(x, w, o) "
           "{dilations = [2], strides = [2], pads = [1, 0]}\noutput y"));
}

}  // namespace

void add_spatial(std::vector<Case>& list) {
  add_pools(list);
  add_regions(list);
  add_grids(list);
  add_unfolded(list);
}

}  // namespace pare::test
