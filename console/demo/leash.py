"""Starts a program that ends when its parent ends, even if the parent is killed.

Run as `python leash.py PARENT_PID PROGRAM ARGUMENT…`. Owns nothing else and imports the standard library only, because every
child of the demo passes through it. Where the kernel knows no parent-death signal, the workloads watch their parent
themselves (`console.demo.workload`).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the program."""
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent has gone")
    os.execv(program[0], program)  # noqa: S606 - the demo's own programs, named by its own parent


if __name__ == "__main__":
    main(sys.argv[1:])
