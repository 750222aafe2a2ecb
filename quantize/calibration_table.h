// Ranges as a text that people read and edit: a line of names, then a line for each value, columns apart by tabs.
//
//   # pare calibration, 1
//   value	low	high	method	count
//   conv1	-2.5	6	mse	100352
//
// Lines that start with # and empty lines are skipped. In names, tab, line feed, carriage return and backslash stand as
// \t, \n, \r and \\, and a leading # as \#. Numbers are the shortest that read back the same. `method` says where a
// range comes from and `count` how many elements it was measured on; both are for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantize/calibrate.h"

namespace pare {

struct CalibratedRange {
  ValueId value;
  ValueRange range;
};

// In the order given.
std::string print_calibration_table(const Graph& graph, const Calibration& calibration,
                                    const std::vector<CalibratedRange>& ranges);

// Ranges of `values` from such a text. Lines for other values of the graph are skipped. Throws Error: input, naming
// `file` and the line, for what is no such table, a name that is no value of the graph or stands twice, ends that are
// not finite or in the wrong order; and for values without a line, naming them.
Calibration read_calibration_table(std::string_view text, const std::string& file, const Graph& graph,
                                   const std::vector<ValueId>& values);

}  // namespace pare
