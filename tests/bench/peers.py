"""Side by side with ONNX Runtime. See README.md in this folder."""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
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
SEQUENCE_MODELS = [
    "mnist-lstm", "dtln-1", "silero-vad-16k", "stories260k", "minilm-sst2", "g2p-encoder", "g2p-decoder",
]
# The axis of each input that is not a batch of samples in axis 0.
BATCH_AXES = {"g2p-encoder": {"ids": 1}, "g2p-decoder": {"prev": 1, "h0": 1}, "silero-vad-16k": {"state": 1, "sr": None},
              "dtln-1": {"input_2": None, "input_3": None}}


def session(path, threads=1):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs_of(name):
    """The first sample of what was recorded."""
    arrays = np.load(f"{SHARED}/expected/{name}.npz")
    feeds = {}
    for key in arrays.files:
        if not key.startswith("in:"):
            continue
        axis = BATCH_AXES.get(name, {}).get(key[3:], 0)
        feeds[key[3:]] = arrays[key] if axis is None else np.ascontiguousarray(arrays[key].take([0], axis))
    return feeds


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
    groups = [args.models] if args.models else [FLOAT_MODELS, SEQUENCE_MODELS]
    for models in groups:
        print(f"{'model':34} {'pare ms':>10} {'ORT ms':>10} {'pare/ORT':>9}")
        ratios = []
        for name in models:
            path = name if name.endswith(".onnx") else f"{SHARED}/models/{name}.onnx"
            base = os.path.basename(path).removesuffix(".onnx")
            feeds = inputs_of(args.inputs or base)
            pare, peer, ratio = compare_latency(path, feeds, args.rounds, args.seconds)
            ratios.append(ratio)
            print(f"{base:34} {pare:10.3f} {peer:10.3f} {ratio:9.2f}", flush=True)
        print(f"geometric mean {math.exp(statistics.fmean(map(math.log, ratios))):.3f}")


ORT_ONCE = """
import sys, numpy as np, onnxruntime as ort
if len(sys.argv) > 1:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    session.run(None, dict(np.load(sys.argv[2])))
"""


