"""`python -m owt.client`."""

import sys

from ._cli import run

sys.exit(run(sys.argv[1:]))
