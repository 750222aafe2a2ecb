// The shared models: what reading gives, and what writing and reading again gives. Expected values were taken from the
// files with the official Python package; where a file calls an output dimension by a name of its own, the name that
// follows from its inputs stands here.
#include <map>
#include <sstream>

#include "formats/onnx/onnx.h"
#include "graph/verify.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

using namespace pare;
using pare::testing::ScratchFolder;

namespace {

struct Model {
  const char* file;
  const char* inputs;
  const char* outputs;
  const char* operators;  // those in the file, without Constant
};

const Model kModels[] = {
    {"cifar10-resnet20", "input:float32[N,3,32,32]", "logits:float32[N,10]",
     "Add=9 BatchNormalization=19 Cast=4 Concat=2 ConstantOfShape=2 Conv=19 Flatten=1 Gather=2 Gemm=1 "
     "GlobalAveragePool=1 Mul=2 Pad=2 Relu=19 Reshape=4 Shape=2 Slice=6 Sub=2 Transpose=2"},
    {"cifar10-resnet56", "input:float32[N,3,32,32]", "logits:float32[N,10]",
     "Add=27 BatchNormalization=55 Cast=4 Concat=2 ConstantOfShape=2 Conv=55 Flatten=1 Gather=2 Gemm=1 "
     "GlobalAveragePool=1 Mul=2 Pad=2 Relu=55 Reshape=4 Shape=2 Slice=6 Sub=2 Transpose=2"},
    {"dtln-1", "input_2:float32[1,1,257] input_3:float32[1,2,128,2]",
     "activation_2:float32[1,1,257] tf_op_layer_stack_2:float32[1,2,128,2]",
     "Add=1 Concat=3 LSTM=2 MatMul=1 Sigmoid=1 Slice=4 Squeeze=10 Transpose=4 Unsqueeze=10"},
    {"g2p-decoder", "prev:int64[1,batch] h0:float32[1,batch,256]", "logits:float32[batch,74] h:float32[1,batch,256]",
     "GRU=1 Gather=1 Gemm=1 Squeeze=1"},
    {"g2p-encoder", "ids:int64[seq,batch]", "h:float32[1,batch,256]", "GRU=1 Gather=1"},
    {"imagenet-efficientnet-lite0", "input:float32[N,3,224,224]", "logits:float32[N,1000]",
     "Add=9 BatchNormalization=49 Clip=33 Conv=49 Flatten=1 Gemm=1 GlobalAveragePool=1"},
    {"imagenet-mobilenetv1-050", "input:float32[N,3,160,160]", "output:float32[N,1001]",
     "Clip=27 Conv=28 Flatten=1 GlobalAveragePool=1 Identity=1"},
    {"imagenet-mobilenetv2", "input:float32[N,3,224,224]", "output:float32[N,1001]",
     "Add=10 Clip=35 Conv=53 Flatten=1 GlobalAveragePool=1 Identity=1"},
    {"imagenet-squeezenet", "data:float32[N,3,227,227]", "logits:float32[N,1000]",
     "Concat=8 Conv=26 Flatten=1 GlobalAveragePool=1 MaxPool=3 Relu=26"},
    {"minilm-sst2", "input_ids:int64[batch,seq] attention_mask:int64[batch,seq] token_type_ids:int64[batch,seq]",
     "last_hidden_state:float32[batch,seq,384] sentence_embedding:float32[batch,384] logits:float32[batch,2]",
     "Add=88 Cast=1 Clip=2 Concat=24 Div=27 Erf=6 Expand=1 Gather=52 Gemm=1 MatMul=48 Mul=27 Pow=13 ReduceL2=1 "
     "ReduceMean=26 ReduceSum=2 Reshape=24 Shape=50 Slice=1 Softmax=6 Sqrt=13 Sub=14 Transpose=24 Unsqueeze=52"},
    {"mnist-cnn-integer", "Input3:float32[1,1,28,28]", "Plus214_Output_0:float32[1,10]",
     "Add=3 Cast=3 ConvInteger=2 MatMulInteger=1 MaxPool=2 Mul=6 QuantizeLinear=4 Relu=2 Reshape=2"},
    {"mnist-cnn", "Input3:float32[1,1,28,28]", "Plus214_Output_0:float32[1,10]",
     "Add=3 Conv=2 MatMul=1 MaxPool=2 Relu=2 Reshape=2"},
    {"mnist-lstm", "input:float32[N,28,28]", "logits:float32[N,10]", "Flatten=1 Gemm=1 LSTM=1 Squeeze=1 Transpose=2"},
    {"ppocr-cls", "x:float32[p2o.DynamicDimension.0,3,p2o.DynamicDimension.1,p2o.DynamicDimension.2]",
     "softmax_0.tmp_0:float32[p2o.DynamicDimension.0,2]",
     "Add=26 BatchNormalization=35 Cast=3 Clip=18 Concat=1 Conv=53 Div=18 GlobalAveragePool=10 HardSigmoid=9 MatMul=1 "
     "MaxPool=1 Mul=27 Relu=15 Reshape=1 Shape=1 Slice=1 Softmax=1"},
    {"ppocr-det", "x:float32[p2o.DynamicDimension.0,3,p2o.DynamicDimension.1,p2o.DynamicDimension.2]",
     "sigmoid_0.tmp_0:float32[p2o.DynamicDimension.0,1,p2o.DynamicDimension.4,p2o.DynamicDimension.5]",
     "Add=89 BatchNormalization=3 Clip=24 Concat=1 Conv=62 ConvTranspose=2 Div=24 GlobalAveragePool=10 HardSigmoid=10 "
     "Mul=86 Relu=12 Resize=6 Sigmoid=1"},
    {"silero-vad-16k", "input:float32[batch,sequence] state:float32[2,batch,128] sr:int64[]",
     "output:float32[batch,1] stateN:float32[AddstateN_dim_0,batch,AddstateN_dim_2]",
     "Add=2 Cast=7 Concat=2 ConstantOfShape=1 Conv=6 Equal=2 Gather=4 If=3 Mul=2 Pad=1 Pow=2 ReduceMean=1 Relu=5 "
     "Reshape=2 Shape=4 Sigmoid=1 Slice=6 Sqrt=1 Squeeze=1 Sub=1 Transpose=1 Unsqueeze=17"},
    {"stories260k", "input_ids:int64[batch,seq]", "logits:float32[batch,seq,512]",
     "Add=36 Concat=70 ConstantOfShape=10 Div=16 Equal=10 Expand=10 Gather=62 MatMul=46 Mul=93 ReduceMean=11 "
     "Reshape=60 Shape=61 Sigmoid=5 Slice=14 Softmax=5 Sqrt=11 Sub=10 Transpose=25 Unsqueeze=148 Where=10"},
    {"super-resolution", "input:float32[batch_size,1,224,224]", "output:float32[batch_size,1,672,672]",
     "Conv=4 Relu=3 Reshape=2 Transpose=1"},
    {"tiny-ad", "input:float32[N,640]", "output:float32[N,640]", "Gemm=10 Identity=1 Relu=9"},
    {"tiny-kws", "input:float32[N,1,49,10]", "output:float32[N,12]",
     "Conv=9 Flatten=1 Gemm=1 GlobalAveragePool=1 Identity=1 Relu=9"},
    {"tiny-resnet8-qdq", "input:float32[N,3,32,32]", "output:float32[N,10]",
     "Add=3 Conv=9 DequantizeLinear=25 Flatten=1 Gemm=1 GlobalAveragePool=1 Identity=1 QuantizeLinear=15 Relu=7"},
    {"tiny-resnet8", "input:float32[N,3,32,32]", "output:float32[N,10]",
     "Add=3 Conv=9 Flatten=1 Gemm=1 GlobalAveragePool=1 Identity=1 Relu=7"},
    {"tiny-vww", "input:float32[N,3,96,96]", "output:float32[N,2]",
     "Conv=27 Flatten=1 Gemm=1 GlobalAveragePool=1 Identity=1 Relu=27"},
    {"ultraface-slim", "input:float32[1,3,240,320]", "scores:float32[1,4420,2] boxes:float32[1,4420,4]",
     "Add=2 BatchNormalization=25 Concat=12 Conv=42 Div=2 Exp=1 Gather=8 Mul=4 Relu=34 Reshape=8 Shape=8 Slice=6 "
     "Softmax=1 Sub=1 Transpose=8 Unsqueeze=24"},
};

std::string listed(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (const ValueId id : ids) {
    text += (text.empty() ? "" : " ") + graph.value(id).name + ":" + to_string(graph.value(id).type);
  }
  return text;
}

std::string counted(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const NodeId id : graph.order()) ++counts[std::string(op_type(graph.node(id).op))];
  std::string text;
  for (const auto& [type, count] : counts) text += (text.empty() ? "" : " ") + type + "=" + std::to_string(count);
  return text;
}

}  // namespace

