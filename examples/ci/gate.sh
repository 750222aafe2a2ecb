#!/usr/bin/env bash
# A CI job that stops a smaller model that got worse: gate.sh CANDIDATE [FOLDER]
# The candidate is compared with examples/ci/fashion.baseline, so that the job needs no reference model. Reports for the CI
# system go to FOLDER (gate-reports). Exit code 0: within bounds; 1: a bound is broken or not proven.
#
# The baseline was made by
#   pare verify examples/fashion/fashion.onnx examples/fashion/fashion.onnx --report-only --no-latency \
#     --data /usr/share/datasets/fashion-mnist/t10k --preprocess examples/fashion/preprocess.toml \
#     --save-baseline examples/ci/fashion.baseline
set -euo pipefail
cd "$(dirname "$0")/../.."

candidate=${1:?usage: gate.sh CANDIDATE [FOLDER]}
reports=${2:-gate-reports}
pare=${PARE:-build/release/bin/pare}
mkdir -p "$reports"

exec "$pare" verify "$candidate" --baseline examples/ci/fashion.baseline \
  --data /usr/share/datasets/fashion-mnist/t10k --preprocess examples/fashion/preprocess.toml \
  --max-drop 1 --confidence 0.95 --no-latency \
  --junit "$reports/gate.xml" --sarif "$reports/gate.sarif" --markdown "$reports/gate.md"
