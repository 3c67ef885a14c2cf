"""Which tests run under which of compute-sanitizer's tools, and what its output means.

The tools slow a kernel down by one to two orders of magnitude, so each gets the tests that show it most, in
runs of a minute or two. A name with /gpu_ is of a suite that the emulation runs too.
"""

import re
from typing import NamedTuple


class Run(NamedTuple):
    tool: str
    filter: str
    why: str


ONCE = "Instances.EveryOneIsReachedAndRight"
MEETING = "GridBarrier.BlocksThatFillTheirMultiprocessorMeet"  # with room for what a tool adds

RUNS = [
    Run("memcheck", f"{ONCE}:Graphs.*:Streams.*:Example.*",
        "every kernel that ships, in every mapping; and calls in graphs and on several streams"),
    Run("memcheck", "Every/CrossEntropyConformance.AllOutputs/gpu_bf16:Every/SoftmaxConformance.*/gpu_bf16:"
                    "Every/NllConformance.*/gpu_bf16",
        "rows at every alignment and stride, with every tail: in the narrowest type most elements share 16 bytes"),
    Run("memcheck", f"{MEETING}:StepPaths.*", "the trainer, in each of its ways to take steps"),
    Run("memcheck", "Every/DeviceLabels.*/gpu_f32", "no label, however wrong, leads out of bounds"),
    Run("racecheck", ONCE, "shared memory of every kernel, in every mapping, from a few lanes to a cluster"),
    Run("racecheck", "Every/SpecialValues.*/gpu_f32",
        "the paths that few rows take: a sum taken again, rows of NaN and of masked classes"),
    Run("racecheck", "Every/Determinism.ReducedLossesAreTheSameInEveryRun/gpu_f32:Graphs.*",
        "the reductions over rows, and several rows to a team one after another"),
    Run("racecheck", "StepPaths.ResidentSteps*",
        "the trainer's blocks, which keep a network in shared memory while they wait for one another"),
    Run("initcheck", f"{ONCE}:Graphs.*:Streams.*:Example.*",
        "device memory alone is watched: the workspace everywhere, in graphs and on streams all buffers"),
    Run("synccheck", f"{MEETING}:StepPaths.ResidentSteps*", "barriers of a grid, round after round"),
    Run("synccheck", f"{ONCE}:Every/SpecialValues.*/gpu_bf16:Every/DeviceLabels.*/gpu_bf16",
        "barriers in every mapping, where rows of one block go different ways"),
]

SUMMARIES = {"racecheck": r"RACECHECK SUMMARY: (\d+) hazard", None: r"ERROR SUMMARY: (\d+) error"}


def command(sanitizer, run, program):
    options = ["--leak-check", "no"] if run.tool == "memcheck" else []
    return [sanitizer, "--tool", run.tool, *options, "--error-exitcode", "99", "--print-limit", "20",
            program, f"--gtest_filter={run.filter}"]


def judge(run, status, said):
    """{verdict, errors, tests}; a verdict but clean also says why. status None: stopped for lack of time."""
    tests = re.findall(r"\[ {7}OK \] (\S+)", said)
    summary = re.findall(SUMMARIES.get(run.tool, SUMMARIES[None]), said)
    found = {"verdict": "clean", "errors": int(summary[-1]) if summary else None, "tests": len(tests)}

    def verdict(name, why):
        return {**found, "verdict": name, "why": why}

    if "Device not supported" in said:
        return verdict("unusable", "the tool does not support this device or the system around it")
    if found["errors"]:
        return verdict("errors", first_complaint(said))
    if status is None:
        return verdict("out of time", f"stopped after {len(tests)} tests, in which it found nothing")
    if status != 0:
        return verdict("failed", f"status {status}: {first_complaint(said)}")
    if not summary:
        return verdict("failed", "the tool gave no summary")
    if not tests:
        return verdict("failed", "no test has run")
    return found


def first_complaint(said):
    """The line that says most: the tool's first finding, else a failed test, else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for wanted in (r"^=+ (Error|Warning|Invalid|Uninitialized|Barrier|Race|Program hit)", r"\[ {2}FAILED {2}\]", r"^="):
        for line in lines:
            if re.search(wanted, line) and "COMPUTE-SANITIZER" not in line:
                return line.lstrip("= ")
    return lines[-1] if lines else "it printed nothing"
