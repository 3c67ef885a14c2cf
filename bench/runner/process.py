"""A contestant: a process that stays alive and warm and is told what to do over a pipe."""

import contextlib
import json
import os
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """The contestant cannot take part at all; the text says why."""


class Contestant:
    def __init__(self, label, command, environment=None):
        self.label = label
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.facts = self._answer()
        if "unavailable" in self.facts:
            self.close()
            raise Unavailable(self.facts["unavailable"])

    def program(self):
        return Path(self.process.args[0])

    def ask(self, *words):
        """The answer to a command; raises RuntimeError with the contestant's own words if it fails."""
        with contextlib.suppress(BrokenPipeError):  # then it has ended, which its answer will show
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def seconds(self, name, calls, warm):
        """Seconds per call."""
        return self.ask("run", name, calls, warm)["seconds"] / calls

    def close(self):
        with contextlib.suppress(BrokenPipeError):  # of what it was not there to read
            self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Unavailable(f"{self.label} ended with status {self.close()}")
        return json.loads(line)
