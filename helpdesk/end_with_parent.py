"""Runs a program that ends when the process that started it is gone (Linux; elsewhere it just runs it).

`python end_with_parent.py PARENT_PID PROGRAM ARGUMENT...`, started as a plain file: it imports nothing of the project.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask the kernel for SIGTERM at the end of `parent`, then become the program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the kernel knew
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 -- no shell on purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