TEST_CASE("shared models read as their files say") {
  for (const Model& model : kModels) {
    const std::string name = std::string("models/") + model.file + ".onnx";
    const std::string path = testing::shared_path(name);
    if (path.empty()) {
      WARN("skipped: " << name << " is not in the shared folder");
      continue;
    }
    INFO(model.file);
    const auto graph = read_onnx(path);
    if (!graph) FAIL(graph.failure().message);
    CHECK(listed(*graph, graph->inputs) == model.inputs);
    CHECK(listed(*graph, graph->outputs) == model.outputs);
    CHECK(counted(*graph) == model.operators);
  }
}

TEST_CASE("shared models come back equal after writing") {
  const ScratchFolder scratch;
  for (const Model& model : kModels) {
    const std::string path = testing::shared_path(std::string("models/") + model.file + ".onnx");
    if (path.empty()) continue;
    INFO(model.file);
    const auto graph = read_onnx(path);
    if (!graph) FAIL(graph.failure().message);
    const std::string copy = scratch / "copy.onnx";
    const auto written = write_onnx(*graph, copy);
    if (!written) FAIL(written.failure().message);
    const auto again = read_onnx(copy);
    if (!again) FAIL(again.failure().message);
    CHECK(equal(*graph, *again));
    const std::string first = testing::read_bytes(copy);
    REQUIRE(write_onnx(*again, copy).ok());
    CHECK(testing::read_bytes(copy) == first);
  }
}

