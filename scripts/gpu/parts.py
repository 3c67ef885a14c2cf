"""The parts of gpu-check. Each returns what the document keeps of it, with a "status"."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from gpu import device, results, sanitizers

ROOT = Path(__file__).resolve().parent.parent.parent
LEAST_ACCURACY = 0.983  # of the default recipe, on any device


class Check:
    """Where things are, and how much time a part has."""

    def __init__(self, options, facts):
        self.options, self.facts = options, facts
        self.tree = options.build
        self.logs = self.tree / "gpu-check"
        self.logs.mkdir(parents=True, exist_ok=True)

    def program(self, name):
        return self.tree / "bin" / name

    def run(self, name, command, seconds, **environment):
        """(status, what it printed); status None if it was stopped after `seconds`. The log stays."""
        log = self.logs / f"{name}.log"
        print(f"-- {name}: {' '.join(map(str, command))}", flush=True)
        with log.open("w", encoding="utf-8") as stream:
            # A session of its own, so that what it starts goes with it.
            process = subprocess.Popen([str(word) for word in command], stdout=stream, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, cwd=ROOT, start_new_session=True,
                                       env={**os.environ, **environment})
            try:
                status = process.wait(timeout=max(1.0, seconds))
            except BaseException as stop:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not isinstance(stop, subprocess.TimeoutExpired):
                    raise
                status = None
        return status, log.read_text(encoding="utf-8", errors="replace")


def ended(status, said, **more):
    """A part that is over once its one command is."""
    if status == 0:
        return {"status": "passed", **more}
    tail = [line for line in said.splitlines() if line.strip()][-1:]
    why = "stopped: no time left" if status is None else f"status {status}: {''.join(tail)[:300]}"
    return {"status": "out of time" if status is None else "failed", "why": why, **more}


def absent(why, **more):
    return {"status": "absent", "why": why, **more}


def build(check, seconds):
    end = time.monotonic() + seconds
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    nvcc = device.find_tool("nvcc")
    configure = ["cmake", "-S", ROOT, "-B", check.tree, *generator, "-DCMAKE_BUILD_TYPE=Release",
                 "-DXENT_CUDA=ON", f"-DCMAKE_CUDA_COMPILER={nvcc}", "-DXENT_BUILD_BENCH=ON",
                 f"-DXENT_CUDA_ARCHITECTURES={check.facts['compute_capability']}", *check.options.define]
    status, said = check.run("configure", configure, seconds)
    if status != 0:
        print(said)
        return ended(status, said)
    _, said = check.run("targets", ["cmake", "--build", check.tree, "--target", "help"], 60)
    targets = wanted_targets(said)
    command = ["cmake", "--build", check.tree, "-j", os.cpu_count(), "--target", *targets]
    status, said = check.run("build", command, end - time.monotonic())
    if status != 0:
        print("\n".join(said.splitlines()[-60:]))
    return ended(status, said, targets=targets)


def wanted_targets(said):
    """The programs for a GPU among a build tree's targets, as `--target help` of Ninja or Make lists them."""
    names = re.findall(r"^(?:\.\.\. )?(gpu_\w+|xent-gpu-bench|xent-mnist)(?::|$)", said, re.M)
    return sorted(set(names))


def tests(check, seconds):
    report = (check.logs / "junit.xml").resolve()
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", check.tree, "-L", "^gpu$", "--no-tests=error", "--output-on-failure",
               "--timeout", "300", "--output-junit", report]
    status, said = check.run("tests", command, seconds)
    counted = {"passed": len(re.findall(r" Passed +[\d.]+ sec", said)), "failed": len(re.findall(r"\*\*\*", said))}
    if report.exists():
        counted = results.junit(report.read_text(encoding="utf-8"))
    if status not in (0, None):
        print("\n".join(said.splitlines()[-100:]))
    return ended(status, said, counts=counted)


