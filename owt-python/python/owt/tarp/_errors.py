"""Names the two failures that TARP tells its callers from all others."""

from __future__ import annotations


class OperationInProgress(Exception):
    """What was asked for is not there yet: ask again after `retry_after` seconds."""

    def __init__(
        self, message: str = "Operation not completed. Please wait.", retry_after: float = 5
    ) -> None:
        """Take what to tell the caller, and when it may ask again."""
        self.message = message
        self.retry_after = retry_after
        super().__init__(message)


class InvalidServerState(Exception):
    """The server cannot do what was asked for in the state that it is in."""

    def __init__(self, message: str = "Server is in an invalid state.") -> None:
        """Take what to tell the caller."""
        self.message = message
        super().__init__(message)
