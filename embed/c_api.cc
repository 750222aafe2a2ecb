// runtime/pare.h over the executor and the reader of .pare files. It stands in a folder of its own because it is the
// one thing on a device that sees both.
#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "formats/pare/pare_file.h"
#include "runtime/executor.h"
#include "runtime/pare.h"

namespace {

struct Port {
  std::string name;
  int32_t dtype = 0;
  std::vector<int64_t> dims;
};

pare_status fail(pare_status status, const std::string& message, pare_error* error) {
  if (error != nullptr) {
    const size_t length = std::min(message.size(), sizeof(error->message) - 1);
    std::memcpy(error->message, message.data(), length);
    error->message[length] = '\0';
  }
  return status;
}

pare_status fail(const pare::Failure& failure, pare_error* error) {
  return fail(static_cast<pare_status>(failure.code), failure.message, error);
}

// Calls body(); what escapes it becomes a status.
template <class Body>
pare_status guarded(pare_error* error, Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(PARE_INPUT, "out of memory", error);
  } catch (const std::exception& caught) {
    return fail(PARE_INTERNAL, caught.what(), error);
  }
}

std::vector<Port> ports(const pare::Graph& graph, const std::vector<pare::ValueId>& ids) {
  std::vector<Port> found;
  for (const pare::ValueId id : ids) {
    const pare::Value& value = graph.value(id);
    Port port{value.name, static_cast<int32_t>(value.type.dtype), {}};
    if (value.type.shape)
      for (const pare::Dim& dim : *value.type.shape) port.dims.push_back(dim.known() ? dim.size : -1);
    found.push_back(std::move(port));
  }
  return found;
}

}  // namespace

struct pare_model {
  std::shared_ptr<const pare::Graph> graph;
  std::vector<Port> inputs, outputs;
};

struct pare_session {
  std::unique_ptr<pare::Executor> executor;
  std::vector<pare::Tensor> inputs, outputs;
};

namespace {

// The interface hands out tensors only.
pare::Result<void> check_tensors(const pare::Graph& graph) {
  for (const auto* ids : {&graph.inputs, &graph.outputs}) {
    for (const pare::ValueId id : *ids) {
      const pare::Value& value = graph.value(id);
      if (value.type.container == pare::Container::tensor) continue;
      return pare::unsupported("'" + value.name + "' is " + to_string(value.type) +
                               ", and only tensors enter and leave a model here");
    }
  }
  return {};
}

pare_status make_model(pare::Result<pare::Graph> graph, pare_model** model, pare_error* error) {
  if (!graph) return fail(graph.failure(), error);
  if (const auto checked = check_tensors(*graph); !checked) return fail(checked.failure(), error);
  auto made = std::make_unique<pare_model>();
  made->graph = std::make_shared<const pare::Graph>(*std::move(graph));
  made->inputs = ports(*made->graph, made->graph->inputs);
  made->outputs = ports(*made->graph, made->graph->outputs);
  *model = made.release();
  return PARE_OK;
}

pare_status describe_port(const std::vector<Port>& all, const char* kind, size_t index, pare_info* info,
                          pare_error* error) {
  if (info == nullptr) return fail(PARE_USAGE, "info is null", error);
  if (index >= all.size())
    return fail(PARE_USAGE,
                std::string("the model has ") + std::to_string(all.size()) + " " + kind + "s, there is no " +
                    std::to_string(index),
                error);
  const Port& port = all[index];
  *info = {port.name.c_str(), port.dtype, port.dims.size(), port.dims.data()};
  return PARE_OK;
}

}  // namespace