# A process begins with the peak of the one that started it: so a small one does.
LAUNCH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss if status == 0 else 0)
"""


def peak_megabytes(command):
    """Largest resident set of a process of its own."""
    kilobytes = int(subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCH, *command], check=True, capture_output=True).stdout)
    if kilobytes == 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return kilobytes / 1024


def memory(args):
    """One process that loads the model and runs it once: all of it, and what is above the process without a model."""
    python = [sys.executable, "-c", ORT_ONCE]
    ort_base, pare_base = peak_megabytes(python), peak_megabytes([PARE, "--version"])
    print(f"without a model: pare {pare_base:.1f} MB, python with numpy and ORT {ort_base:.1f} MB")
    print(f"{'model':34} {'weights':>8} {'pare MB':>9} {'ORT MB':>9} {'above':>9} {'above':>9}")
    for name in args.models or FLOAT_MODELS + SEQUENCE_MODELS:
        with tempfile.TemporaryDirectory() as folder:
            npz, path = f"{folder}/in.npz", f"{SHARED}/models/{name}.onnx"
            np.savez(npz, **inputs_of(name))
            ours = peak_megabytes([PARE, "run", path, "--in", npz, "--out", f"{folder}/out.npz", "--threads", "1"])
            peer = peak_megabytes([*python, path, npz])
            print(f"{name:34} {os.path.getsize(path) / 1e6:8.1f} {ours:9.1f} {peer:9.1f} {ours - pare_base:9.1f} "
                  f"{peer - ort_base:9.1f}", flush=True)


# Model, training and evaluation arrays, preprocessing in the form of a --preprocess file.
CIFAR = {"scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
INT8_MODELS = {
    "cifar10-resnet20": ("cifar", CIFAR),
    "cifar10-resnet56": ("cifar", CIFAR),
    "tiny-resnet8": ("cifar", {}),
    "tiny-kws": ("kws", {}),
    "imagenet-squeezenet": ("squeezenet", {"mean": [104.0, 117.0, 123.0]}),
    "imagenet-mobilenetv2": ("mobilenetv2", {"mean": [127.0], "scale": 0.00784314}),
    "imagenet-mobilenetv1-050": ("mobilenetv1", {"mean": [128.0], "std": [128.0]}),
    "imagenet-efficientnet-lite0": ("efficientnet", {"mean": [127.0], "std": [128.0]}),
}


def images(folder, kind):
    """Pictures of an ImageNet sample, cropped as ../shared/README.md says: uint8 [N,3,H,W] and labels."""
    from PIL import Image
    size = 227 if kind == "squeezenet" else 224
    xs, ys = [], []
    for line in open(f"{SHARED}/data/{folder}/labels.tsv"):
        name, label = line.split()[:2]
        if not name.lower().endswith((".jpg", ".jpeg")):
            continue
        picture = Image.open(f"{SHARED}/data/{folder}/{name}").convert("RGB")
        left, top = (picture.width - size) // 2, (picture.height - size) // 2
        picture = picture.crop((left, top, left + size, top + size))
        if kind == "mobilenetv1":
            picture = picture.resize((160, 160), Image.BILINEAR)
        pixels = np.asarray(picture)
        xs.append((pixels[:, :, ::-1] if kind == "squeezenet" else pixels).transpose(2, 0, 1))
        ys.append(int(label) + kind.startswith("mobilenet"))  # class 0 of the MobileNets is background
    return {"x": np.stack(xs), "y": np.array(ys)}


def arrays(kind):
    """Training and evaluation data."""
    if kind == "cifar":
        return [dict(np.load(f"{SHARED}/data/cifar10-{part}.npz")) for part in ("train4000", "test1000")]
    if kind == "kws":
        data = np.load(f"{SHARED}/data/kws-500.npz")
        return [{k: data[k][:100] for k in ("x", "y")}, {k: data[k][100:] for k in ("x", "y")}]
    return [images(folder, kind) for folder in ("imagenet-calib-128", "imagenet-500")]


def preprocess(x, steps):
    x = x.astype(np.float32)
    for step, value in steps.items():
        value = np.array(value, np.float32).reshape((1, -1) + (1,) * (x.ndim - 2)) if step != "scale" else np.float32(value)
        x = x * value if step == "scale" else x - value if step == "mean" else x / value
    return x


def scores(path, x, folder):
    """What ONNX Runtime and pare make of the same arrays."""
    sess = session(path, 2)
    name = sess.get_inputs()[0].name
    peer, ours = [], []
    for i in range(0, len(x), 50):
        feeds = {name: x[i:i + 50]}
        peer.append(sess.run(None, feeds)[0].reshape(len(feeds[name]), -1))
        np.savez(f"{folder}/in.npz", **feeds)
        subprocess.run([PARE, "run", path, "--in", f"{folder}/in.npz", "--out", f"{folder}/out.npz"], check=True, capture_output=True)
        out = np.load(f"{folder}/out.npz")
        ours.append(out[out.files[0]].reshape(len(feeds[name]), -1))
    return np.concatenate(peer), np.concatenate(ours)


def int8(args):
    """pare compress on every model with data, then the written ONNX file in both executors."""
    print(f"{'model':30} {'samples':>7} {'float %':>8} {'int8 %':>7} {'ORT %':>7} {'same':>7} {'file':>6} {'faster':>7} {'/ORT':>8}")
    for model in args.models or INT8_MODELS:
        kind, steps = INT8_MODELS[model]
        with tempfile.TemporaryDirectory() as folder:
            train, test = arrays(kind)
            np.savez(f"{folder}/train.npz", **train)
            np.savez(f"{folder}/test.npz", **test)
            with open(f"{folder}/p.toml", "w") as toml:
                toml.writelines(f"{k} = {v}\n" for k, v in steps.items())
            out = f"{folder}/int8.onnx"
            command = [PARE, "compress", f"{SHARED}/models/{model}.onnx", "-o", out, "--data", f"{folder}/train.npz",
                       "--verify-data", f"{folder}/test.npz", "--preprocess", f"{folder}/p.toml", "--max-drop", "1", "--threads", "1", "--json"]
            report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["verify"]
            x = preprocess(test["x"], steps)
            peer, ours = scores(out, x, folder)
            name = session(out).get_inputs()[0].name
            ort_ms = statistics.median(time_ort(session(out), {name: x[:1]}, 1.0))
            print(f"{model:30} {len(x):7} {100 * report['reference']['value']:8.2f} {100 * report['candidate']['value']:7.2f} "
                  f"{100 * np.mean(peer.argmax(1) == test['y']):7.2f} {100 * np.mean(peer.argmax(1) == ours.argmax(1)):7.2f} "
                  f"{report['candidate']['file_bytes'] / report['reference']['file_bytes']:6.3f} "
                  f"{report['reference']['median_ms'] / report['candidate']['median_ms']:7.2f} "
                  f"{report['candidate']['median_ms'] / ort_ms:8.2f}", flush=True)


# Model, data for pare, --preprocess file in tests/cli/preprocess, the same in NumPy.
EVALUATIONS = [
    ("cifar10-resnet20", "cifar10-test1000.npz", "cifar10.toml", """
