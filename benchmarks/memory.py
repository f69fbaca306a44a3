"""The memory of a process of its own."""

import subprocess
import sys

REPORT = """
from pathlib import Path
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def peak_memory(code: str) -> float:
    """Peak resident memory of a fresh Python process that runs the code, in MB."""
    # Not ru_maxrss, which would count the parent, too: the child starts as its fork.
    command = [sys.executable, "-c", code + REPORT]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout.splitlines()[-1]) / 1024
