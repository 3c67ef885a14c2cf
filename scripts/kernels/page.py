"""The table's place in a Markdown page."""

import re

from kernels import objects

BEGIN, END = "<!-- kernels:begin -->", "<!-- kernels:end -->"
PLACE = re.compile(f"{BEGIN}\n.*?{END}", re.DOTALL)


def block(version, table):
    return f"{BEGIN}\nCompiled by nvcc {version} for {objects.ARCHITECTURE}.\n\n{table}\n{END}"


def put(page, fresh):
    return PLACE.sub(lambda _: fresh, page)


def compare(page, fresh, version):
    """What is wrong with the page; nothing if another toolkit made it, whose registers are others."""
    found = PLACE.search(page)
    if not found:
        return f"it has no {BEGIN} … {END}"
    if f"nvcc {version} " not in found[0] or found[0] == fresh:
        return None
    old, new = found[0].splitlines(), fresh.splitlines()
    changed = [f"  - {line}" for line in old if line not in new] + [f"  + {line}" for line in new if line not in old]
    return "not what is compiled now (--write puts it right):\n" + "\n".join(changed)
