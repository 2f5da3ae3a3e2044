"""What to do about a module that is not there: where it was looked for, and how to install it."""

from __future__ import annotations

import importlib.util
import shlex
import sys

#: Distributions whose name is not their module's.
_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "whisper": "openai-whisper",
    "yaml": "pyyaml",
}


def hint(error: ModuleNotFoundError) -> str:
    """Say which Python was looked in, and the command that installs the module there."""
    version = ".".join(map(str, sys.version_info[:3]))
    looked = f"; owt looked in Python {version} at {sys.prefix}"
    module = error.name or ""
    package = module.partition(".")[0]
    if not package.isidentifier() or package == "owt":
        return looked
    if package in sys.modules or is_there(package):
        return f"{looked}, where {package} is, without this part of it"
    return f"{looked}; to install it there: {_command(_DISTRIBUTIONS.get(package, package))}"


def _command(distribution: str) -> str:
    python = shlex.quote(sys.executable)
    if is_there("pip"):
        return f"{python} -m pip install {distribution}"
    # Environments that uv has made have no pip of their own.
    return f"uv pip install --python {python} {distribution}"


def is_there(name: str) -> bool:
    """Whether a module of this name can be imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
