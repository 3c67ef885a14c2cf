"""Measures interleaved: every round takes each contestant in turn, so that what disturbs one disturbs all."""

import tempfile
import time

from runner.process import Contestant, Unavailable

# PyTorch's and xent's workers spin for a moment after a call, waiting for the next; let them go to sleep.
PAUSE = 0.02


class Field:
    """xent and its peers, each a live process, at one number of threads."""

    def __init__(self, server, peers, command_of, threads, notice):
        """command_of(peer): its program and arguments; Unavailable where there is no such program."""
        self.threads = threads
        self.xent = Contestant("xent", [server, threads])
        self.peers = []
        reasons = {}
        for peer in peers:
            try:
                self.peers.append((peer, Contestant(peer.label, command_of(peer), peer.environment)))
            except (Unavailable, OSError) as why:
                reasons.setdefault(str(why), []).append(peer.label)
        for why, labels in reasons.items():
            notice(f"Left out: {'; '.join(labels)}: {why}")

    def close(self):
        for contestant in [self.xent, *(process for _, process in self.peers)]:
            contestant.close()


def calls_for(contestant, name, seconds):
    """As many calls as take about that long."""
    return max(1, round(seconds / contestant.seconds(name, 1, 1)))


def interleave(racers, rounds, warm):
    """{label: seconds per call, one per round}; racers are (label, contestant, name, calls)."""
    times = {label: [] for label, *_ in racers}
    for _ in range(rounds):
        for label, contestant, name, calls in racers:
            time.sleep(PAUSE)
            times[label].append(contestant.seconds(name, calls, warm))
    return times


def measure_limits(field, rounds, seconds, keep=("copy",)):
    """Reading and copying memory. Those to keep stay prepared: they run again beside every case."""
    limits = {}
    for name in ("read", "copy"):
        ready = field.xent.ask("prepare", name, name)
        racer = (name, field.xent, name, calls_for(field.xent, name, seconds))
        limits[name] = {"bytes": ready["bytes"], "how": ready["remark"],
                        "seconds": interleave([racer], rounds, 1)[name]}
        if name not in keep:
            field.xent.ask("drop", name)
    return limits


def measure_loss(field, case, rounds, seconds, beside=("copy",)):
    """`beside`: what xent's process has prepared already and runs too."""
    ready = field.xent.ask("prepare", "case", *case.words())
    entered = [("xent", field.xent, "case"), *((name, field.xent, name) for name in beside)]
    left_out = {}
    for peer, process in list(field.peers):
        if not peer.losses:
            continue
        try:
            process.ask("prepare", "case", *case.words(), ready["sets"])
            process.seconds("case", 1, 0)
            entered.append((peer.label, process, "case"))
        except RuntimeError as why:
            left_out[peer.label] = str(why)
        except (Unavailable, OSError) as why:  # it died, perhaps for want of memory; the others go on
            left_out[peer.label] = str(why)
            field.peers.remove((peer, process))
    racers = [(*racer, calls_for(*racer[1:], seconds)) for racer in entered]
    times = interleave(racers, rounds, 1)
    for _, contestant, name in entered:
        if name == "case":
            contestant.ask("drop", name)
    return {**vars(case), "bytes": ready["bytes"], "row_bytes": ready["row_bytes"], "sets": ready["sets"],
            "seconds": times, "left_out": left_out}


def measure_training(field, rounds, steps):
    """Epochs of one run of training, side by side; the first is for warming up. steps 0 = whole epochs."""
    with tempfile.TemporaryDirectory(prefix="xent-bench-") as folder:
        digits = field.xent.ask("digits", folder)
        field.xent.ask("prepare", "train", "train", steps)
        racers = [("xent", field.xent, "train", 1)]
        left_out = {}
        for peer, process in field.peers:
            if not peer.training:
                continue
            try:
                process.ask("prepare", "train", "train", steps, folder)
                racers.append((peer.label, process, "train", 1))
            except RuntimeError as why:
                left_out[peer.label] = str(why)
    interleave(racers, 1, 0)
    times = interleave(racers, rounds, 0)
    return {"layers": "784-512-10", "batch": 64, "samples": digits["count"], "digits": digits["origin"],
            "steps": steps or -(-digits["count"] // 64), "seconds": times, "left_out": left_out}
