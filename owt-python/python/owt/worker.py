"""The main of a worker in a Python that was started as a program; ``owt serve`` starts it."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main(arguments: list[str]) -> NoReturn:
    """Be a worker until the server says stop: ``VERSION SOCKET LOG CLAIMS FILES``."""
    import __main__

    # Adaptors find what they find where owt starts Python itself.
    for name in ("main", "sys"):
        __main__.__dict__.pop(name, None)
    sys.argv[:] = [""]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    version, *numbers = arguments
    try:
        import owt._native as native

        if native.__version__ != version:
            raise ImportError(
                f"the extension {native.__file__} is of owt {native.__version__}, and the"
                f" server is owt {version}: install both from one wheel, or build both anew"
            )
        native.work(*map(int, numbers))
    except BaseException as error:
        # A traceback would tell of this file and no more.
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
