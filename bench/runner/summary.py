"""From measured times to the few numbers a table shows."""

from dataclasses import dataclass
from statistics import median, quantiles


LIMITS = ("copy", "read")


@dataclass
class Ratio:
    """How many times faster: the ratio of the medians, and the middle half of the rounds' own ratios."""

    value: float
    low: float
    high: float


def ratio(slower, faster):
    rounds = [s / f for s, f in zip(slower, faster)]
    low, _, high = quantiles(rounds, n=4, method="inclusive") if len(rounds) > 1 else rounds * 3
    return Ratio(median(slower) / median(faster), low, high)


def rate(bytes_moved, seconds):
    """Bytes per second at the median."""
    return bytes_moved / median(seconds)


def share_of_copy(case, copy_bytes):
    """Bytes per second beside those of the copy that ran in the same rounds."""
    return share(case["bytes"], case["seconds"]["xent"], copy_bytes, case["seconds"]["copy"])


def share(bytes_moved, seconds, limit_bytes, limit_seconds):
    """One's bytes per second as a part of another's."""
    return rate(bytes_moved, seconds) / rate(limit_bytes, limit_seconds)


def peers(measured):
    """Labels of those who ran against xent."""
    return [label for label in measured["seconds"] if label not in ("xent", *LIMITS)]


def spread(seconds):
    """The middle half of the rounds beside their median."""
    low, middle, high = quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
    return (high - low) / middle
