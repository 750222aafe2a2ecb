#!/usr/bin/env bash
# Installs what pare builds with from Debian's packages (Debian 12), and nothing when all of it is there.
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates git
  libtorch-dev libopenblas0-pthread libeigen3-dev
  libprotobuf-dev protobuf-compiler libprotozero-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev
  libhwy-dev zlib1g-dev libzstd-dev libturbojpeg0-dev libspng-dev
  catch2 libonnx-dev libonnx-testdata dataset-fashion-mnist rapidjson-dev libxml2-utils
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing from Debian: ${missing[*]}" >&2
run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing, and neither root nor sudo is at hand to install them: ${missing[*]}" >&2; exit 1; }
  run=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