def run_sanitizers(check, seconds):
    end = time.monotonic() + seconds
    program = device.find_tool("compute-sanitizer")
    if program is None:
        return absent("compute-sanitizer is neither in PATH nor beside nvcc")
    records = []
    for number, run in enumerate(sanitizers.RUNS):
        started = time.monotonic()
        if end - started < 5:
            records.append({**run._asdict(), "verdict": "out of time", "why": "not begun"})
            continue
        command = sanitizers.command(program, run, check.program("gpu_test"))
        limit = min(check.options.sanitizer_seconds, end - started)
        status, said = check.run(f"{run.tool}-{number}", command, limit)
        record = {**run._asdict(), **sanitizers.judge(run, status, said),
                  "seconds": round(time.monotonic() - started, 1)}
        print(f"   {record['verdict']}, {record['tests']} tests, {record['seconds']} s {record.get('why', '')}")
        records.append(record)
    verdicts = {record["verdict"] for record in records}
    if verdicts <= {"clean", "unusable"}:
        if "unusable" in verdicts:
            return absent("a tool cannot be used here: see the runs", runs=records)
        return {"status": "passed", "runs": records}
    worst = next(record for record in records if record["verdict"] not in ("clean", "unusable"))
    only_time = verdicts <= {"clean", "unusable", "out of time"}
    return {"status": "out of time" if only_time else "failed", "runs": records,
            "why": f"{worst['tool']}, {worst['filter']}: {worst['verdict']}: {worst['why']}"}


def measure(check, name, seconds, *words):
    """bench/gpu/run, told to be done in time; what it has measured counts even if it had to be stopped."""
    file = check.logs / f"{name}.json"
    file.unlink(missing_ok=True)
    command = [check.options.python, ROOT / "bench/gpu/run", "--program", check.program("xent-gpu-bench"),
               "--python", check.options.python, "--output", file, "--minutes", f"{(seconds - 45) / 60:.2f}",
               *(["--quick"] if check.options.quick else []), *words]
    status, said = check.run(name, command, seconds)
    measured = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    print(said)
    part = ended(status, said, results=measured)
    left = [case for case in measured.get("not_measured", []) if case["why"] == "no time left"]
    if part["status"] == "passed" and left:
        part["why"] = f"no time was left for {len(left)} cases"
    return part


def bench(check, seconds):
    return measure(check, "bench", seconds, "--alone")


def peers(check, seconds):
    status, said = check.run("torch", [check.options.python, "-c", "import torch"], 120)
    if status != 0:
        return absent(f"{check.options.python} has no PyTorch: {said.strip().splitlines()[-1:]}")
    part = measure(check, "peers", seconds, "--operation", "cross_entropy", "--operation",
                   "cross_entropy_forward", "--operation", "cross_entropy_in_place")
    if part["status"] == "passed" and not part["results"].get("peers"):
        why = "; ".join(f"{label}: {why}" for label, why in part["results"]["absent"].items())
        return absent(why, results=part["results"])
    return part


def trainer(check, seconds):
    if not check.program("xent-mnist").exists():
        return absent("xent-mnist is not built")
    log = check.logs / "mnist.jsonl"
    log.unlink(missing_ok=True)
    data = {"XENT_MNIST_DIR": str(check.options.mnist.resolve())} if check.options.mnist else {}
    command = [check.program("xent-mnist"), "--device", "cuda", "--offline", "--quiet", "--json", log]
    status, said = check.run("trainer", command, seconds, **data)
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    try:
        found = results.trained(map(json.loads, lines))
    except json.JSONDecodeError:  # stopped within a line
        found = None
    if status != 0:
        return ended(status, said)
    if found is None:
        return {"status": "failed", "why": "its log does not end as it should"}
    if found["synthetic"]:
        return absent("no MNIST files here: trained on synthetic digits", **found)
    if not LEAST_ACCURACY <= found["test_accuracy"] <= 1:
        return {"status": "failed", "why": f"test accuracy {found['test_accuracy']}, at least {LEAST_ACCURACY} "
                                           "is promised", **found}
    return {"status": "passed", **found}


# In order, with the minutes that each may take: together they can be cut into commands of ten.
ALL = {"build": (build, 9), "tests": (tests, 9), "sanitizers": (run_sanitizers, 9), "bench": (bench, 6),
       "peers": (peers, 9), "trainer": (trainer, 5)}
