#include "formats/onnx/lift.h"

#include <algorithm>
#include <array>

#include "formats/onnx/wire.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {
namespace {

using Tensor_ = onnx::TensorProto;

// Of protobuf's own limit on nesting; a file may reach it through subgraphs only.
constexpr int kMaxDepth = 100;
// Parsing takes memory per field, whatever the field holds: files full of empty fields would take much from little.
constexpr uint64_t kFreeMemory = uint64_t{40} << 20;
constexpr uint64_t kMemoryPerByte = 12;
constexpr uint64_t kHeapBlock = 16, kPointer = 8;

Failure malformed() {
  return input_error("is not in ONNX format, or is truncated: its bytes are no protobuf message onnx.ModelProto");
}

uint64_t size_of_message(Kind kind) {
  switch (kind) {
    case Kind::leaf:
      return sizeof(std::string);
    case Kind::model:
      return sizeof(onnx::ModelProto);
    case Kind::graph:
      return sizeof(onnx::GraphProto);
    case Kind::node:
      return sizeof(onnx::NodeProto);
    case Kind::attribute:
      return sizeof(onnx::AttributeProto);
    case Kind::tensor:
      return sizeof(onnx::TensorProto);
    case Kind::sparse:
      return sizeof(onnx::SparseTensorProto);
    case Kind::value_info:
      return sizeof(onnx::ValueInfoProto);
    case Kind::type:
    case Kind::tensor_type:
    case Kind::element_type:
    case Kind::map_type:
      return sizeof(onnx::TypeProto);
    case Kind::shape:
    case Kind::segment:
      return sizeof(onnx::TensorShapeProto);
    case Kind::dimension:
      return sizeof(onnx::TensorShapeProto_Dimension);
    case Kind::entry:
      return sizeof(onnx::StringStringEntryProto);
    case Kind::opset:
      return sizeof(onnx::OperatorSetIdProto);
    case Kind::function:
      return sizeof(onnx::FunctionProto);
  }
  return 0;
}

// Packed variable-length numbers grow to eight bytes each.
bool holds_varints(Kind parent, uint32_t field) {
  if (parent == Kind::attribute) return field == onnx::AttributeProto::kIntsFieldNumber;
  if (parent == Kind::sparse) return field == onnx::SparseTensorProto::kDimsFieldNumber;
  return parent == Kind::tensor &&
         (field == Tensor_::kDimsFieldNumber || field == Tensor_::kInt32DataFieldNumber ||
          field == Tensor_::kInt64DataFieldNumber || field == Tensor_::kUint64DataFieldNumber);
}

// The field of a TensorProto whose bytes are its elements and that may be lifted; 0 when there is none.
uint32_t liftable_field(Bytes tensor) {
  uint64_t dtype = 0;
  bool stored_here = true;
  std::array<int, 3> counts{};
  constexpr std::array<uint32_t, 3> kFields{Tensor_::kRawDataFieldNumber, Tensor_::kFloatDataFieldNumber,
                                            Tensor_::kDoubleDataFieldNumber};
  std::array<size_t, 3> sizes{};
  while (const auto field = take_field(tensor)) {
    if (field->number == Tensor_::kDataTypeFieldNumber) dtype = field->value;
    if (field->number == Tensor_::kDataLocationFieldNumber) stored_here = field->value == 0;
    for (size_t i = 0; i < kFields.size(); ++i) {
      if (field->number != kFields[i]) continue;
      counts[i] += field->wire_type == 2 ? 1 : 2;  // unpacked numbers stay
      sizes[i] = field->payload.size();
    }
  }
  if (!stored_here || counts[0] + counts[1] + counts[2] != 1) return 0;
  const auto is = [&](DType a, DType b) {
    return dtype == static_cast<uint64_t>(a) || dtype == static_cast<uint64_t>(b);
  };
  if (counts[0] == 1 && sizes[0] >= kLiftBytes && dtype != static_cast<uint64_t>(DType::string)) return kFields[0];
  if (counts[1] == 1 && sizes[1] >= kLiftBytes && is(DType::float32, DType::complex64)) return kFields[1];
  if (counts[2] == 1 && sizes[2] >= kLiftBytes && is(DType::float64, DType::complex128)) return kFields[2];
  return 0;
}

// First walk: is it well formed, what would parsing cost, and how much can be lifted.
class Survey {
 public:
  uint64_t lifted = 0;
  uint64_t cost = 0;

  Result<void> message(Kind kind, Bytes bytes, bool liftable, int depth) {
    if (depth > kMaxDepth) return malformed();
    cost += size_of_message(kind) + kHeapBlock + kPointer;
    const uint32_t lift = kind == Kind::tensor && liftable ? liftable_field(bytes) : 0;
    while (!bytes.empty()) {
      const auto field = take_field(bytes);
      if (!field) return malformed();
      if (field->wire_type != 2) {
        cost += 8;
      } else if (lift != 0 && field->number == lift) {
        lifted += field->payload.size();
      } else if (const Child child = child_of(kind, field->number); child.kind != Kind::leaf) {
        PARE_TRY(message(child.kind, field->payload, liftable && child.liftable, depth + 1));
      } else {
        leaf(kind, *field);
      }
    }
    return {};
  }

