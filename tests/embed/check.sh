#!/bin/sh
# check.sh MAKE_MODEL EMBED_TEST: makes a model, runs it through the C interface, and looks at what the program links.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/model.pare" "$folder/expected.bin"
"$2" "$folder/model.pare" "$folder/expected.bin"
if ldd "$2" | grep -E 'protobuf|torch|onnx|blas'; then
  echo "the embedded program links a library that a device must not need" >&2
  exit 1
fi
