"""The document that gpu-check leaves: how its parts are judged, read and put together."""

import re
import xml.etree.ElementTree as ElementTree

PARTS = ["build", "tests", "sanitizers", "bench", "peers", "trainer"]
BAD = {"failed", "out of time"}  # "absent" is neither good nor bad: what was not there is told


def junit(text):
    """Counts, seconds and the names of those that did not pass, from ctest's own report."""
    suite = ElementTree.fromstring(text)
    cases = list(suite.iter("testcase"))
    failed = [case.get("name") for case in cases if case.get("status") == "fail" or case.find("failure") is not None]
    skipped = [case.get("name") for case in cases if case.get("status") in ("notrun", "disabled")]
    seconds = sum(float(case.get("time", 0)) for case in cases)
    return {"passed": len(cases) - len(failed) - len(skipped), "failed": len(failed), "skipped": len(skipped),
            "seconds": round(seconds, 1), "names_of_failed": failed, "names_of_skipped": skipped}


def passed(document):
    """Whether everything that ran is well; and something must have run."""
    states = [part["status"] for part in document["parts"].values()]
    return "passed" in states and not BAD.intersection(states)


def file_name(gpu, date):
    return re.sub(r"[^a-z0-9.]+", "-", gpu.lower()).strip("-") + f"-{date}.json"


def merge(documents):
    """One of several that took parts in turn, on the same machine with the same software."""
    merged = {**documents[0], "parts": {}}
    for document in documents:
        for what in ("machine", "software"):
            if document[what] != merged[what]:
                raise ValueError(f"these are not of one {what}: {merged[what]} and {document[what]}")
        for name, part in document["parts"].items():
            # Each command builds, or sees that all is built; and what failed once has failed.
            if name not in merged["parts"] or name == "build" and part["status"] in BAD:
                merged["parts"][name] = part
            elif name != "build":
                raise ValueError(f"{name} is there twice")
    merged["parts"] = {name: merged["parts"][name] for name in PARTS if name in merged["parts"]}
    merged["passed"] = passed(merged)
    return merged


def summary(document):
    """A line per part, and the verdict."""
    lines = [f"{document['machine']['gpu']}, xent {document['software']['xent']}"]
    for name, part in document["parts"].items():
        seconds, why = part.get("seconds", 0), part.get("why", "")
        lines.append(f"  {name:<11}{part['status']:<12}{seconds:>6.0f} s  {why}".rstrip())
    lines.append("passed" if document["passed"] else "FAILED")
    return "\n".join(lines)


def trained(lines):
    """What the trainer's log says; None if it did not end well."""
    events = {line["event"]: line for line in lines}
    if "start" not in events or "final" not in events:
        return None
    start, final = events["start"], events["final"]
    return {"recipe": start["recipe"]["name"], "device": start["device_description"],
            "synthetic": start["data"]["synthetic"], "test_accuracy": final["test_accuracy"],
            "train_seconds": final["train_seconds"], "wall_seconds": final["wall_seconds"]}
