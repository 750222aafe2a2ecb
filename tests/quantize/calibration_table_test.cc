#include "quantize/calibration_table.h"

#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"

namespace pare {
namespace {

Graph two_values() { return unwrap(parse("graph \"g\" {\n input x: float32[N]\n y = Sigmoid(x)\n output y\n}")); }

std::string refused(const std::string& text) {
  const Graph graph = two_values();
  try {
    read_calibration_table(text, "t.tsv", graph, {*graph.find("x")});
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::input);
    return error.what();
  }
  return "";
}

const std::string kHead = "# pare calibration, 1\nvalue\tlow\thigh\tmethod\tcount\n";

TEST_CASE("a calibration table reads back as it was written") {
  Graph graph = two_values();
  const ValueId x = *graph.find("x"), y = *graph.find("y");
  graph.rename(x, "#a\tb\\c\n");
  const Batches batches{2, [](int64_t) {
                          return std::vector<Tensor>{Tensor::of<float>({3}, {-0.1f, 1e-7f, 0.3333333f})};
                        }};
  const Calibration calibration = calibrate(graph, {x, y}, batches, {.method = RangeMethod::mse});
  const std::vector<CalibratedRange> ranges{{x, calibration.range(x, {})}, {y, calibration.range(y, {})}};
  const std::string text = print_calibration_table(graph, calibration, ranges);
  CHECK(text.starts_with(kHead + "\\#a\\tb\\\\c\\n\t-0.1\t0.3333333\tmse\t6\n"));
  const Calibration again = read_calibration_table(text, "t.tsv", graph, {x, y});
  for (const CalibratedRange& row : ranges) {
    CHECK(again.range(row.value, {}).low == row.range.low);
    CHECK(again.range(row.value, {}).high == row.range.high);
  }
  CHECK(print_calibration_table(graph, again, ranges)
            .starts_with(kHead + "\\#a\\tb\\\\c\\n\t-0.1\t0.3333333\tgiven\t6\n"));
}

TEST_CASE("an edited table holds, within what operators declare") {
  const Graph graph = two_values();
  const ValueId x = *graph.find("x"), y = *graph.find("y");
  const Calibration edited = read_calibration_table(
      "\n# by hand\r\n" + kHead + "x\t-3\t4e1\tmine\t0\r\ny\t-1\t0.75\tmine\t0", "t.tsv", graph, {x, y});
  CHECK(edited.range(x, {}).low == -3);
  CHECK(edited.range(x, {}).high == 40);
  CHECK(edited.range(y, {}).low == 0);
  CHECK(edited.range(y, {}).high == 0.75f);
}

TEST_CASE("a table that does not fit is refused by name and line") {
  CHECK(refused("").find("no line with the columns") != std::string::npos);
  CHECK(refused("value low high\n").find("line 1: 'value low high'") != std::string::npos);
  CHECK(refused(kHead + "x\t1\t2\n").find("line 3: 3 columns; expected 5") != std::string::npos);
  CHECK(refused(kHead + "x\t1\t2\tmse\t1\nz\t1\t2\tmse\t1\n").find("line 4: 'z' is no value of graph 'g'") !=
        std::string::npos);
  CHECK(refused(kHead + "x\t1\t2\tmse\t1\nx\t1\t2\tmse\t1\n").find("line 4: value 'x' stands twice") !=
        std::string::npos);
  CHECK(refused(kHead + "x\tone\t2\tmse\t1\n").find("'one' in column low; expected a number") != std::string::npos);
  CHECK(refused(kHead + "x\t3\t2\tmse\t1\n").find("a range from 3 to 2") != std::string::npos);
  CHECK(refused(kHead + "x\t1\tinf\tmse\t1\n").find("expected finite") != std::string::npos);
  CHECK(refused(kHead + "y\t0\t1\tmse\t1\n").find("has no range for 1 of the values to be quantized ('x')") !=
        std::string::npos);
}

}  // namespace
}  // namespace pare
