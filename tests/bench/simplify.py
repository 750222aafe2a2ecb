"""Nodes that pare and onnxsim leave of each model in ../shared/models, and the outputs of what pare wrote.

A node is a node of the written file, those of subgraphs and Constant nodes included. Outputs are compared with
../shared/expected as |a - b| / max(1, |b|), the largest over all elements. "dims" counts the symbolic dimensions of the
inputs before and after. Exits 1 where pare leaves more nodes than onnxsim.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PARE = ROOT / "build/release/bin/pare"
ONNXSIM = pathlib.Path(sys.executable).with_name("onnxsim")


def nodes(graph):
    total = 0
    for node in graph.node:
        total += 1
        for attribute in node.attribute:
            graphs = list(attribute.graphs) + ([attribute.g] if attribute.HasField("g") else [])
            total += sum(nodes(inner) for inner in graphs)
    return total


def symbols(graph):
    constants = {tensor.name for tensor in graph.initializer}
    return sum(
        not dim.HasField("dim_value")
        for value in graph.input
        if value.name not in constants
        for dim in value.type.tensor_type.shape.dim
    )


def outputs_off(model, expected, folder):
    arrays = np.load(expected)
    inputs = folder / "in.npz"
    np.savez(inputs, **{name[3:]: arrays[name] for name in arrays.files if name.startswith("in:")})
    out = folder / "out.npz"
    done = subprocess.run([PARE, "run", model, "--in", inputs, "--out", out], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:60]
    results = np.load(out)
    worst = 0.0
    for name in arrays.files:
        if name.startswith("out:"):
            wanted = arrays[name].astype(np.float64)
            found = results[name[4:]].astype(np.float64)
            worst = max(worst, float(np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted)), initial=0)))
    return f"{worst:.1e}"


def main():
    wanted = sys.argv[1:]
    row = "{:30} {:>8} {:>8} {:>8}  {:>9} {:>9}  {:>5}"
    print(row.format("model", "nodes", "onnxsim", "pare", "off", "off after", "dims"))
    totals = [0, 0, 0]
    worse = False
    for path in sorted((SHARED / "models").glob("*.onnx")):
        if wanted and path.stem not in wanted:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            ours, theirs = folder / "pare.onnx", folder / "onnxsim.onnx"
            subprocess.run([PARE, "simplify", path, "-o", ours], check=True, capture_output=True)
            peer = subprocess.run([ONNXSIM, path, theirs], capture_output=True)
            graph, simple = onnx.load(path).graph, onnx.load(ours).graph
            onnx.checker.check_model(ours)
            before, after = nodes(graph), nodes(simple)
            failed = peer.returncode != 0
            other = before if failed else nodes(onnx.load(theirs).graph)
            worse = worse or after > other
            totals = [totals[0] + before, totals[1] + other, totals[2] + after]
            expected = SHARED / "expected" / (path.stem + ".npz")
            off = [outputs_off(model, expected, folder) if expected.exists() else "-" for model in (path, ours)]
            dims = f"{symbols(graph)}>{symbols(simple)}"
            print(row.format(path.stem, before, "fails" if failed else other, after, *off, dims), flush=True)
    print(row.format("all (a failure counts as before)", *totals, "", "", ""))
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
