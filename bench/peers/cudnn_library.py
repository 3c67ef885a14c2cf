"""cuDNN's softmax by its C functions, which no framework's softmax calls. Knows no PyTorch: pointers and numbers."""

import ctypes
import importlib.util
from pathlib import Path

NAMES = ("libcudnn.so.9", "libcudnn.so.8", "libcudnn.so")
TYPES = {"f32": 0, "f16": 2, "bf16": 9}  # cudnnDataType_t
ROW_MAJOR = 0                            # CUDNN_TENSOR_NCHW: rows, classes, 1, 1
ACCURATE, LOG = 1, 2                     # cudnnSoftmaxAlgorithm_t: with the maximum subtracted, and its logarithm
OVER_CLASSES = 0                         # CUDNN_SOFTMAX_MODE_INSTANCE


def places():
    """Where a package of NVIDIA's would have put it, and where the loader looks."""
    found = importlib.util.find_spec("nvidia.cudnn") if importlib.util.find_spec("nvidia") else None
    folders = [Path(folder) / "lib" for folder in found.submodule_search_locations] if found else []
    return [*NAMES, *(str(folder / name) for folder in folders for name in NAMES)]


def load():
    """The library; OSError says that there is none."""
    for place in places():
        try:
            return ctypes.CDLL(place)
        except OSError:
            continue
    raise OSError(f"no cuDNN: none of {', '.join(NAMES)} can be loaded")


class Softmax:
    """Of one library, on the current device. Shapes are kept: each is described once."""

    def __init__(self, library):
        self.loaded = library
        library.cudnnGetErrorString.restype = ctypes.c_char_p
        library.cudnnGetVersion.restype = ctypes.c_size_t
        self.handle = ctypes.c_void_p()
        self._call("cudnnCreate", ctypes.byref(self.handle))
        self.shapes = {}
        self.one, self.zero = ctypes.c_float(1), ctypes.c_float(0)  # floats also for 16-bit types

    def version(self):
        number = self.loaded.cudnnGetVersion()
        major, rest = divmod(number, 10000 if number >= 90000 else 1000)
        return f"{major}.{rest // 100}.{rest % 100}"

    def forward(self, dtype, rows, classes, x, y, log, stream):
        shape = self._shape(dtype, rows, classes)
        self._call("cudnnSetStream", self.handle, ctypes.c_void_p(stream))
        self._call("cudnnSoftmaxForward", self.handle, LOG if log else ACCURATE, OVER_CLASSES,
                   ctypes.byref(self.one), shape, ctypes.c_void_p(x), ctypes.byref(self.zero), shape,
                   ctypes.c_void_p(y))

    def backward(self, dtype, rows, classes, y, upstream, grad, log, stream):
        shape = self._shape(dtype, rows, classes)
        self._call("cudnnSetStream", self.handle, ctypes.c_void_p(stream))
        self._call("cudnnSoftmaxBackward", self.handle, LOG if log else ACCURATE, OVER_CLASSES,
                   ctypes.byref(self.one), shape, ctypes.c_void_p(y), shape, ctypes.c_void_p(upstream),
                   ctypes.byref(self.zero), shape, ctypes.c_void_p(grad))

    def _shape(self, *key):
        if key not in self.shapes:
            dtype, rows, classes = key
            made = ctypes.c_void_p()
            self._call("cudnnCreateTensorDescriptor", ctypes.byref(made))
            self._call("cudnnSetTensor4dDescriptor", made, ROW_MAJOR, TYPES[dtype], rows, classes, 1, 1)
            self.shapes[key] = made
        return self.shapes[key]

    def _call(self, name, *arguments):
        status = getattr(self.loaded, name)(*arguments)
        if status:
            raise RuntimeError(f"{name}: {self.loaded.cudnnGetErrorString(status).decode()}")
