"""Under which names the streams that are read leave, and with which columns."""

from __future__ import annotations

import logging
import typing as t
from collections import Counter
from dataclasses import replace

from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    CustomStreamMap,
    PluginMapper,
    RemoveRecordTransform,
)

from tap_clientsuccess.errors import config_error
from tap_clientsuccess.singer.flattening import (
    LONGEST_NAME,
    ColumnNames,
    FlatteningPlan,
)
from tap_clientsuccess.singer.sdk import selected_schema
from tap_clientsuccess.singer.stream_maps import as_sent, maps_for, transformed

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.helpers.types import TapState
    from singer_sdk.mapper import StreamMap

    from tap_clientsuccess.records import JSONSchema
    from tap_clientsuccess.singer.flattening import Path
    from tap_clientsuccess.singer.stream import RecordStream

logger = logging.getLogger("tap-clientsuccess")

OWNERS = "column_owners"
"""The key in a stream's state of the names that several fields want."""


class StreamMapper(PluginMapper):
    """The SDK's stream maps, with flattening by `FlatteningPlan`."""

    def __init__(self, config: Mapping[str, t.Any]) -> None:
        # The SDK removes `__else__` from what it is given.
        stream_maps = {**config.get("stream_maps", {})}
        super().__init__({**config, "stream_maps": stream_maps}, logger)
        self._all_maps = self.stream_maps_dict
        self._longest = config.get("flattening_max_key_length") or LONGEST_NAME
        self._flattening = self.flattening_options
        self.flattening_options = replace(self._flattening, enabled=False)
        self._streams: dict[str, str] = {}
        self._names: Counter[str] = Counter()
        """Under how many streams a name would leave, if all were read."""

    def register(self, stream: RecordStream, state: TapState) -> None:
        """Decide what is sent of a stream. A stream that sends nothing is not read.

        The state remembers which field has a name that several want. Rows that are not
        sent again keep its values, even when the field is deleted.

        Raises:
            ConfigValidationError: What a stream map makes of it cannot be sent, or
                flattening divides a key.
        """
        name, keys = stream.name, stream.primary_keys
        self._names.update(self._names_of(name))
        if not stream.selected:
            nothing = RemoveRecordTransform(name, {}, keys, self.flattening_options)
            self.stream_maps[name] = [nothing]
            return
        everything = stream.effective_schema
        selected = selected_schema(stream)
        stream_maps = self._fitting(stream, selected)
        for stream_map in stream_maps:
            self._check_name(name, stream_map)
        if all(isinstance(m, RemoveRecordTransform) for m in stream_maps):
            # Read, its bookmark would pass records that were never sent.
            stream.selected = False
            logger.info("%s: skipped, because stream_maps leaves it out", name)
        elif self._flattening.enabled and self._flattening.max_level > 0:
            is_part = selected != everything
            whole = self._made(name, everything, keys) if is_part else stream_maps
            owners = _owners(state, name)
            for stream_map, unselected in zip(stream_maps, whole, strict=True):
                self._flatten(stream_map, unselected.transformed_schema, owners)
            if owners:
                entry = state.setdefault("bookmarks", {}).setdefault(name, {})
                entry[OWNERS] = {field: list(path) for field, path in owners.items()}
        for stream_map in stream_maps:
            if isinstance(stream_map, CustomStreamMap):
                _send_as_the_sdk(stream_map)
        self.stream_maps[name] = stream_maps

    @property
    def shared_names(self) -> set[str]:
        """The names of several streams, whether these are read or not."""
        return {name for name, count in self._names.items() if count > 1}

    def _names_of(self, name: str) -> set[str]:
        maps = maps_for(self._all_maps, name)
        given = [made for made in maps.values() if isinstance(made, dict)]
        aliases = {made.get(MAPPER_ALIAS_OPTION, name) for made in given}
        return {alias for alias in aliases if isinstance(alias, str)} or {name}

    def _fitting(self, stream: RecordStream, schema: JSONSchema) -> list[StreamMap]:
        """Make the maps of a stream; patterns need not fit what the tap itself says.

        Raises:
            ConfigValidationError: They fail.
        """
        name, keys = stream.name, stream.primary_keys
        try:
            stream_maps = self._made(name, schema, keys)
            if stream.example:
                for stream_map in stream_maps:
                    transformed(stream_map, dict(stream.example))
        except Exception:
            if not stream.example or name in self._all_maps:
                raise
            logger.warning(
                "%s: sent without the patterns in stream_maps, which do not fit it",
                name,
            )
            patterns, self._all_maps = self._all_maps, {}
            stream_maps = self._made(name, schema, keys)
            self._all_maps = patterns
        return stream_maps

    def _made(
        self, name: str, schema: JSONSchema, keys: Sequence[str] | None
    ) -> list[StreamMap]:
        # The SDK would evaluate the aliases of the others as well.
        self.stream_maps_dict = maps_for(self._all_maps, name)
        self.register_raw_stream_schema(name, schema, keys)
        stream_maps = self.stream_maps.pop(name)
        # One that drops all records is of no use beside others.
        sending = [m for m in stream_maps if not isinstance(m, RemoveRecordTransform)]
        return sending or stream_maps[:1]

    def _flatten(
        self, stream_map: StreamMap, everything: JSONSchema, owners: dict[str, Path]
    ) -> None:
        name = stream_map.stream_alias
        plan = FlatteningPlan(
            name,
            stream_map.transformed_schema,
            self._flattening.max_level,
            ColumnNames(self._flattening.separator, self._longest, owners),
            everything,
        )
        for key in stream_map.transformed_key_properties or ():
            if key not in plan.schema["properties"]:
                raise config_error(
                    f"flattening divides {key} into its fields, but it is a key of "
                    f"{name}"
                )
        stream_map.flattening_options = self._flattening
        stream_map.transformed_schema = plan.schema
        stream_map.flatten_record = plan.flatten  # type: ignore[method-assign]

    def _check_name(self, stream: str, stream_map: StreamMap) -> None:
        if isinstance(stream_map, RemoveRecordTransform):
            return
        name = stream_map.stream_alias
        if not (name and isinstance(name, str)):
            raise config_error(f"stream_maps.{stream}: __alias__ is not a name")
        if name in self._streams:
            logger.warning(
                "%s and %s are both sent as %s: a target takes them for one stream",
                self._streams[name],
                stream,
                name,
            )
        self._streams[name] = stream


def _owners(state: TapState, stream: str) -> dict[str, Path]:
    found = state.get("bookmarks", {}).get(stream, {}).get(OWNERS)
    return {
        name: tuple(path)
        for name, path in (found if isinstance(found, dict) else {}).items()
        if isinstance(path, list)
    }


def _send_as_the_sdk(stream_map: CustomStreamMap) -> None:
    """Let the values that expressions make leave in the SDK's form, flattened or not.

    The encoders of the writer, of flattening and of batch files have others.
    """
    flatten = stream_map.flatten_record
    stream_map.flatten_record = lambda record: flatten(as_sent(record))  # type: ignore[method-assign]
