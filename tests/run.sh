#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Arguments go to ctest: tests/run.sh -R onnx
set -euo pipefail
cd "$(dirname "$0")/.."

cmake/install-debian.sh
jobs=$(nproc)
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs"
ctest --test-dir build/release --output-on-failure -j "$jobs" "$@"
