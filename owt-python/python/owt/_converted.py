"""Tells pydantic's refusal to convert a call's arguments from one that the code came to itself."""

from __future__ import annotations

from typing import Any

# So many fields are told by name.
_FIELDS = 20
# Whose frames may lie between the call and the refusal.
_BETWEEN = ("pydantic", "owt._loop")


def refusal(exc: BaseException) -> str | None:
    """What does not fit the arguments, field by field; None if `exc` says nothing of them.

    It does where a function under `validate_call`, or a model or dataclass that is called itself,
    raised a `ValidationError` before any other code ran.
    """
    kind = type(exc)
    library = kind.__module__.partition(".")[0]
    if kind.__name__ != "ValidationError" or library not in ("pydantic", "pydantic_core"):
        return None
    tb = exc.__traceback__
    while tb is not None:
        module = str(tb.tb_frame.f_globals.get("__name__"))
        if module != _BETWEEN[1] and module.partition(".")[0] != _BETWEEN[0]:
            return None
        tb = tb.tb_next
    errors: list[dict[str, Any]] = exc.errors()  # type: ignore[attr-defined]
    said = [f"`{_place(one)}`: {one['msg']}" for one in errors[:_FIELDS]]
    more = [f"{len(errors) - _FIELDS} more"] if len(errors) > _FIELDS else []
    return f"the arguments do not fit: {'; '.join(said + more)}"


def _place(error: dict[str, Any]) -> str:
    return ".".join(map(str, error["loc"]))
