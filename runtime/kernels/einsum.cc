// Einsum. https://onnx.ai/onnx/operators/onnx__Einsum.html. Operands are multiplied and summed one after the other,
// from the left; floats in double, integers modulo their width.
#include "graph/ops/einsum.h"

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

constexpr int64_t kMostElements = int64_t{1} << 27;

// An operand of which each label is one axis at most. `stride` of a label that it lacks, or has with extent 1, is 0.
template <class T>
struct Factor {
  std::vector<T> values;
  std::vector<bool> has;
  std::vector<int64_t> stride;
};

using Labels = std::vector<int>;

// The labels of `all` that are not in `kept`.
Labels without(const Labels& all, const Labels& kept) {
  Labels rest;
  for (const int label : all)
    if (std::find(kept.begin(), kept.end(), label) == kept.end()) rest.push_back(label);
  return rest;
}

template <class T>
std::vector<int64_t> strides_along(const Factor<T>& factor, const Labels& labels) {
  std::vector<int64_t> strides;
  for (const int label : labels) strides.push_back(factor.stride[static_cast<size_t>(label)]);
  return strides;
}

Dims dims_along(const Dims& extents, const Labels& labels) {
  Dims dims;
  for (const int label : labels) dims.push_back(extents[static_cast<size_t>(label)]);
  return dims;
}

// out[kept] = the sum over the other labels of a * b (of a alone without b), laid out in the order of `kept`.
template <class T>
Result<Factor<T>> sum_of_products(const Factor<T>& a, const Factor<T>* b, const Labels& kept, const Dims& extents) {
  Labels all;
  for (size_t label = 0; label < extents.size(); ++label)
    if (a.has[label] || (b && b->has[label])) all.push_back(static_cast<int>(label));
  const Labels summed = without(all, kept);
  const Dims outer = dims_along(extents, kept), inner = dims_along(extents, summed);
  const auto count = element_count(outer), terms = element_count(inner);
  if (!count || !terms || *count > kMostElements || *terms > kMostElements)
    return input_error("would need too many elements on the way");
  const Factor<T>& other = b ? *b : a;
  std::vector<std::array<int64_t, 2>> offsets;
  offsets.reserve(static_cast<size_t>(*terms));
  for_each_index<2>(inner, {strides_along(a, summed), strides_along(other, summed)},
                    [&](int64_t, const auto& at) { offsets.push_back(at); });
  Factor<T> out{std::vector<T>(static_cast<size_t>(*count)), std::vector<bool>(extents.size()),
                std::vector<int64_t>(extents.size(), 0)};
  const auto strides = strides_of(outer);
  for (size_t i = 0; i < kept.size(); ++i) {
    out.has[static_cast<size_t>(kept[i])] = true;
    out.stride[static_cast<size_t>(kept[i])] = outer[i] == 1 ? 0 : strides[i];
  }
  for_each_index<2>(outer, {strides_along(a, kept), strides_along(other, kept)}, [&](int64_t i, const auto& at) {
    T sum = 0;
    for (const auto& offset : offsets) {
      const T left = a.values[static_cast<size_t>(at[0] + offset[0])];
      sum += b ? left * b->values[static_cast<size_t>(at[1] + offset[1])] : left;
    }
    out.values[static_cast<size_t>(i)] = sum;
  });
  return out;
}

// Repeated labels become one stride along the diagonal.
template <class T>
Factor<T> factor_of(const Tensor& x, const Labels& labels, size_t count) {
  Factor<T> factor{std::vector<T>(static_cast<size_t>(x.size())), std::vector<bool>(count),
                   std::vector<int64_t>(count, 0)};
  for (int64_t i = 0; i < x.size(); ++i) {
    if constexpr (std::is_same_v<T, double>)
      factor.values[static_cast<size_t>(i)] = x.as_double(i);
    else
      factor.values[static_cast<size_t>(i)] = static_cast<T>(x.as_int(i));
  }
  const auto strides = strides_of(x.dims());
  for (size_t axis = 0; axis < labels.size(); ++axis) {
    const auto label = static_cast<size_t>(labels[axis]);
    factor.has[label] = true;
    if (x.dims()[axis] != 1) factor.stride[label] += strides[axis];
  }
  return factor;
}

