// One pass at a time, in the text form.
#pragma once

#include <string>
#include <string_view>

#include "compress/simplify.h"
#include "graph/error.h"
#include "tests/compress/support.h"

namespace pare::test {

// Runs one pass to its end and compares with what its header says.
inline void check_pass(const std::string& pass, std::string_view before, std::string_view after, int64_t opset = 13) {
  Graph graph = parsed(before);
  simplify(graph, {.passes = {pass}, .opset = opset});
  INFO(pass << " gave\n" << print(graph));
  CHECK(equal(graph, parsed(after)));
}
inline void check_unchanged(const std::string& pass, std::string_view text, int64_t opset = 13) {
  check_pass(pass, text, text, opset);
}

}  // namespace pare::test
