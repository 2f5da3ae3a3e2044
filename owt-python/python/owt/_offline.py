"""What a library wanted to download, and how it gets it where there is no network."""

from __future__ import annotations

from types import TracebackType

from . import _walls

#: By the module that fetches: what to do beforehand, where there is a network.
_BEFOREHAND = {
    "nltk": (
        "NLTK's data is looked for, not downloaded: fetch it once with `python -m nltk.downloader "
        "-d FOLDER NAME`, and start the server with NLTK_DATA=FOLDER"
    ),
    "tiktoken": (
        "tiktoken downloads an encoding when it is first used: use it once where there is a "
        "network, with TIKTOKEN_CACHE_DIR=FOLDER, and start the server with the same"
    ),
    "huggingface_hub": (
        "models of Hugging Face are downloaded when they are first used: load this one once where "
        "there is a network, with HF_HOME=FOLDER, and start the server with the same and "
        "HF_HUB_OFFLINE=1"
    ),
    "torch.hub": (
        "torch.hub downloads when something is first used: load it once where there is a network, "
        "with TORCH_HOME=FOLDER, and start the server with the same"
    ),
    "sklearn.datasets": (
        "scikit-learn downloads data when it is first used: fetch it once where there is a "
        "network, with SCIKIT_LEARN_DATA=FOLDER, and start the server with the same"
    ),
}
# Errors of files that are there or not, and no network's.
_FILES = (FileNotFoundError, FileExistsError, PermissionError, NotADirectoryError)


def hint(error: BaseException) -> str:
    """Give what to add to an error of a download. Empty for every other error."""
    causes = list(_walls.causes(error))
    module = next(filter(None, (_fetcher(cause.__traceback__) for cause in causes)), None)
    if module is None:
        return ""
    is_missing = module == "nltk" and type(error) is LookupError
    # Errors of requests, urllib and sockets are all of this kind.
    is_of_network = any(
        isinstance(cause, OSError) and not isinstance(cause, _FILES) for cause in causes
    )
    return f"; {_BEFOREHAND[module]}" if is_missing or is_of_network else ""


def _fetcher(traceback: TracebackType | None) -> str | None:
    """The innermost module of those that fetch, of all that the error passed."""
    found = None
    while traceback is not None:
        parts = str(traceback.tb_frame.f_globals.get("__name__")).split(".")
        for name in (parts[0], ".".join(parts[:2])):
            found = name if name in _BEFOREHAND else found
        traceback = traceback.tb_next
    return found
