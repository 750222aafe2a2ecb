// make_golden NAME.txt: writes the graph of a text file beside it as NAME.onnx and NAME.pare.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/error.h"
#include "graph/text.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::filesystem::path path = argv[1];
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  try {
    const pare::Graph graph = pare::unwrap(pare::parse(text));
    pare::unwrap(pare::write_onnx(graph, path.replace_extension(".onnx")));
    pare::unwrap(pare::write_pare(graph, path.replace_extension(".pare")));
  } catch (const pare::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
