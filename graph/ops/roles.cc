// What a quantizer needs to know of each operator, all in one place.
#include "graph/op.h"

namespace pare {

Role Conv::role() const { return Role::computes; }
Role ConvTranspose::role() const { return Role::computes; }
Role Gemm::role() const { return Role::computes; }
Role MatMul::role() const { return Role::computes; }
Role ConvInteger::role() const { return Role::float_only; }  // integers already
Role MatMulInteger::role() const { return Role::float_only; }

Role Unary::role() const {
  if (kind == Kind::Identity) return Role::passes;
  return kind == Kind::Relu ? Role::clips : Role::float_only;
}
Role Binary::role() const {
  return kind == Kind::Add || kind == Kind::Sub || kind == Kind::Mul ? Role::rescales : Role::float_only;
}
Role Variadic::role() const { return kind == Kind::Sum || kind == Kind::Mean ? Role::rescales : Role::float_only; }
Role Clip::role() const { return Role::clips; }
Role LeakyRelu::role() const { return Role::float_only; }
Role Elu::role() const { return Role::float_only; }
Role Celu::role() const { return Role::float_only; }
Role ThresholdedRelu::role() const { return Role::float_only; }
Role Selu::role() const { return Role::float_only; }
Role HardSigmoid::role() const { return Role::float_only; }
Role Gelu::role() const { return Role::float_only; }
Role Cast::role() const { return Role::float_only; }
Role Where::role() const { return Role::float_only; }
Role Dropout::role() const { return Role::passes; }

Role MaxPool::role() const { return Role::passes; }
Role AveragePool::role() const { return Role::rescales; }
Role GlobalPool::role() const { return kind == Kind::Max ? Role::passes : Role::rescales; }
Role Resize::role() const { return mode == "nearest" ? Role::passes : Role::rescales; }
Role DepthToSpace::role() const { return Role::passes; }
Role SpaceToDepth::role() const { return Role::passes; }

Role Reshape::role() const { return Role::passes; }
Role Flatten::role() const { return Role::passes; }
Role Squeeze::role() const { return Role::passes; }
Role Unsqueeze::role() const { return Role::passes; }
Role Transpose::role() const { return Role::passes; }
Role Concat::role() const { return Role::passes; }
Role Split::role() const { return Role::passes; }
Role Slice::role() const { return Role::passes; }
Role Pad::role() const { return Role::passes; }
Role Gather::role() const { return Role::passes; }
Role Expand::role() const { return Role::passes; }
Role Tile::role() const { return Role::passes; }
Role ShapeOf::role() const { return Role::float_only; }
Role Size::role() const { return Role::float_only; }
Role ConstantOfShape::role() const { return Role::float_only; }
Role Range::role() const { return Role::float_only; }

Role BatchNormalization::role() const { return Role::float_only; }
Role InstanceNormalization::role() const { return Role::float_only; }
Role LayerNormalization::role() const { return Role::float_only; }
Role LRN::role() const { return Role::float_only; }
Role Softmax::role() const { return Role::float_only; }
Role Reduce::role() const {
  if (kind == Kind::Max || kind == Kind::Min) return Role::passes;
  return kind == Kind::Mean ? Role::rescales : Role::float_only;
}
Role ArgReduce::role() const { return Role::float_only; }

Role QuantizeLinear::role() const { return Role::float_only; }
Role DequantizeLinear::role() const { return Role::float_only; }
Role DynamicQuantizeLinear::role() const { return Role::float_only; }

Role Opaque::role() const { return Role::float_only; }

}  // namespace pare
