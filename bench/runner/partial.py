"""The results of a grid that is under way, kept as they come: a line of JSON each, the first one of them says what is
measured. A line that a crash cut short is as if it had never been written."""

import json
import os

APART = ("load_average",)  # of a machine, what may be another when the rest of a grid is measured


class Different(RuntimeError):
    """What lies in the file was measured on, by or of something else; the text names it."""


class Partial:
    def __init__(self, path, header):
        self.path, self.header = path, header
        self.limits = {}  # by threads
        self.cases = {}   # by (threads, *words)

    @staticmethod
    def start(path, header):
        """A new file; one that is there already is somebody's half hour, and stays."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "x", encoding="utf-8"):
                pass
        except FileExistsError:
            raise Different(f"{path} is of a grid that was interrupted: go on with --resume {path}, or remove it "
                            f"({describe(path)})") from None
        partial = Partial(path, header)
        partial._append({"header": header})
        return partial

    @staticmethod
    def resume(path, header):
        """What is in the file, and the rest to go; Different unless it is of the same header."""
        found, whole = read(path)
        if not is_partial(found):
            raise Different(f"{path}: is not what an interrupted grid leaves")
        if why := differences(found[0]["header"], header):
            raise Different(f"{path} cannot be gone on with: {'; '.join(why)}")
        os.truncate(path, whole)
        partial = Partial(path, found[0]["header"])
        for line in found[1:]:
            partial._take(line)
        return partial

    def add_limits(self, threads, limits):
        self._add({"threads": threads, "limits": limits})

    def add_case(self, threads, words, measured):
        self._add({"threads": threads, "words": words, "case": measured})

    def case(self, threads, words):
        return self.cases.get((threads, *words))

    def finish(self):
        """The results are elsewhere now."""
        self.path.unlink()

    def _add(self, line):
        self._append(line)
        self._take(line)

    def _take(self, line):
        if "limits" in line:
            self.limits[line["threads"]] = line["limits"]
        else:
            self.cases[(line["threads"], *line["words"])] = line["case"]

    def _append(self, line):
        with open(self.path, "ab") as file:
            file.write((json.dumps(line) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())


def read(path):
    """The lines that are whole, and how many bytes they are."""
    lines, whole = [], 0
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
            whole += len(line)
    return lines, whole


def is_partial(lines):
    return bool(lines) and isinstance(lines[0], dict) and "header" in lines[0]


def describe(path):
    lines, _ = read(path)
    if not is_partial(lines):
        return "nothing of use is in it"
    every = sum(len(words) for words in lines[0]["header"]["cases"].values())
    return f"{sum('case' in line for line in lines)} of {every} cases, {lines[0]['header']['date']}"


def differences(before, now):
    """In words, of two headers."""
    found = []
    for part in ("machine", "software"):
        for key in sorted(before[part].keys() | now[part].keys()):
            was, is_now = before[part].get(key), now[part].get(key)
            if was != is_now and key not in APART:
                found.append(f"the {part}'s {key} was {was}, is {is_now}")
    if before["build"] != now["build"]:
        found.append("the build is another (the program's bytes have changed)")
    for key in ("rounds", "quick"):
        if before[key] != now[key]:
            found.append(f"{key} was {before[key]}, is {now[key]}")
    if before["cases"] != now["cases"]:
        counts = (", ".join(f"{len(words)} at {threads} threads" for threads, words in header["cases"].items())
                  for header in (before, now))
        found.append("the set of cases is another (it was {}; is {})".format(*counts))
    return found
