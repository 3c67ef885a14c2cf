"""PyTorch's or another library's side of bench/gpu/run: a command per line, a line of JSON in answer.

    gpu_peer.py VARIANT        one of gpu_losses.VARIANTS

Commands are those of xent-gpu-bench (bench/gpu/main.cpp); a prepared case is also told how many sets of
buffers to use in turn and how many calls a launch is. All is timed as there: by events, launches of many
calls, recorded in a graph where that is asked for. What does not go into a graph is an error that says so;
who asked may ask for "stream" then.
"""

import gc
import json
import os
import sys
import time

# Libraries print as they like, and standard output is for answers alone.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def say(answer):
    print(json.dumps(answer), file=answers, flush=True)


try:
    import torch

    import gpu_losses
except ImportError as missing:
    say({"unavailable": f"{sys.executable} has no PyTorch ({missing})"})
    sys.exit()


def in_short(error):
    """A line of it: libraries explain themselves at length."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


class Work:
    def __init__(self, library, words, stream):
        operation, dtype, rows, classes, mode, sets, calls = words
        self.sets, self.calls, self.mode = int(sets), int(calls), mode
        self.buffers = gpu_losses.Buffers(operation, dtype, int(rows), int(classes), self.sets)
        self.call = gpu_losses.call_of(library, operation, self.buffers)
        self.before = self.buffers.restore if self.buffers.pristine is not None else lambda: None
        for _ in range(3):  # compiles, tunes, and fills the allocator's pools
            self.before()
            self.call(0)
        torch.cuda.synchronize()
        if mode == "graph":
            self.graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(self.graph, stream=stream):
                    self.all_calls()
            except Exception as why:
                raise RuntimeError(f"cannot be recorded: {in_short(why)}") from why
        self.launch = {"graph": lambda: self.graph.replay(), "stream": self.all_calls,
                       "call": self.call_and_wait}[mode]

    def all_calls(self):
        for i in range(self.calls):
            self.call(i % self.sets)

    def call_and_wait(self):
        self.call(0)
        torch.cuda.synchronize()

    def seconds(self, launches, warm):
        for _ in range(warm):
            self.before()
            self.launch()
        torch.cuda.synchronize()
        if self.mode == "call":
            start = time.perf_counter()
            for _ in range(launches):
                self.launch()
            return time.perf_counter() - start
        events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
                  for _ in range(launches)]
        for start, stop in events:
            self.before()
            start.record()
            self.launch()
            stop.record()
        torch.cuda.synchronize()
        return sum(start.elapsed_time(stop) for start, stop in events) * 1e-3


def load(variant):
    """The library, or nothing: then it has been said why."""
    try:
        if not torch.cuda.is_available():
            raise RuntimeError(f"PyTorch {torch.__version__} finds no GPU")
        return gpu_losses.VARIANTS[variant]()
    except Exception as why:  # whatever an installation that is not quite right throws
        say({"unavailable": in_short(why)})
        return None


def answer(library, works, stream, verb, name, words):
    if verb == "prepare":
        works.pop(name, None)
        works[name] = Work(library, words, stream)
        return {"calls": works[name].calls if works[name].mode != "call" else 1}
    if verb == "run":
        return {"seconds": works[name].seconds(int(words[0]), int(words[1]))}
    if verb == "drop":
        return {"dropped": works.pop(name, None) is not None}
    return {"error": f"command {verb!r} is not known"}


def main():
    library = load(sys.argv[1])
    if library is None:
        return
    stream = torch.cuda.Stream()
    torch.cuda.set_stream(stream)  # where a graph's saved forward must have run as well
    say({"name": sys.argv[1], "version": library.version, "pytorch": torch.__version__,
         "cuda": torch.version.cuda, "python": sys.version.split()[0],
         "device": torch.cuda.get_device_name()})
    works = {}
    for line in sys.stdin:
        verb, name, *words = line.split()
        try:
            said = answer(library, works, stream, verb, name, words)
        except Exception as error:  # belongs into the report, not into a traceback
            works.pop(name, None)
            said = {"error": f"{line.strip()}: {in_short(error)}"}
        if verb == "drop" or "error" in said:
            gc.collect()
            torch.cuda.empty_cache()
        say(said)


main()
