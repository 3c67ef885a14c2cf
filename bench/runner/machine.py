"""What the figures were measured on."""

import os
import platform
import re


def facts(xent_facts, load_average):
    """The machine as the results file keeps it; xent's server names the processor as its apps do.

    load_average is that of before the run, when only other programs made it.
    """
    return {"processor": xent_facts["processor"], "simd": xent_facts["simd"],
            "threads": len(os.sched_getaffinity(0)), "memory_gib": memory_gib(),
            "level2_kib": xent_facts["level2_kib"], "level3_mib": xent_facts["level3_mib"],
            "system": distribution(), "load_average": load_average}


def memory_gib():
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def distribution():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown distribution")
    except OSError:
        return "unknown distribution"


def busy(machine):
    """Whether other programs would spoil the figures."""
    return machine["load_average"] > 0.3 * machine["threads"]


def file_word(name):
    """A name as a part of a file's name."""
    return re.sub(r"[^a-z0-9.]+", "-", re.sub(r"\(r\)|\(tm\)", "", name.lower())).strip("-")


def results_name(machine, date, kind=""):
    """A file name of the processor's name and the day, and of what was measured where that has a name."""
    return f"{file_word(machine['processor'])}-{machine['threads']}t-{date}{kind and '-'}{kind}.json"
