"""The grid from its first case to its last, at each number of threads, over interruptions."""

import datetime
import hashlib
import signal

from runner import cases, grid, measure
from runner.partial import Partial

LIMITS = ("read", "copy", "fma")


class Interrupted(Exception):
    """The run ends before the grid does; what there is lies in the file that the text names."""


class Terminated(KeyboardInterrupt):
    """SIGTERM."""


def raise_on_sigterm():
    def stop(number, frame):
        raise Terminated

    signal.signal(signal.SIGTERM, stop)


def header_of(options, threads, rounds, machine, software, server):
    """What must be the same for two parts of a grid to belong together. JSON makes strings of keys."""
    return {"date": datetime.date.today().isoformat(), "quick": options.quick, "rounds": rounds, "machine": machine,
            "software": software, "build": hashlib.sha256(server.read_bytes()).hexdigest(),
            "cases": {str(count): [case.words() for case in cases.grid_cases(count, options.quick)]
                      for count in threads}}


def measure_threads(field, partial, threads, quick, rounds, seconds, notice):
    """Adds what is missing at one number of threads."""
    # Measured even if the file has them: they run again beside every case and so must be prepared.
    limits = measure.measure_limits(field, rounds, seconds, LIMITS, keep=("read", "copy"))
    if threads not in partial.limits:
        partial.add_limits(threads, limits)
    chosen = cases.grid_cases(threads, quick)
    told = set()
    for number, case in enumerate(chosen, 1):
        if partial.case(threads, case.words()):
            continue
        notice(f"{threads} threads, {number} of {len(chosen)}: {' '.join(map(str, case.words()))}")
        measured = grid.measure_case(field, case, rounds, seconds)
        partial.add_case(threads, case.words(), measured)
        tell_left_out(case, measured, told, notice)


def tell_left_out(case, measured, told, notice):
    """The first time that a peer does not take part in its like."""
    for label, why in measured["left_out"].items():
        if (like := (label, case.operation, case.dtype)) not in told:
            told.add(like)
            notice(f"  {label} is left out: {why}")


def done(partial):
    return f"{len(partial.cases)} of {sum(map(len, partial.header['cases'].values()))} cases are in {partial.path}"


def measure_all(threads, open_field, facts_of, options, path, notice):
    """The results, and the Partial, which the caller finishes once they are saved.

    open_field(count): a measure.Field; facts_of(field): its machine and its software. Interrupted, with what to do
    next, for whatever ends the run early.
    """
    rounds = options.rounds or (3 if options.quick else 5)
    seconds = 0.01 if options.quick else 0.05
    partial = None
    raise_on_sigterm()
    try:
        for count in threads:
            field = open_field(count)
            try:
                if partial is None:
                    header = header_of(options, threads, rounds, *facts_of(field), field.xent.program())
                    partial = Partial.resume(options.resume, header) if options.resume else Partial.start(path, header)
                    if options.resume:
                        notice(f"going on: {done(partial)}")
                notice(f"{count} threads: memory, arithmetic")
                measure_threads(field, partial, count, options.quick, rounds, seconds, notice)
            finally:
                field.close()
    except (KeyboardInterrupt, *measure.LOST) as why:
        if partial is None:
            raise
        what = {KeyboardInterrupt: "interrupted", Terminated: "terminated"}.get(type(why), str(why))
        raise Interrupted(f"{what}; {done(partial)}: the same command with --resume {partial.path} goes on") from why
    return results_of(partial), partial


def results_of(partial):
    header = partial.header
    runs = [{"threads": int(count), "limits": partial.limits[int(count)],
             "cases": [partial.case(int(count), words) for words in chosen]}
            for count, chosen in header["cases"].items()]
    return {"kind": "grid", **{key: header[key] for key in ("date", "quick", "machine", "software")}, "runs": runs}
