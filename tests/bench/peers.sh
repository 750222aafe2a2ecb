#!/usr/bin/env bash
# Compares pare with ONNX Runtime, which is installed from PyPI into build/peers. Usage: tests/bench/peers.sh latency|memory|eval|int8 [models]
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/peers/bin/python ]; then
  python3 -m venv build/peers
  build/peers/bin/pip install -q onnxruntime numpy pillow
fi
exec build/peers/bin/python tests/bench/peers.py "$@"