TEST_CASE("larger models keep their weights beside them") {
  PARE_SHARED_OR_SKIP(path, "models/tiny-kws.onnx");
  const ScratchFolder scratch;
  const auto graph = read_onnx(path);
  REQUIRE(graph.ok());
  const std::string copy = scratch / "kws.onnx";
  REQUIRE(write_onnx(*graph, copy, {.external_above = 10000}).ok());
  CHECK(std::filesystem::file_size(copy) < 30000);
  CHECK(std::filesystem::file_size(scratch / "kws.onnx.data") > 60000);
  const auto again = read_onnx(copy);
  if (!again) FAIL(again.failure().message);
  CHECK(equal(*graph, *again));
}

TEST_CASE("the opset can be chosen as far as the operators allow") {
  PARE_SHARED_OR_SKIP(path, "models/tiny-kws.onnx");
  const ScratchFolder scratch;
  const auto graph = read_onnx(path);
  REQUIRE(graph.ok());
  CHECK(write_onnx(*graph, scratch / "a.onnx", {.opset = 21}).ok());
  const auto low = write_onnx(*graph, scratch / "b.onnx", {.opset = 12});
  REQUIRE_FALSE(low.ok());
  CHECK(low.failure().code == ErrorCode::unsupported);
  CHECK_FALSE(std::filesystem::exists(scratch / "b.onnx"));
}
