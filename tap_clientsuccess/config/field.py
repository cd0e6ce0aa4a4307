"""How a setting is declared: once, as a field of a dataclass.

The JSON schema, the typed access and the generated documentation come from the field. A
rule for its value that a JSON schema cannot express is a function, its `check`, or, if
it needs to know the streams, stands in `tap.py`.
"""

from __future__ import annotations

import typing as t
from dataclasses import field, fields
from functools import partial

from singer_sdk import typing as th

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Check = Callable[[t.Any], Iterable[str]]


def setting(  # noqa: PLR0913 # all that is known of a setting
    kind: th.JSONTypeHelper[t.Any] | type[th.JSONTypeHelper[t.Any]],
    title: str,
    description: str,
    *,
    default: t.Any = None,
    secret: bool = False,
    read: Callable[[t.Any], t.Any] = lambda value: value,
    check: Check | None = None,
) -> t.Any:
    """Declare a setting, as the default of the field with its name.

    Args:
        kind: Its type, with the values that it allows.
        title: Its name for people.
        description: What it does.
        default: Its value where it is not set, or is null.
        secret: Whether its value may never be shown.
        read: Makes the field's value from the configuration's, or from the default.
        check: Finds what is wrong with a value of the right type, and yields what
            follows the setting's name in a sentence.
    """
    said: t.Any = {"title": title, "description": description, "secret": secret}
    declare = partial(th.Property, wrapped=kind, default=default, **said)
    metadata = {"declare": declare, "default": default, "read": read, "check": check}
    return field(repr=not secret, metadata=metadata)


def json_schema(settings: type) -> dict[str, t.Any]:
    """Return the JSON schema of a class of settings."""
    declared = [each.metadata["declare"](each.name) for each in fields(settings)]
    return th.PropertiesList(*declared).to_dict()


def values(settings: type, config: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the values of all fields of a class of settings.

    What a valid configuration lacks, or has as null, gets its default.
    """
    found = {}
    for each in fields(settings):
        given = config.get(each.name)
        value = each.metadata["default"] if given is None else given
        found[each.name] = each.metadata["read"](value)
    return found


def checks(settings: type) -> Iterator[tuple[str, Check]]:
    """Yield the settings that have a check, each with it."""
    for each in fields(settings):
        if check := each.metadata["check"]:
            yield each.name, check
