/* A C program that links graph, runtime and the .pare reader alone. Loads the model argv[1] from its file and again
 * from memory, runs both on a ramp and compares them with the little-endian floats of argv[2]; then checks what wrong
 * use says. Exit code 0: all as expected. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/pare.h"

static int failures = 0;

static void check(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

static unsigned char* read_all(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  unsigned char* bytes = NULL;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0) {
    const long length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    *size = fread(bytes, 1, (size_t)length, file);
  }
  fclose(file);
  return bytes;
}

/* Runs the model on x[i] = (i % 13) / 4 - 1 with every varying dim 1; compares with `expected`. */
static void run_model(const pare_model* model, int threads, const float* expected, size_t count) {
  pare_error error;
  pare_info info;
  pare_session* session = NULL;
  pare_array array;
  int64_t dims[8];
  size_t elements = 1, i;
  float* x;
  check(pare_model_input_count(model) == 1 && pare_model_output_count(model) == 1, "one input, one output");
  check(pare_model_input(model, 0, &info, &error) == PARE_OK && strcmp(info.name, "x") == 0, "the input is x");
  for (i = 0; i < info.rank; ++i) {
    dims[i] = info.dims[i] < 0 ? 1 : info.dims[i];
    elements *= (size_t)dims[i];
  }
  x = malloc(elements * sizeof(float));
  for (i = 0; i < elements; ++i) x[i] = (float)(i % 13) / 4 - 1;
  if (pare_session_create(model, threads, &session, &error) != PARE_OK) {
    check(0, error.message);
    free(x);
    return;
  }
  check(pare_session_run(session, &error) == PARE_USAGE && strstr(error.message, "'x'") != NULL,
        "a missing input is named");
  array.dtype = PARE_FLOAT32;
  array.rank = info.rank;
  array.dims = dims;
  array.data = x;
  array.bytes = elements * sizeof(float) - 1;
  check(pare_session_set_input(session, 0, &array, &error) == PARE_INPUT, "bytes that do not fit the dims are refused");
  array.bytes = elements * sizeof(float);
  check(pare_session_set_input(session, 1, &array, &error) == PARE_USAGE, "there is no second input");
  check(pare_session_set_input(session, 0, &array, &error) == PARE_OK, "setting the input");
  if (pare_session_run(session, &error) != PARE_OK) check(0, error.message);
  check(pare_session_output(session, 0, &array, &error) == PARE_OK && array.dtype == PARE_FLOAT32 &&
            array.bytes == count * sizeof(float),
        "the output is as long as expected");
  if (array.bytes == count * sizeof(float))
    for (i = 0; i < count; ++i)
      check(fabsf(((const float*)array.data)[i] - expected[i]) <= 1e-4f, "the output's values");
  dims[info.rank - 1] += 1;
  array.rank = info.rank;
  array.dims = dims;
  array.data = x;
  array.dtype = PARE_INT8;
  array.bytes = 0;
  check(pare_session_output(session, 7, &array, &error) == PARE_USAGE, "there is no eighth output");
  pare_session_destroy(session);
  free(x);
}

int main(int argc, char** argv) {
  pare_error error;
  pare_model* model = NULL;
  size_t model_size = 0, expected_size = 0;
  unsigned char *bytes, *expected;
  if (argc != 3) return 2;
  bytes = read_all(argv[1], &model_size);
  expected = read_all(argv[2], &expected_size);
  if (bytes == NULL || expected == NULL) return 2;
  if (pare_model_load_file(argv[1], &model, &error) != PARE_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  run_model(model, 1, (const float*)expected, expected_size / sizeof(float));
  pare_model_destroy(model);
  model = NULL;
  check(pare_model_load_memory(bytes, model_size, &model, &error) == PARE_OK, "loading from memory");
  if (model != NULL) run_model(model, 2, (const float*)expected, expected_size / sizeof(float));
  pare_model_destroy(model);
  model = NULL;
  check(pare_model_load_memory(bytes, model_size / 2, &model, &error) == PARE_INPUT && model == NULL,
        "half a model is refused");
  check(strlen(error.message) > 10, "the refusal says why");
  check(pare_model_load_file("/nonexistent.pare", &model, &error) == PARE_INPUT, "a missing file is refused");
  check(pare_model_load_file(NULL, &model, NULL) == PARE_USAGE, "null is refused");
  free(bytes);
  free(expected);
  return failures == 0 ? 0 : 1;
}
