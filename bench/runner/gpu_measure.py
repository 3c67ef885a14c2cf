"""Measures on a GPU, interleaved as bench/run does, but in launches of many calls each."""

from statistics import median

from runner.measure import calls_for, interleave
from runner.process import Contestant, Unavailable

CANNOT_RECORD = "cannot be recorded"  # how a peer's answer says that its work does not go into a graph
TOO_SMALL = "bytes asked for"         # how xent says that the device has not enough memory


class GpuField:
    """xent and its peers, each a live process on the same GPU. What a peer cannot do is told, never zero."""

    def __init__(self, program, python, peers, peer_program, notice):
        self.command = lambda peer: [python, peer_program, peer.variant]
        self.notice = notice
        self.absent = {}
        self.unrecordable = set()  # of (label, operation)
        self.processes = {}
        self.facts = {}
        self.xent = Contestant("xent", [program])
        self.peers = [peer for peer in peers if self._start(peer)]

    def _start(self, peer):
        try:
            self.processes[peer.label] = Contestant(peer.label, self.command(peer))
        except (Unavailable, OSError) as why:
            self._lose(peer.label, why)
            return False
        self.facts[peer.label] = self.processes[peer.label].facts
        return True

    def _lose(self, label, why):
        self.processes.pop(label, None)
        self.absent[label] = str(why)
        self.notice(f"{label} is absent: {why}")

    def prepare(self, peer, case, ready):
        """The peer's process and how many calls its launches are; RuntimeError says why there is none."""
        sizes = (ready["sets"], ready["calls"])
        try:
            if (peer.label, case.operation) not in self.unrecordable or case.mode != "graph":
                try:
                    return self._ask(peer, case, sizes)
                except RuntimeError as why:
                    if CANNOT_RECORD not in str(why):
                        raise
                # A failed recording can leave a process that does nothing right any more.
                self.unrecordable.add((peer.label, case.operation))
                self.processes[peer.label].close()
                if not self._start(peer):
                    raise RuntimeError(self.absent[peer.label])
            return self._ask(peer, case.streamed(), sizes)
        except (Unavailable, OSError) as why:
            self._lose(peer.label, why)
            raise RuntimeError(str(why)) from why

    def _ask(self, peer, case, sizes):
        process = self.processes[peer.label]
        ready = process.ask("prepare", "case", *case.words(), *sizes)
        process.seconds("case", 1, 0)
        return process, ready["calls"], case.mode

    def close(self):
        for contestant in [self.xent, *self.processes.values()]:
            contestant.close()


def measure_gpu_limits(field, rounds, seconds):
    """Reading and copying. "copy" stays prepared: it runs again beside every case."""
    limits = {}
    for name, how in (("read", "16-byte loads"), ("copy", "cudaMemcpy")):
        ready = field.xent.ask("prepare", name, name)
        times = interleave([(name, field.xent, name, calls_for(field.xent, name, seconds))], rounds, 1)[name]
        limits[name] = {"bytes": ready["bytes"], "how": how, "calls": ready["calls"],
                        "seconds": [time / ready["calls"] for time in times]}
    field.xent.ask("drop", "read")
    return limits


def costs_of(facts):
    """What the device takes besides moving memory: {name: the words that prepare it}."""
    # A block for each multiprocessor: all of them are there at once.
    return {"launch": ["launch"], "graph_node": ["graph_node"], "grid_sync": ["grid_sync", facts["multiprocessors"]],
            "gemm": ["gemm"]}


def measure_gpu_costs(field, rounds, seconds):
    """One record each; what could not be measured has "why" instead of times."""
    costs = {}
    for name, words in costs_of(field.xent.facts).items():
        try:
            ready = field.xent.ask("prepare", "cost", *words)
            times = interleave([(name, field.xent, "cost", calls_for(field.xent, "cost", seconds))], rounds, 1)[name]
            costs[name] = {"how": ready["remark"], "operations": ready["operations"],
                           "seconds": [time / ready["calls"] for time in times]}
        except RuntimeError as why:
            costs[name] = {"why": str(why).splitlines()[0]}
        field.xent.ask("drop", "cost")
    return costs


def measure_gpu_case(field, case, limits, rounds, seconds):
    """One record. RuntimeError if xent itself cannot do it."""
    ready = field.xent.ask("prepare", "case", *case.words())
    entered = {"xent": (field.xent, "case", ready["calls"]),
               "copy": (field.xent, "copy", limits["copy"]["calls"])}
    modes = {"xent": case.mode}
    left_out = {}
    for peer in field.peers:
        if case.operation not in peer.operations or peer.label in field.absent:
            continue
        try:
            process, calls, modes[peer.label] = field.prepare(peer, case, ready)
            entered[peer.label] = (process, "case", calls)
        except RuntimeError as why:
            left_out[peer.label] = str(why)
    try:
        racers = [(label, process, name, calls_for(process, name, seconds))
                  for label, (process, name, _) in entered.items()]
        launches = interleave(racers, rounds, 1)
    finally:
        for process, name, _ in entered.values():
            if name == "case":
                process.ask("drop", name)
    times = {label: [time / entered[label][2] for time in launched] for label, launched in launches.items()}
    return {**vars(case), **{key: ready[key] for key in ("bytes", "sets", "calls", "cold", "plan")},
            "modes": modes, "seconds": times, "left_out": left_out,
            "figures": figures(ready["bytes"], limits["copy"]["bytes"], times)}


def figures(bytes_moved, copy_bytes, times):
    """What a reader looks for first, of every contestant: all follows from "seconds"."""
    copy_rate = copy_bytes / median(times["copy"])
    found = {}
    for label, seconds in times.items():
        rate = (copy_bytes if label == "copy" else bytes_moved) / median(seconds)
        found[label] = {"microseconds": round(median(seconds) * 1e6, 3), "gb_per_s": round(rate * 1e-9, 1),
                        "of_copy": round(rate / copy_rate, 4)}
    return found
