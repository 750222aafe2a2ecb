/* The C interface of the executor: load a .pare model from a file or from memory, run it, read errors.
 *
 * No global state, no hidden threads (a session starts the threads it is asked for and no others), no network, no file
 * but the one named. Objects are independent: different sessions may run in different threads, one session in one
 * thread at a time. No exception leaves a function. Link the library pare_embed.
 *
 * Functions that can fail return a pare_status and fill `error`, which may be null, with one sentence: where, what was
 * found, what was expected. On failure no out parameter is changed. */
#ifndef PARE_RUNTIME_PARE_H
#define PARE_RUNTIME_PARE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pare_model pare_model;     /* a loaded model; immutable */
typedef struct pare_session pare_session; /* a model ready to run, with its threads and its memory */

typedef enum pare_status {
  PARE_OK = 0,
  PARE_USAGE = 2,       /* an argument is wrong: a null pointer, an index out of range */
  PARE_INPUT = 3,       /* a file or array is unreadable or malformed */
  PARE_UNSUPPORTED = 4, /* well-formed, but not something this library does; the message names it */
  PARE_INTERNAL = 70    /* a fault of the library */
} pare_status;

typedef struct pare_error {
  char message[512]; /* zero-terminated; cut if longer */
} pare_error;

/* Element types, numbered as onnx.TensorProto.DataType. Others may occur and are numbered so too. */
typedef enum pare_dtype {
  PARE_FLOAT32 = 1,
  PARE_UINT8 = 2,
  PARE_INT8 = 3,
  PARE_INT32 = 6,
  PARE_INT64 = 7,
  PARE_BOOL = 9,
  PARE_FLOAT16 = 10
} pare_dtype;

/* What is declared of an input or output. Strings and dims live as long as the model. */
typedef struct pare_info {
  const char* name;
  int32_t dtype; /* a pare_dtype */
  size_t rank;
  const int64_t* dims; /* -1: may vary from run to run */
} pare_info;

/* Elements, row-major. */
typedef struct pare_array {
  int32_t dtype;
  size_t rank;
  const int64_t* dims;
  const void* data;
  size_t bytes;
} pare_array;

pare_status pare_model_load_file(const char* path, pare_model** model, pare_error* error);
/* `bytes` must stay where they are, unchanged, until the model and all its sessions are destroyed: weights are not
 * copied. */
pare_status pare_model_load_memory(const void* bytes, size_t size, pare_model** model, pare_error* error);
void pare_model_destroy(pare_model* model); /* null is fine; sessions live on */

size_t pare_model_input_count(const pare_model* model);
size_t pare_model_output_count(const pare_model* model);
pare_status pare_model_input(const pare_model* model, size_t index, pare_info* info, pare_error* error);
pare_status pare_model_output(const pare_model* model, size_t index, pare_info* info, pare_error* error);

/* `threads` threads in all, the caller's included; at least 1. */
pare_status pare_session_create(const pare_model* model, int threads, pare_session** session, pare_error* error);
void pare_session_destroy(pare_session* session); /* null is fine */

/* Where input `index` lies, with its dims. `data` is read by the next runs, not now; `bytes` is checked against the
 * dims. */
pare_status pare_session_set_input(pare_session* session, size_t index, const pare_array* array, pare_error* error);
/* Runs on the inputs set, all of which must be. Memory is taken when dims are new, and for outputs; else nothing is. */
pare_status pare_session_run(pare_session* session, pare_error* error);
/* An output of the last run; valid until the next run or the session's end. */
pare_status pare_session_output(const pare_session* session, size_t index, pare_array* array, pare_error* error);

#ifdef __cplusplus
}
#endif

#endif
