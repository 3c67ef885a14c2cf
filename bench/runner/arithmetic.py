"""How many operations a lane does for an element of a long row: docs/performance.md has them as counted, an FMA being
one. Short rows and whatever a row does once come on top and are not in it."""

# What an f32 element takes; how often elements are read and widened; how often they are written.
COUNTED = {
    "cross_entropy": (28.1, 2, 1),
    "cross_entropy_forward": (14.1, 1, 0),
    "cross_entropy_backward": (16.0, 1, 1),
    "softmax": (28.1, 2, 1),
    "softmax_backward": (8.1, 4, 1),
    "log_softmax": (16.2, 2, 1),
    "log_softmax_backward": (19.1, 3, 1),
}
CONVERTING = {"f32": (0, 0), "f64": (0, 0), "f16": (1, 1), "bf16": (2, 8)}  # from, to the type that is stored
LANE = {"f64": 2}  # of f32 lanes that one takes


def an_element(operation, dtype):
    """None of what moves memory and does next to nothing."""
    if operation not in COUNTED:
        return None
    counted, reads, writes = COUNTED[operation]
    from_stored, to_stored = CONVERTING[dtype]
    return counted + reads * from_stored + writes * to_stored


def most(limit, dtype):
    """Operations per second, of the limit that bench/run calls fma: there a multiply-add is two."""
    return limit / 2 / LANE.get(dtype, 1)
