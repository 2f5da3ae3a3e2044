"""The shape of what a hint names."""

from __future__ import annotations

import collections
import collections.abc as abc
import dataclasses
import enum
import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

from .._hints import kind_of, resolved
from .._multipart import File
from . import _models
from ._carried import Carried, Uploaded
from ._containers import Fixed, Listed, Mapped, union
from ._records import Field, Record
from ._scalars import PLAIN, Choice, Named, choice_of
from ._shape import ANYTHING, Shape

#: Collections by their classes, and what makes each of a list.
_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    **dict.fromkeys(
        (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection, abc.Iterator), list
    ),
    **dict.fromkeys((set, abc.Set, abc.MutableSet), set),
    frozenset: frozenset,
    collections.deque: collections.deque,
}
_MAPS = (dict, abc.Mapping, abc.MutableMapping, collections.OrderedDict)
#: What stands around a hint and says nothing of the value's shape.
_AROUND = ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar")
# So many objects are shown in the schemas of one function: classes that hold each other could go
# on for ever.
_MOST = 500


class Hints:
    """Reads hints where certain names are known."""

    def __init__(self, names: dict[str, Any]) -> None:
        """Take the names of the module that the hints stand in."""
        self._names = names
        self._records: dict[type, Record] = {}
        self._room = [_MOST]

    def shape(self, hint: Any) -> Shape:
        """The shape of what a hint names; anything, of one that cannot be read."""
        hint = self._resolved(hint)
        if hint is inspect.Parameter.empty:
            return ANYTHING
        try:
            plain = PLAIN.get(hint)
        except TypeError:  # what has no hash is in no table
            return ANYTHING
        return plain or self._made(hint)

    def _resolved(self, hint: Any) -> Any:
        """A hint that was written as text, as what it means; one that means nothing is empty."""
        if isinstance(hint, typing.ForwardRef):
            hint = hint.__forward_arg__
        if not isinstance(hint, str):
            return hint
        found = resolved(hint, self._names)
        return inspect.Parameter.empty if found is None and hint.strip() != "None" else found

    def is_required(self, hint: Any) -> bool:
        """False for a member of a TypedDict that is marked so."""
        origin = typing.get_origin(self._resolved(hint))
        return getattr(origin, "_name", None) != "NotRequired"

    def _made(self, hint: Any) -> Shape:
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            return _models.shape(hint) or self.shape(inner[0])
        if origin in (Union, types.UnionType):
            return self._union(hint, inner)
        if origin is Literal:
            return Choice([(value, value) for value in inner])
        kind = kind_of(hint)
        if kind is not None:
            return Carried(kind, _name(origin or hint))
        if origin is tuple or hint is tuple:
            return self._tuple(inner)
        if isinstance(hint, typing.NewType):
            return self.shape(hint.__supertype__)
        if isinstance(hint, typing.TypeVar):
            return self.shape(hint.__bound__) if hint.__bound__ else ANYTHING
        if getattr(origin, "_name", None) in _AROUND and inner:
            return self.shape(inner[0])
        if hasattr(hint, "__value__"):  # `type Name = ...`
            return self.shape(hint.__value__)
        return self._class(origin or hint, inner, hint)

    def _class(self, cls: Any, inner: tuple[Any, ...], hint: Any) -> Shape:
        if cls in _LISTS:
            return Listed(self.shape(inner[0]) if inner else ANYTHING, _LISTS[cls])
        if cls in _MAPS:
            key, value = inner if len(inner) == 2 else (str, Any)
            return Mapped(self.shape(key), self.shape(value))
        if not isinstance(cls, type):
            return ANYTHING
        if issubclass(cls, File):
            return Uploaded()
        model = _models.shape(hint)
        if model is not None:
            return model
        if issubclass(cls, enum.Enum) and len(cls):
            return choice_of(cls)
        return self._record(cls) or Named(_name(cls))

    def _union(self, hint: Any, inner: tuple[Any, ...]) -> Shape:
        kind = kind_of(hint)
        if kind is None:
            return union(self.shape(one) for one in inner)
        # two classes that bytes become are told apart by the first of them
        others = [one for one in inner if kind_of(one) is None]
        return union([Carried(kind, _name(inner[0])), *map(self.shape, others)])

    def _tuple(self, inner: tuple[Any, ...]) -> Shape:
        if not inner:
            return Listed(ANYTHING, tuple)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return Listed(self.shape(inner[0]), tuple)
        return Fixed([self.shape(one) for one in inner])

    def _record(self, cls: type) -> Record | None:
        """The shape of a class with members, the same for each time that it is named."""
        if cls not in self._records:
            find = _fields_of(cls)
            if find is None:
                return None
            # of the module that the class is from
            names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
            hints = Hints({**self._names, **names})
            hints._records, hints._room = self._records, self._room
            self._records[cls] = Record(cls, cls.__name__, lambda: find(hints), self._room)
        return self._records[cls]


def _fields_of(cls: Any) -> Callable[[Hints], dict[str, Field]] | None:
    """What finds the members of a dataclass, a TypedDict or a named tuple."""
    if dataclasses.is_dataclass(cls):
        return lambda hints: {
            field.name: Field(
                hints.shape(field.type),
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING,
            )
            for field in dataclasses.fields(cls)
            if field.init
        }
    if typing.is_typeddict(cls):
        return lambda hints: {
            name: Field(
                hints.shape(hint), name in cls.__required_keys__ and hints.is_required(hint)
            )
            for name, hint in cls.__annotations__.items()
        }
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return lambda hints: {
            name: Field(
                hints.shape(getattr(cls, "__annotations__", {}).get(name, Any)),
                name not in cls._field_defaults,
            )
            for name in cls._fields
        }
    return None


def _name(cls: Any) -> str:
    """A class by its module and its name."""
    name = getattr(cls, "__qualname__", None) or str(cls)
    return f"{getattr(cls, '__module__', '')}.{name}".lstrip(".")