extern "C" {

pare_status pare_model_load_file(const char* path, pare_model** model, pare_error* error) {
  if (path == nullptr || model == nullptr) return fail(PARE_USAGE, "path and model must not be null", error);
  return guarded(error, [&] { return make_model(pare::read_pare(std::filesystem::path(path)), model, error); });
}

pare_status pare_model_load_memory(const void* bytes, size_t size, pare_model** model, pare_error* error) {
  if (bytes == nullptr || model == nullptr) return fail(PARE_USAGE, "bytes and model must not be null", error);
  return guarded(error, [&] {
    return make_model(pare::read_pare(std::span(static_cast<const std::byte*>(bytes), size), nullptr), model, error);
  });
}

void pare_model_destroy(pare_model* model) { delete model; }

size_t pare_model_input_count(const pare_model* model) { return model == nullptr ? 0 : model->inputs.size(); }
size_t pare_model_output_count(const pare_model* model) { return model == nullptr ? 0 : model->outputs.size(); }

pare_status pare_model_input(const pare_model* model, size_t index, pare_info* info, pare_error* error) {
  if (model == nullptr) return fail(PARE_USAGE, "model is null", error);
  return guarded(error, [&] { return describe_port(model->inputs, "input", index, info, error); });
}

pare_status pare_model_output(const pare_model* model, size_t index, pare_info* info, pare_error* error) {
  if (model == nullptr) return fail(PARE_USAGE, "model is null", error);
  return guarded(error, [&] { return describe_port(model->outputs, "output", index, info, error); });
}

pare_status pare_session_create(const pare_model* model, int threads, pare_session** session, pare_error* error) {
  if (model == nullptr || session == nullptr) return fail(PARE_USAGE, "model and session must not be null", error);
  if (threads < 1) return fail(PARE_USAGE, "threads is " + std::to_string(threads) + ", expected at least 1", error);
  return guarded(error, [&] {
    auto executor = pare::Executor::create(model->graph, {.threads = threads});
    if (!executor) return fail(executor.failure(), error);
    auto made = std::make_unique<pare_session>();
    made->executor = *std::move(executor);
    made->inputs.resize(model->inputs.size());
    *session = made.release();
    return PARE_OK;
  });
}

void pare_session_destroy(pare_session* session) { delete session; }

pare_status pare_session_set_input(pare_session* session, size_t index, const pare_array* array, pare_error* error) {
  if (session == nullptr || array == nullptr || (array->data == nullptr && array->bytes > 0) ||
      (array->dims == nullptr && array->rank > 0))
    return fail(PARE_USAGE, "session, array and what it points to must not be null", error);
  if (index >= session->inputs.size())
    return fail(
        PARE_USAGE,
        "the model has " + std::to_string(session->inputs.size()) + " inputs, there is no " + std::to_string(index),
        error);
  return guarded(error, [&] {
    const auto dtype = pare::dtype_from_number(array->dtype);
    const pare::Dims dims(array->dims, array->dims + array->rank);
    const auto expected = dtype ? pare::tensor_bytes(*dtype, dims) : std::nullopt;
    const std::string& name = session->executor->graph().value(session->executor->graph().inputs[index]).name;
    if (!expected || *expected != array->bytes)
      return fail(PARE_INPUT,
                  "input '" + name + "': " + std::to_string(array->bytes) + " bytes do not fit its type and dims",
                  error);
    auto buffer = pare::Buffer::view({static_cast<const std::byte*>(array->data), array->bytes}, nullptr);
    auto tensor = pare::Tensor::from_buffer(*dtype, dims, std::move(buffer));
    if (!tensor) return fail(tensor.failure(), error);
    session->inputs[index] = *std::move(tensor);
    return PARE_OK;
  });
}

pare_status pare_session_run(pare_session* session, pare_error* error) {
  if (session == nullptr) return fail(PARE_USAGE, "session is null", error);
  return guarded(error, [&] {
    const pare::Graph& graph = session->executor->graph();
    for (size_t i = 0; i < session->inputs.size(); ++i)
      if (session->inputs[i].dtype() == pare::DType::undefined)
        return fail(PARE_USAGE, "input '" + graph.value(graph.inputs[i]).name + "' is not set", error);
    auto outputs = session->executor->run(session->inputs);
    if (!outputs) return fail(outputs.failure(), error);
    session->outputs = *std::move(outputs);
    return PARE_OK;
  });
}

pare_status pare_session_output(const pare_session* session, size_t index, pare_array* array, pare_error* error) {
  if (session == nullptr || array == nullptr) return fail(PARE_USAGE, "session and array must not be null", error);
  if (index >= session->outputs.size())
    return fail(PARE_USAGE,
                "the last run gave " + std::to_string(session->outputs.size()) + " outputs, there is no " +
                    std::to_string(index),
                error);
  const pare::Tensor& tensor = session->outputs[index];
  *array = {static_cast<int32_t>(tensor.dtype()), tensor.dims().size(), tensor.dims().data(), tensor.bytes().data(),
            tensor.byte_size()};
  return PARE_OK;
}

}  // extern "C"