 private:
  void leaf(Kind parent, const Field& field) {
    const auto size = field.payload.size();
    if (holds_varints(parent, field.number)) {
      cost += 8 * static_cast<uint64_t>(std::count_if(field.payload.begin(), field.payload.end(),
                                                      [](std::byte byte) { return byte < std::byte{0x80}; }));
    } else {
      cost += sizeof(std::string) + kHeapBlock + kPointer + (size > 15 ? size + kHeapBlock : 0);
    }
  }
};

// Second walk: the same messages without what is lifted.
class Lifter {
 public:
  explicit Lifter(Bytes file) : file_(file) {}

  void message(Kind kind, Bytes bytes, std::string& out) {
    const uint32_t lift = kind == Kind::tensor ? liftable_field(bytes) : 0;
    while (const auto field = take_field(bytes)) {
      if (lift != 0 && field->number == lift) {
        put_number(out, Tensor_::kLiftedOffsetFieldNumber, static_cast<uint64_t>(field->payload.data() - file_.data()));
        put_number(out, Tensor_::kLiftedBytesFieldNumber, field->payload.size());
        continue;
      }
      if (field->wire_type != 2 || field->payload.size() < kLiftBytes || !child_of(kind, field->number).liftable) {
        put_bytes(out, field->whole);
        continue;
      }
      std::string inner;
      message(child_of(kind, field->number).kind, field->payload, inner);
      put_head(out, field->number, inner.size());
      out += inner;
    }
  }

 private:
  Bytes file_;
};

uint64_t head_size(uint32_t field, uint64_t length) {
  std::string head;
  put_head(head, field, length);
  return head.size();
}

// The elements that a TensorProto was lifted to; nullopt when it has its own.
struct Marker {
  size_t index = 0;
  uint64_t bytes = 0;
};
std::optional<Marker> marker_of(Kind kind, Bytes bytes) {
  if (kind != Kind::tensor) return std::nullopt;
  Marker marker;
  bool found = false;
  while (const auto field = take_field(bytes)) {
    if (field->number == Tensor_::kLiftedOffsetFieldNumber) marker.index = static_cast<size_t>(field->value);
    if (field->number != Tensor_::kLiftedBytesFieldNumber) continue;
    marker.bytes = field->value;
    found = true;
  }
  return found ? std::optional(marker) : std::nullopt;
}

bool is_marker(Kind kind, const Field& field) {
  return kind == Kind::tensor &&
         (field.number == Tensor_::kLiftedOffsetFieldNumber || field.number == Tensor_::kLiftedBytesFieldNumber);
}

uint64_t size_of_expanded(Kind kind, Bytes bytes) {
  uint64_t size = 0;
  if (const auto marker = marker_of(kind, bytes)) {
    size += head_size(Tensor_::kRawDataFieldNumber, marker->bytes) + marker->bytes;
  }
  while (const auto field = take_field(bytes)) {
    const Child child = field->wire_type == 2 ? child_of(kind, field->number) : Child{};
    if (child.liftable) {
      const uint64_t inner = size_of_expanded(child.kind, field->payload);
      size += head_size(field->number, inner) + inner;
    } else if (!is_marker(kind, *field)) {
      size += field->whole.size();
    }
  }
  return size;
}

Result<void> expand_message(Kind kind, Bytes bytes, const std::vector<Tensor>& tensors, AtomicFile& file) {
  const auto marker = marker_of(kind, bytes);
  std::string head;
  while (const auto field = take_field(bytes)) {
    if (is_marker(kind, *field)) continue;
    const Child child = field->wire_type == 2 ? child_of(kind, field->number) : Child{};
    const uint64_t inner = child.liftable ? size_of_expanded(child.kind, field->payload) : field->payload.size();
    if (inner == field->payload.size()) {
      PARE_TRY(file.write(field->whole));
      continue;
    }
    head.clear();
    put_head(head, field->number, inner);
    PARE_TRY(file.write(std::string_view(head)));
    PARE_TRY(expand_message(child.kind, field->payload, tensors, file));
  }
  if (!marker) return {};
  head.clear();
  put_head(head, Tensor_::kRawDataFieldNumber, marker->bytes);
  PARE_TRY(file.write(std::string_view(head)));
  return file.write(tensors[marker->index]);
}

}  // namespace

Result<std::optional<std::string>> lift(Bytes model) {
  Survey survey;
  PARE_TRY(survey.message(Kind::model, model, true, 0));
  if (survey.cost > kFreeMemory + kMemoryPerByte * model.size()) {
    return input_error("would take " + std::to_string(survey.cost) + " bytes of memory to parse, for its " +
                       std::to_string(model.size()) + "; the model is damaged or hostile");
  }
  if (survey.lifted < kLiftBytes) return std::optional<std::string>();
  std::string skeleton;
  Lifter(model).message(Kind::model, model, skeleton);
  return std::optional(std::move(skeleton));
}

uint64_t expanded_size(Bytes model) { return size_of_expanded(Kind::model, model); }

Result<void> expand(Bytes model, const std::vector<Tensor>& tensors, AtomicFile& file) {
  return expand_message(Kind::model, model, tensors, file);
}

}  // namespace pare::onnx_format
