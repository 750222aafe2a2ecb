#!/usr/bin/env bash
# From a bare Debian 12 to a compressed, verified model: installs what is missing, builds pare, and shrinks a real network
# on real data (Fashion-MNIST, from Debian's dataset-fashion-mnist).
set -euo pipefail
cd "$(dirname "$0")/.."

cmake/install-debian.sh
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target pare pare_distill

pare=build/release/bin/pare
data=/usr/share/datasets/fashion-mnist
out=build/quickstart
mkdir -p "$out"

echo
echo "== The model that we were handed"
"$pare" info examples/fashion/fashion.onnx

echo
echo "== Half its multiply-accumulates, 8-bit integers, a .pare file; at most one point of accuracy lost, or exit code 1"
"$pare" compress examples/fashion/fashion.onnx -o "$out/fashion.pare" \
  --preprocess examples/fashion/preprocess.toml --data "$data/train" --verify-data "$data/t10k" \
  --max-macs 50% --fine-tune 2 --max-drop 1 --max-ratio 0.166

echo
echo "== The same gate with a bound that cannot hold: a CI job would stop here"
if "$pare" verify examples/fashion/fashion.onnx "$out/fashion.pare" --preprocess examples/fashion/preprocess.toml \
  --data "$data/t10k" --max-bytes 1000 --no-latency; then
  echo "the gate let a broken bound through" >&2
  exit 1
else
  echo "exit code $?: refused, as it should be"
fi

"$pare" convert "$out/fashion.pare" -o "$out/fashion.onnx"
echo
echo "$out/fashion.pare is for the embedded executor, $out/fashion.onnx for any other runtime"
