#!/usr/bin/env bash
# Compares `pare simplify` with onnxsim, which is installed from PyPI into build/peers-onnxsim: nodes left of every shared
# model, and how far the outputs are from the expected ones. Usage: tests/bench/simplify.sh [models]
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/peers-onnxsim/bin/onnxsim ]; then
  python3 -m venv build/peers-onnxsim
  build/peers-onnxsim/bin/pip install -q onnx onnxsim==0.8.1 numpy
fi
exec build/peers-onnxsim/bin/python tests/bench/simplify.py "$@"
