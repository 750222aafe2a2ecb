#!/usr/bin/env bash
# Every folder includes only what it may depend on, and LibTorch and Protobuf stay where they belong. Prints each breach.
set -u
root=${1:?usage: check.sh REPOSITORY}
cd "$root" || exit 2

declare -A may=(
  [graph]="graph"
  [runtime]="graph runtime"
  [formats]="graph formats"
  [embed]="graph runtime formats embed"
  [compress]="graph runtime compress"
  [quantize]="graph runtime quantize"
  [distill]="graph formats distill"
  [embed]="graph runtime formats"
  [verify]="graph runtime formats verify"
  [cli]="graph runtime formats compress quantize distill verify cli"
)
breaches=0
files=0
breach() { echo "$1"; breaches=$((breaches + 1)); }

for folder in "${!may[@]}"; do
  while IFS= read -r file; do
    files=$((files + 1))
    while IFS= read -r include; do
      target=${include%%/*}
      [ -n "${may[$target]+x}" ] || [ "$target" = tests ] || continue
      case " ${may[$folder]} " in
        *" $target "*) ;;
        *) breach "$file includes \"$include\": $folder may depend on: ${may[$folder]}" ;;
      esac
    done < <(sed -n 's/^ *# *include *"\([^"]*\/[^"]*\)".*/\1/p' "$file")
    if grep -qE '^ *# *include *[<"](torch|ATen|c10)/' "$file" && [ "$folder" != distill ]; then
      breach "$file includes LibTorch: only distill/ may"
    fi
    if grep -qE '^ *# *include *([<"]google/protobuf|.*\.pb\.h)' "$file"; then
      case "$file" in
        formats/onnx/* | formats/pare/write*) ;;
        *) breach "$file includes Protobuf: only formats/onnx and the writer of formats/pare may" ;;
      esac
    fi
  done < <(find "$folder" -name '*.cc' -o -name '*.h' -o -name '*.c' 2>/dev/null)
done
[ "$files" -gt 50 ] || breach "only $files sources were found under $root"
for file in $(grep -rlE '\bthrow\b' graph runtime --include='*.cc' --include='*.h' 2>/dev/null); do
  grep -vE '^ *//' "$file" | grep -vE 'throw std::bad_alloc' | grep -qE '\bthrow +[A-Za-z]' && [ "$file" != graph/error.h ] && breach "$file throws: graph and runtime return Result"
done
echo "$files sources, $breaches breaches"
[ "$breaches" -eq 0 ]
