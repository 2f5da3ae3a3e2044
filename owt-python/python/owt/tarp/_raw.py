"""Holds a result that goes to the caller as it is."""

from __future__ import annotations

from .. import _json


class rawPayload:
    """Bytes of a media type, which are the whole answer.

    Text is sent in UTF-8, any other value as JSON. The type is `application/octet-stream` unless
    it is given.
    """

    def __init__(self, payload: object, mimetype: str = "auto") -> None:
        """Take what to send, and its type."""
        self.payload = payload
        self.mimetype = "application/octet-stream" if mimetype == "auto" else mimetype

    def __bytes__(self) -> bytes:
        """Give what is sent."""
        if isinstance(self.payload, (bytes, bytearray, memoryview)):
            return bytes(self.payload)
        if isinstance(self.payload, str):
            return self.payload.encode()
        return _json.encoded(self.payload)
