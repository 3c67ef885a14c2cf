"""Is there a GPU? Asked of the driver's own library, which is what the programs will ask."""

import ctypes
import os
import re
import shutil
import subprocess


class NoGpu(Exception):
    """Why none can be used, in one line."""


ATTRIBUTES = {"multiprocessors": 16, "level2_bytes": 38, "major": 75, "minor": 76}  # CU_DEVICE_ATTRIBUTE_…


def driver_library():
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as why:
        raise NoGpu(f"no GPU: the NVIDIA driver's library cannot be loaded ({why})") from why


def find():
    """What the driver says of device 0; raises NoGpu."""
    cuda = driver_library()

    def call(name, *arguments):
        if code := getattr(cuda, name)(*arguments):
            raise NoGpu(f"no GPU: the driver answers {name} with error {code}")

    number = ctypes.c_int()
    call("cuInit", 0)
    call("cuDeviceGetCount", ctypes.byref(number))
    if number.value == 0:
        raise NoGpu("no GPU: the driver finds no device")
    device = ctypes.c_int()
    call("cuDeviceGet", ctypes.byref(device), 0)
    name = ctypes.create_string_buffer(256)
    call("cuDeviceGetName", name, len(name), device)
    memory = ctypes.c_size_t()
    call("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    found = {}
    for what, attribute in ATTRIBUTES.items():
        call("cuDeviceGetAttribute", ctypes.byref(number), attribute, device)
        found[what] = number.value
    call("cuDriverGetVersion", ctypes.byref(number))
    return {"gpu": name.value.decode(), "compute_capability": 10 * found["major"] + found["minor"],
            "multiprocessors": found["multiprocessors"], "level2_mib": found["level2_bytes"] / 2**20,
            "memory_gib": round(memory.value / 2**30, 1), "driver_cuda": number.value, **management_facts()}


def management_facts():
    """What nvidia-smi adds, where it is there: the clocks that the figures were made at, as they were found."""
    wanted = ["driver_version", "clocks.max.sm", "clocks.max.memory", "power.limit"]
    try:
        line = subprocess.run(["nvidia-smi", "-i", "0", f"--query-gpu={','.join(wanted)}", "--format=csv,noheader"],
                              capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(zip((key.replace(".", "_") for key in wanted), map(str.strip, line.splitlines()[0].split(","))))


def find_tool(name):
    """A program of the CUDA toolkit, in PATH or where its installer leaves it; None without."""
    places = os.environ.get("PATH", "") + ":/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer"
    return shutil.which(name, path=places)


def toolkit_version(nvcc):
    said = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release [\d.]+, V([\d.]+)", said)
    return found[1] if found else "unknown"
