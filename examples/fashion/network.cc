// Writes the untrained network of this example: a small residual network for 28 x 28 grey pictures of ten classes.
//
//   fashion_network network.onnx
//
// stem   convolution 3x3 to 32 channels at 28 x 28, max pooling to 14 x 14
// stage  two residual blocks of 32 channels at 14 x 14
// stage  two residual blocks of 64 channels at 7 x 7, the first with stride 2 and a 1x1 projection
// head   global average pooling, Gemm to ten scores
//
// Every convolution is followed by BatchNormalization. All weights are zero: `pare distill --train` draws them.
#include <cstdio>
#include <string>

#include "formats/onnx/onnx.h"
#include "graph/error.h"
#include "graph/verify.h"

namespace {

using pare::Dims;
using pare::Graph;
using pare::Tensor;
using pare::ValueId;

class Builder {
 public:
  Graph build() {
    graph_.name = "fashion";
    ValueId x = graph_.add_input("image", {pare::DType::float32, pare::Shape{pare::Dim("N"), 1, 28, 28}});
    x = relu(convolution(x, "stem", 1, 32, 3, 1));
    x = graph_.add(pare::MaxPool{.kernel_shape = {2, 2}, .strides = {2, 2}}, {x}, "stem.pool");
    x = block(x, "block1", 32, 32, 1);
    x = block(x, "block2", 32, 32, 1);
    x = block(x, "block3", 32, 64, 2);
    x = block(x, "block4", 64, 64, 1);
    x = graph_.add(pare::GlobalPool{}, {x}, "pool");
    x = graph_.add(pare::Flatten{}, {x}, "features");
    const ValueId weight = zeros("scores.weight", {10, 64}), bias = zeros("scores.bias", {10});
    graph_.outputs = {graph_.add(pare::Gemm{.transB = 1}, {x, weight, bias}, "scores")};
    return std::move(graph_);
  }

 private:
  ValueId zeros(const std::string& name, Dims dims) {
    return graph_.add_constant(name, Tensor(pare::DType::float32, std::move(dims)));
  }

  ValueId relu(ValueId x) {
    return graph_.add(pare::Unary{.kind = pare::Unary::Kind::Relu}, {x}, graph_.value(x).name + ".relu");
  }

  // Convolution and BatchNormalization.
  ValueId convolution(ValueId x, const std::string& name, int64_t from, int64_t to, int64_t kernel, int64_t stride) {
    const int64_t pad = kernel / 2;
    const ValueId weight = zeros(name + ".weight", {to, from, kernel, kernel});
    const ValueId y = graph_.add(
        pare::Conv{.kernel_shape = {kernel, kernel}, .pads = {pad, pad, pad, pad}, .strides = {stride, stride}},
        {x, weight}, name + ".conv");
    return graph_.add(pare::BatchNormalization{},
                      {y, zeros(name + ".scale", {to}), zeros(name + ".shift", {to}), zeros(name + ".mean", {to}),
                       zeros(name + ".variance", {to})},
                      name);
  }

  ValueId block(ValueId x, const std::string& name, int64_t from, int64_t to, int64_t stride) {
    ValueId y = relu(convolution(x, name + ".a", from, to, 3, stride));
    y = convolution(y, name + ".b", to, to, 3, 1);
    const ValueId shortcut = from == to && stride == 1 ? x : convolution(x, name + ".project", from, to, 1, stride);
    return relu(graph_.add(pare::Binary{.kind = pare::Binary::Kind::Add}, {y, shortcut}, name));
  }

  Graph graph_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fashion_network OUT.onnx\n", stderr);
    return 2;
  }
  try {
    Graph graph = Builder().build();
    pare::unwrap(pare::infer_types(graph));
    pare::unwrap(pare::verify(graph));
    pare::unwrap(pare::write_onnx(graph, argv[1]));
  } catch (const pare::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