// The labels of operand i that the output or another operand from `first` on has too.
Labels needed(const EinsumTerms& terms, const std::vector<bool>& has, size_t first, size_t i) {
  Labels kept;
  for (int label = 0; label < terms.labels; ++label) {
    const auto holds = [&](const Labels& list) { return std::find(list.begin(), list.end(), label) != list.end(); };
    bool used = holds(terms.output);
    for (size_t k = first; k < terms.inputs.size(); ++k) used = used || (k != i && holds(terms.inputs[k]));
    if (has[static_cast<size_t>(label)] && used) kept.push_back(label);
  }
  return kept;
}

template <class T>
Result<std::vector<T>> einsum(const EinsumTerms& terms, std::span<const Tensor> operands, const Dims& extents) {
  Factor<T> result;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Factor<T> whole = factor_of<T>(operands[i], terms.inputs[i], extents.size());
    const bool last = i + 1 == operands.size();
    PARE_ASSIGN(Factor<T> factor, sum_of_products<T>(whole, nullptr, needed(terms, whole.has, 0, i), extents));
    if (i == 0) {
      result = std::move(factor);
      if (!last) continue;
      PARE_ASSIGN(result, sum_of_products<T>(result, nullptr, terms.output, extents));
      continue;
    }
    std::vector<bool> has = result.has;
    for (size_t label = 0; label < has.size(); ++label) has[label] = has[label] || factor.has[label];
    const Labels kept = last ? terms.output : needed(terms, has, i + 1, operands.size());
    PARE_ASSIGN(result, sum_of_products<T>(result, &factor, kept, extents));
  }
  return std::move(result.values);
}

Result<Dims> extents_of(const EinsumTerms& terms, std::span<const Tensor> operands) {
  Dims extents(static_cast<size_t>(terms.labels), 1);
  for (size_t i = 0; i < operands.size(); ++i) {
    for (size_t axis = 0; axis < terms.inputs[i].size(); ++axis) {
      int64_t& extent = extents[static_cast<size_t>(terms.inputs[i][axis])];
      const int64_t found = operands[i].dims()[axis];
      if (found != 1 && extent != 1 && found != extent)
        return input_error("the equation gives one letter the extents " + std::to_string(extent) + " and " +
                           std::to_string(found));
      if (found != 1) extent = found;
    }
  }
  return extents;
}

}  // namespace

Result<void> run(const Einsum& op, KernelContext& context) {
  std::vector<size_t> ranks;
  const DType dtype = context.inputs[0].dtype();
  for (const Tensor& input : context.inputs) {
    if (input.dtype() != dtype) return input_error("takes operands of one type");
    ranks.push_back(input.dims().size());
  }
  PARE_ASSIGN(const EinsumTerms terms, einsum_terms(op.equation, ranks));
  PARE_ASSIGN(const Dims extents, extents_of(terms, context.inputs));
  PARE_ASSIGN(Tensor y, allocate(dtype, dims_along(extents, terms.output)));
  if (is_float(dtype)) {
    PARE_ASSIGN(const auto values, einsum<double>(terms, context.inputs, extents));
    for (int64_t i = 0; i < y.size(); ++i) y.set_double(i, values[static_cast<size_t>(i)]);
  } else {
    if (!is_integer(dtype) || bits(dtype) < 8) return no_kernel(dtype);
    PARE_ASSIGN(const auto values, einsum<uint64_t>(terms, context.inputs, extents));
    dispatch(dtype, Integers{}, [&]<class T>() {
      auto out = y.mutable_data<T>();
      for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(values[i]);
    });
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
