"""The forms of results: which media types a value can be given in, and how (docs/forms.md).

A type's forms are found by its qualified name, so no library is imported for them: where a value
is, its library is. They are asked for class by class in the method resolution order.
"""

from __future__ import annotations

from .registry import (
    Form,
    Instead,
    form,
    made,
    of,
    own_plain,
    plain_by_protocol,
    plain_form,
    together,
)

__all__ = [
    "Form",
    "Instead",
    "form",
    "made",
    "of",
    "own_plain",
    "plain_by_protocol",
    "plain_form",
    "together",
]