d = np.load(f"{shared}/data/cifar10-test1000.npz")
mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in ([.485, .456, .406], [.229, .224, .225]))
x, y = (d["x"].astype(np.float32) / 255 - mean) / std, d["y"]"""),
    ("mnist-cnn", "mnist/t10k", None, """
read = lambda name, skip: np.frombuffer(gzip.open(f"{shared}/data/mnist/{name}.gz").read(), np.uint8, offset=skip)
x = read("t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32)
y = read("t10k-labels-idx1-ubyte", 8)"""),
]
EVALUATE = """
import gzip, sys, numpy as np, onnxruntime as ort
shared, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
DATA
options = ort.SessionOptions()
options.intra_op_num_threads = threads
session = ort.InferenceSession(f"{shared}/models/{model}.onnx", options, providers=["CPUExecutionProvider"])
name, size = session.get_inputs()[0].name, session.get_inputs()[0].shape[0]
step = size if isinstance(size, int) else 32
right = sum((session.run(None, {name: x[i:i + step]})[0].argmax(-1) == y[i:i + step]).sum() for i in range(0, len(x), step))
print(right / len(x))
"""


def timed(command):
    start = time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - start, out


def evaluation(args):
    """pare eval against the same in Python with ONNX Runtime: whole processes, start included, alternating."""
    print(f"{'model':24} {'pare':>8} {'ORT':>8} {'pare s':>8} {'ORT s':>8} {'pare/ORT':>9} {'pare MB':>8}")
    for model, data, toml, numpy_code in EVALUATIONS:
        ours = [PARE, "eval", f"{SHARED}/models/{model}.onnx", "--data", f"{SHARED}/data/{data}", "--threads", str(args.threads), "--json"]
        if toml:
            ours += ["--preprocess", f"tests/cli/preprocess/{toml}"]
        peer = [sys.executable, "-c", EVALUATE.replace("DATA", numpy_code), SHARED, model, str(args.threads)]
        rounds = []
        for _ in range(args.rounds):
            a, out = timed(ours)
            b, accuracy = timed(peer)
            rounds.append((a, b))
        print(f"{model:24} {json.loads(out)['value']:8.4f} {float(accuracy):8.4f} {statistics.median(r[0] for r in rounds):8.2f} "
              f"{statistics.median(r[1] for r in rounds):8.2f} {statistics.median(r[0] / r[1] for r in rounds):9.2f} "
              f"{peak_megabytes(ours):8.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("latency")
    one.add_argument("models", nargs="*", help="names in ../shared/models, or .onnx files")
    one.add_argument("--inputs", help="name in ../shared/expected to take inputs from")
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--seconds", type=float, default=0.4)
    three = verbs.add_parser("memory")
    three.add_argument("models", nargs="*", help="names in ../shared/models")
    four = verbs.add_parser("eval")
    four.add_argument("--rounds", type=int, default=5)
    four.add_argument("--threads", type=int, default=2)
    two = verbs.add_parser("int8")
    two.add_argument("models", nargs="*", choices=[[], *INT8_MODELS], default=[])
    args = parser.parse_args()
    {"latency": latency, "memory": memory, "eval": evaluation, "int8": int8}[args.verb](args)


if __name__ == "__main__":
    main()
