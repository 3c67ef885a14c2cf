"""PyTorch's side of bench/run: stays alive, takes one command per line, answers each with a line of JSON.

    pytorch_peer.py THREADS VARIANT

Commands are those of xent-bench-server (bench/server.cpp); a prepared case is told how many sets of
buffers to use in turn, and a training where the digits lie. VARIANT: eager, fused (Adam as one kernel) or
compile (torch.compile).
"""

import json
import sys
import time

try:
    import torch
except ImportError as missing:
    print(json.dumps({"unavailable": f"{sys.executable} has no PyTorch ({missing})"}))
    sys.exit()

import pytorch_loss
import pytorch_train


def prepare(words, variant):
    kind, *rest = words
    if kind == "train":
        steps, folder = rest
        return pytorch_train.workload(int(steps), folder, variant)
    dtype, rows, classes, reduction, sets = rest
    return pytorch_loss.workload(kind, dtype, int(rows), int(classes), reduction, int(sets), variant)


def run(call, calls, warm):
    for _ in range(warm):
        call()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def main():
    threads, variant = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(threads)
    print(json.dumps({"name": "PyTorch", "version": torch.__version__, "variant": variant,
                      "threads": torch.get_num_threads(), "python": sys.version.split()[0]}), flush=True)
    workloads = {}
    for line in sys.stdin:
        verb, name, *words = line.split()
        try:
            if verb == "prepare":
                workloads[name] = prepare(words, variant)
                answer = {}
            elif verb == "run":
                answer = {"seconds": run(workloads[name], int(words[0]), int(words[1]))}
            elif verb == "drop":
                answer = {"dropped": workloads.pop(name, None) is not None}
            else:
                answer = {"error": f"command {verb!r} is not known"}
        except Exception as error:  # whatever PyTorch throws belongs into the report, not into a traceback
            answer = {"error": f"{line.strip()}: {type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


try:
    main()
except KeyboardInterrupt:  # of whoever drives this one
    sys.exit(130)
