"""Measures interleaved: every round takes each contestant in turn, so that what disturbs one disturbs all."""

import tempfile
import time

from runner.process import Contestant, Unavailable

# PyTorch's and xent's workers spin for a moment after a call, waiting for the next; let them go to sleep.
PAUSE = 0.02
MOST_DEATHS = 3  # of a peer: what it dies of need not be in the next case

LOST = (RuntimeError, Unavailable, OSError)  # how a peer fails, with an answer or by dying


class Field:
    """xent and its peers, each a live process, at one number of threads."""

    def __init__(self, server, peers, command_of, threads, notice):
        """command_of(peer): its program and arguments; Unavailable where there is no such program."""
        self.threads = threads
        self.command_of = command_of
        self.notice = notice
        self.deaths = {}  # by label
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

    def replace(self, peer, why):
        """For a peer that died: it starts again, or is gone if it cannot or has died too often."""
        place = [other for other, _ in self.peers].index(peer)
        self.peers.pop(place)[1].close()
        self.deaths[peer.label] = deaths = self.deaths.get(peer.label, 0) + 1
        self.notice(f"  {peer.label} died: {why}")
        if deaths >= MOST_DEATHS:
            return self.notice(f"  {peer.label} died {deaths} times: the rest goes on without it")
        try:
            self.peers.insert(place, (peer, Contestant(peer.label, self.command_of(peer), peer.environment)))
        except (Unavailable, OSError) as again:
            self.notice(f"  {peer.label} does not start again: {again}")

    def close(self):
        for contestant in [self.xent, *(process for _, process in self.peers)]:
            contestant.close()


def calls_for(contestant, name, seconds):
    """As many calls as take about that long."""
    return max(1, round(seconds / contestant.seconds(name, 1, 1)))


def interleave(racers, rounds, warm, lost=None):
    """{label: seconds per call, one per round}; racers are (label, contestant, name, calls).

    Where lost(label, why) is given, one that fails loses its times and the others go on, unless it raises.
    """
    times = {label: [] for label, *_ in racers}
    for _ in range(rounds):
        for label, contestant, name, calls in racers:
            if label not in times:
                continue
            time.sleep(PAUSE)
            try:
                times[label].append(contestant.seconds(name, calls, warm))
            except LOST as why:
                if lost is None:
                    raise
                lost(label, why)
                del times[label]
    return times


def measure_limits(field, rounds, seconds, names=("read", "copy"), keep=("copy",)):
    """Reading and copying memory, and arithmetic without any. Those to keep stay prepared: they run again beside
    every case."""
    limits = {}
    for name in names:
        ready = field.xent.ask("prepare", name, name)
        racer = (name, field.xent, name, calls_for(field.xent, name, seconds))
        amount = "operations" if name == "fma" else "bytes"
        limits[name] = {amount: ready[amount], "how": ready["remark"],
                        "seconds": interleave([racer], rounds, 1)[name]}
        if name not in keep:
            field.xent.ask("drop", name)
    return limits


def measure_loss(field, case, rounds, seconds, beside=("copy",)):
    """`beside`: what xent's process has prepared already and runs too. A peer that fails is left out of the case, and
    one that dies is marked besides; what xent itself fails at is raised."""
    ready = field.xent.ask("prepare", "case", *case.words())
    racers = [(label, field.xent, name, calls_for(field.xent, name, seconds))
              for label, name in (("xent", "case"), *((name, name) for name in beside))]
    peers = {peer.label: (peer, process) for peer, process in field.peers if peer.losses}
    left_out, died = {}, {}

    def lost(label, why):
        if label not in peers:
            raise why
        left_out[label] = str(why)
        if not isinstance(why, RuntimeError):
            died[label] = str(why)

    for label, (_, process) in peers.items():
        try:
            process.ask("prepare", "case", *case.words(), ready["sets"])
            process.seconds("case", 1, 0)
            racers.append((label, process, "case", calls_for(process, "case", seconds)))
        except LOST as why:
            lost(label, why)
    times = interleave(racers, rounds, 1, lost)
    field.xent.ask("drop", "case")
    for label, (peer, process) in peers.items():
        if label not in died:
            try:
                process.ask("drop", "case")
            except (Unavailable, OSError) as why:  # its times stay: they were taken
                died[label] = str(why)
        if label in died:
            field.replace(peer, died[label])
    return {**vars(case), "bytes": ready["bytes"], "row_bytes": ready["row_bytes"], "sets": ready["sets"],
            "seconds": times, "left_out": left_out, **({"died": sorted(died)} if died else {})}


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
