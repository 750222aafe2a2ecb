"""Side by side with ONNX Runtime. See README.md in this folder."""
import argparse
import json
import math
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort

PARE = os.environ.get("PARE", "build/release/bin/pare")
SHARED = os.environ.get("PARE_SHARED", "../shared")
FLOAT_MODELS = [
    "cifar10-resnet20", "cifar10-resnet56", "tiny-resnet8", "tiny-kws", "tiny-vww", "tiny-ad", "imagenet-squeezenet",
    "imagenet-mobilenetv2", "imagenet-mobilenetv1-050", "imagenet-efficientnet-lite0", "mnist-cnn", "ultraface-slim",
    "super-resolution", "ppocr-det", "ppocr-cls",
]


def session(path, threads=1):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs_of(name):
    arrays = np.load(f"{SHARED}/expected/{name}.npz")
    return {k[3:]: arrays[k][:1] for k in arrays.files if k.startswith("in:")}


def time_ort(sess, feeds, seconds):
    sess.run(None, feeds)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        sess.run(None, feeds)
        times.append((time.perf_counter() - start) * 1000)
    return times


def time_pare(path, npz, seconds):
    command = [PARE, "bench", path, "--in", npz, "--threads", "1", "--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["models"][0]


def compare_latency(path, feeds, rounds, seconds):
    """Medians of both in alternating rounds; the ratio of each round, then their median."""
    with tempfile.TemporaryDirectory() as folder:
        npz = f"{folder}/in.npz"
        np.savez(npz, **feeds)
        sess = session(path)
        ratios, pare, peer = [], [], []
        for _ in range(rounds):
            peer.append(statistics.median(time_ort(sess, feeds, seconds)))
            pare.append(time_pare(path, npz, seconds)["median_ms"])
            ratios.append(pare[-1] / peer[-1])
        return statistics.median(pare), statistics.median(peer), statistics.median(ratios)


def latency(args):
    print(f"{'model':34} {'pare ms':>10} {'ORT ms':>10} {'pare/ORT':>9}")
    ratios = []
    for name in args.models or FLOAT_MODELS:
        path = name if name.endswith(".onnx") else f"{SHARED}/models/{name}.onnx"
        base = os.path.basename(path).removesuffix(".onnx")
        feeds = inputs_of(args.inputs or base)
        pare, peer, ratio = compare_latency(path, feeds, args.rounds, args.seconds)
        ratios.append(ratio)
        print(f"{base:34} {pare:10.3f} {peer:10.3f} {ratio:9.2f}", flush=True)
    print(f"geometric mean {math.exp(statistics.fmean(map(math.log, ratios))):.3f}")


def agree(args):
    """Top-1 of ONNX Runtime and of pare on the same file; data as pare eval reads it, dumped by pare run."""
    data = np.load(args.data)
    x, y = data["x"].astype(np.float32), data["y"]
    if args.scale:
        x = x * args.scale
    if args.mean:
        shape = (1, -1) + (1,) * (x.ndim - 2)
        x = (x - np.array(args.mean, np.float32).reshape(shape)) / np.array(args.std, np.float32).reshape(shape)
    if args.skip:
        x, y = x[args.skip:], y[args.skip:]
    sess = session(args.model, 2)
    name = sess.get_inputs()[0].name
    batch = sess.get_inputs()[0].shape[0]
    step = batch if isinstance(batch, int) else 50
    peer = np.concatenate([sess.run(None, {name: x[i:i + step]})[0] for i in range(0, len(x), step)])
    ours = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(0, len(x), step if step < 50 else 500):
            n = step if step < 50 else 500
            np.savez(f"{folder}/in.npz", **{name: x[i:i + n]})
            subprocess.run([PARE, "run", args.model, "--in", f"{folder}/in.npz", "--out", f"{folder}/out.npz"], check=True, capture_output=True)
            out = np.load(f"{folder}/out.npz")
            ours.append(out[out.files[0]])
    ours = np.concatenate(ours).reshape(len(x), -1)
    peer = peer.reshape(len(x), -1)
    print(f"{args.model}: {len(x)} samples, ORT {100 * np.mean(peer.argmax(1) == y):.2f} %, "
          f"pare {100 * np.mean(ours.argmax(1) == y):.2f} %, same top-1 {100 * np.mean(peer.argmax(1) == ours.argmax(1)):.2f} %, "
          f"largest difference {np.abs(peer - ours).max():.3g} of {np.abs(peer).max():.3g}")


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("latency")
    one.add_argument("models", nargs="*", help="names in ../shared/models, or .onnx files")
    one.add_argument("--inputs", help="name in ../shared/expected to take inputs from")
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--seconds", type=float, default=0.4)
    two = verbs.add_parser("agree")
    two.add_argument("model")
    two.add_argument("data", help=".npz with x and y")
    two.add_argument("--scale", type=float)
    two.add_argument("--mean", type=float, nargs="*")
    two.add_argument("--std", type=float, nargs="*")
    two.add_argument("--skip", type=int, default=0, help="leave out the first samples")
    args = parser.parse_args()
    {"latency": latency, "agree": agree}[args.verb](args)


if __name__ == "__main__":
    main()
