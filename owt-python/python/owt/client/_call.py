"""A call on its way out: the code, its arguments as a Python expression, and the options."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote_plus

from ._literals import decimal, literal

if TYPE_CHECKING:
    from typing_extensions import Self

DEFAULT_FN_NAME: Final = "run"

_ADDRESS = re.compile(r"\s*(https?://|unix:/)")


class Call(NamedTuple):
    """What one request asks for. `kwargs` is an expression, `timeout` is in seconds."""

    code: str
    kwargs: str | None = None
    fn_name: str | None = None
    use_cache: bool = False
    cache_kwargs: bool = False
    cache_key_override: str | None = None
    cache_shared: bool = False
    timeout: float | None = None

    @classmethod
    def of(
        cls,
        code: str,
        /,
        *values: object,
        kwargs: str | Mapping[str, object] | None = None,
        fn_name: str | None = None,
        use_cache: bool = False,
        cache_kwargs: bool = False,
        cache_key_override: str | None = None,
        cache_shared: bool = False,
        timeout: float | None = None,
        **named: object,
    ) -> Self:
        """The call of `code` with these arguments.

        They are `named` ones, or one unnamed value (a pipeline's input), or all in `kwargs`: a
        mapping, whose names may be those of options, or text, a Python expression sent as it is.
        Raises `TypeError` for what cannot be sent.
        """
        if not isinstance(code, str):
            raise TypeError(f"code is text, not {type(code).__name__}: give a function to `remote`")
        if begun := _ADDRESS.match(code):
            raise ValueError(
                f"the code begins with {begun[1]!r}, as an address does: give that by "
                "`Client(address)` or `address=`"
            )
        if kwargs is not None and (values or named):
            raise TypeError("give kwargs or arguments, not both")
        text: str | None
        if isinstance(kwargs, Mapping):
            text = arguments((), kwargs) or "{}"
        else:
            text = arguments(values, named) if kwargs is None else kwargs
        return cls(
            code,
            text,
            fn_name,
            use_cache,
            cache_kwargs,
            cache_key_override,
            cache_shared,
            timeout,
        )

    def body(self) -> list[bytes]:
        """The JSON body of a POST as it is sent, in pieces: of large arguments there is no copy."""
        pieces = [b'{"code_b64":"', base64.b64encode(self.code.encode()), b'"']
        if self.kwargs is not None:
            pieces += [b',"kwargs_b64":"', base64.b64encode(self.kwargs.encode()), b'"']
        if settings := self._settings():
            pieces += [b",", json.dumps(settings).encode()[1:-1]]
        return [*pieces, b"}"]

    def form(self) -> dict[str, str]:
        """The fields of a form."""
        fields = {"code_b64": _base64(self.code)}
        if self.kwargs is not None:
            fields["kwargs_b64"] = _base64(self.kwargs)
        texts = {name: _text(value) for name, value in self._settings().items()}
        return {**fields, **texts}

    def json(self) -> dict[str, Any]:
        """The JSON body of a POST: the code, and what differs from the default."""
        fields: dict[str, Any] = {"code_b64": _base64(self.code)}
        if self.kwargs is not None:
            fields["kwargs_b64"] = _base64(self.kwargs)
        return fields | self._settings()

    def query(self) -> str:
        """The query string of a GET, or of a POST that brings data."""
        fields = {"code_b64": _base64_for_url(self.code)}
        if self.kwargs is not None:
            fields["kwargs_b64"] = _base64_for_url(self.kwargs)
        for name, value in self._settings().items():
            fields[name] = _setting(value)
        return "&".join(f"{name}={value}" for name, value in fields.items())

    def _settings(self) -> dict[str, Any]:
        settings = {
            "fn_name": None if self.fn_name == DEFAULT_FN_NAME else self.fn_name,
            "use_cache": self.use_cache or None,
            "cache_kwargs": self.cache_kwargs or None,
            "cache_key_override": self.cache_key_override,
            "cache_shared": self.cache_shared or None,
            "timeout": self.timeout,
        }
        return {name: value for name, value in settings.items() if value is not None}


def arguments(values: tuple[object, ...], named: Mapping[str, object]) -> str | None:
    """The expression for a call's arguments, None when there are none."""
    if values and named:
        raise TypeError("a call has named arguments or one unnamed value, not both")
    if len(values) > 1:
        raise TypeError(
            f"a call has one unnamed value, not {len(values)}; name them, or send a list"
        )
    if values:
        if values[0] is None:
            return None
        text = literal(values[0])
        # The server evaluates a text once more; this way that gives the text itself.
        return literal(text) if type(values[0]) is str else text
    if not named:
        return None
    pairs = (
        f"{literal(name)}: {literal(item, f'the argument {name}', depth=1)}"
        for name, item in named.items()
    )
    return "{" + ", ".join(pairs) + "}"


def _setting(value: object) -> str:
    # As HTML forms write it (WHATWG URL, application/x-www-form-urlencoded).
    return quote_plus(_text(value), safe="*").replace("~", "%7E")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else decimal(value)
    return str(value)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64_for_url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
