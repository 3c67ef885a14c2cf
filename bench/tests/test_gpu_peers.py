"""The peers on a GPU as far as that can be seen without one: who there is, and what cuDNN is told."""

import ctypes
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(BENCH), str(BENCH / "peers")]

import cudnn_library as cudnn  # noqa: E402
from runner import gpu_cases  # noqa: E402

PYTHON = os.environ.get("XENT_BENCH_PYTHON", sys.executable)


class Function:
    """One of a library, with the attributes that ctypes' own have."""

    def __init__(self, name, library):
        self.name, self.owner = name, library

    def __call__(self, *arguments):
        self.owner.told.append((self.name, arguments))
        return self.owner.answers.get(self.name, 0)


class Library:
    """Stands for cuDNN: keeps what it is told."""

    def __init__(self, **answers):
        self.told = []
        self.answers = answers
        self.functions = {}

    def __getattr__(self, name):
        return self.functions.setdefault(name, Function(name, self))

    def names(self):
        return [name for name, _ in self.told]


def plain(arguments):
    return [argument.value if isinstance(argument, ctypes.c_void_p) else argument for argument in arguments]


class Cudnn(unittest.TestCase):
    def test_a_shape_is_described_once(self):
        library = Library()
        softmax = cudnn.Softmax(library)
        for log in (False, True):
            softmax.forward("bf16", 8, 1000, 4096, 8192, log, 77)
        self.assertEqual(library.names(), ["cudnnCreate", "cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor",
                                           "cudnnSetStream", "cudnnSoftmaxForward", "cudnnSetStream", "cudnnSoftmaxForward"])
        self.assertEqual(plain(library.told[2][1])[1:], [0, 9, 8, 1000, 1, 1])
        self.assertEqual(plain(library.told[3][1])[1], 77)
        algorithms = [arguments[1:3] for name, arguments in library.told if name == "cudnnSoftmaxForward"]
        self.assertEqual(algorithms, [(1, 0), (2, 0)])
        self.assertEqual([plain(library.told[4][1])[at] for at in (5, 8)], [4096, 8192])

    def test_backward_takes_result_and_upstream(self):
        library = Library()
        cudnn.Softmax(library).backward("f16", 2, 3, 16, 32, 64, False, 0)
        name, arguments = library.told[-1]
        self.assertEqual((name, [plain(arguments)[at] for at in (5, 7, 10)]), ("cudnnSoftmaxBackward", [16, 32, 64]))

    def test_a_failure_is_named(self):
        library = Library(cudnnSoftmaxForward=3, cudnnGetErrorString=b"CUDNN_STATUS_BAD_PARAM")
        with self.assertRaisesRegex(RuntimeError, "cudnnSoftmaxForward: CUDNN_STATUS_BAD_PARAM"):
            cudnn.Softmax(library).forward("f32", 2, 3, 0, 0, False, 0)

    def test_versions(self):
        for number, text in ((8907, "8.9.7"), (90100, "9.1.0"), (91002, "9.10.2")):
            self.assertEqual(cudnn.Softmax(Library(cudnnGetVersion=number)).version(), text)


class Peers(unittest.TestCase):
    def test_every_one_has_a_variant_and_operations_that_there_are(self):
        text = (BENCH / "peers/gpu_losses.py").read_text(encoding="utf-8")
        known = re.findall(r'"(\w+)": \w+', re.search(r"^VARIANTS = \{(.*?)\}", text, re.M | re.S)[1])
        self.assertEqual({peer.variant for peer in gpu_cases.PEERS}, set(known))
        for peer in gpu_cases.PEERS:
            self.assertLessEqual(set(peer.operations), set(gpu_cases.OPERATIONS), peer.label)

    def test_where_there_is_no_gpu_each_says_so(self):
        for peer in gpu_cases.PEERS:
            done = subprocess.run([PYTHON, BENCH / "peers/gpu_peer.py", peer.variant], input="", capture_output=True,
                                  text=True, check=False, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
            self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1), done.stderr)
            self.assertRegex(done.stdout, r'"unavailable": ".*(has no PyTorch|finds no GPU)')


unittest.main()
