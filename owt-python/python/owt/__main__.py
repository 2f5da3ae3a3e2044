"""`python -m owt` is the program `owt`, for this Python unless another is asked for."""

import sys

from .server import become

if __name__ == "__main__":
    become(sys.argv[1:])
