"""What nvcc made of the kernels: its object files, the toolkit's programs that read them, names to print."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ARCHITECTURE = "sm_90"
FOLDER = "host/cuda/CMakeFiles/xent_kernels.dir/__/__/kernels/instances"
TYPES = {"float": "f32", "double": "f64", "xent::f16": "f16", "xent::bf16": "bf16"}


def folders(given=None):
    """Where programs of the toolkit may lie. The triton wheel carries those that small toolkits leave out."""
    if given:
        yield str(given)
    yield from os.environ.get("PATH", "").split(os.pathsep)
    yield str(Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "bin")
    triton = importlib.util.find_spec("triton")
    if triton and triton.origin:
        yield str(Path(triton.origin).parent / "backends/nvidia/bin")


def find(program, given=None):
    found = shutil.which(program, path=os.pathsep.join(folders(given)))
    if not found:
        sys.exit(f"no {program}: it comes with CUDA's toolkit, or with `pip install --no-deps triton`")
    return found


def run(*command, path=None):
    environment = dict(os.environ, PATH=os.pathsep.join([path, os.environ["PATH"]])) if path else None
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def sass(cuobjdump, nvdisasm, path):
    # cuobjdump runs nvdisasm, and looks for it in PATH.
    return run(cuobjdump, "-arch", ARCHITECTURE, "--dump-sass", str(path), path=str(Path(nvdisasm).parent))


def toolkit():
    return re.search(r"V(\d+\.\d+\.\d+)", run(find("nvcc"), "--version"))[1]


def objects(build, families=""):
    """One for each source whose name matches."""
    sources = sorted(p for p in (ROOT / "kernels/instances").glob("*.cu") if re.match(families, p.name))
    made = [Path(build) / FOLDER / f"{source.name}.o" for source in sources]
    missing = [each.name for each in made if not each.is_file()]
    if missing or not made:
        sys.exit(f"not built (./dev build cuda): {', '.join(missing) or 'kernels'}")
    return made


def demangle(names):
    """{mangled: as C++ spells it}"""
    names = list(names)
    return dict(zip(names, run("c++filt", *names).splitlines())) if names else {}


def short_name(demangled, block):
    """xent::gpu::softmax_kernel<float, 4, 128>(…) -> softmax<f32, 4 lanes>; the block has a column of its own."""
    ours = re.match(r"(?:void )?xent::gpu::(\w+?)_kernel(?:<(.*?)>)?\(", demangled)
    if not ours:
        name = re.match(r"(?:void )?([\w:]+)", demangled)[1].split("::")
        return name[-1].removesuffix("Kernel") + (" (CUB)" if name[0] == "cub" else "")
    values = [TYPES.get(value, value) for value in (ours[2] or "").split(", ") if value]
    if values and values[-1] == str(block):
        values.pop()
        if values and values[-1].isdigit():
            values[-1] += " lanes" if int(values[-1]) <= 32 else " threads"
    return ours[1] + (f"<{', '.join(values)}>" if values else "")


def order(name):
    """Kernels by family, then type, then by the numbers in the name."""
    types = list(TYPES.values())
    words = re.findall(r"\w+", name)
    return (" (CUB)" in name, words[0], [types.index(w) for w in words[1:] if w in types],
            [int(w) for w in words[1:] if w.isdigit()], name)
