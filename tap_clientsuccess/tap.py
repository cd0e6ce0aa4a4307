"""The tap: its settings, its streams, and the catalog and the state passed in."""

from __future__ import annotations

import contextlib
import copy
import logging
import typing as t
from functools import partial

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_clientsuccess.catalog import is_selected, select_keys
from tap_clientsuccess.cli import command
from tap_clientsuccess.config.environment import how_to_set, read_environment
from tap_clientsuccess.config.input_catalog import checked_catalog
from tap_clientsuccess.config.settings import DISTRIBUTION, PACKAGE, SCHEMA
from tap_clientsuccess.config.validation import interval_problems, problems
from tap_clientsuccess.errors import config_error
from tap_clientsuccess.schedule.input_state import (
    checked_state,
    effects_missed,
    usable_state,
)
from tap_clientsuccess.singer.batch_files import check_storage
from tap_clientsuccess.singer.mapper import StreamMapper
from tap_clientsuccess.singer.reporter import be_quiet
from tap_clientsuccess.singer.sdk import read_logging_as_utf8
from tap_clientsuccess.singer.stream_maps import (
    copied_streams,
    replaced_maps,
    stream_map_error,
    unknown_streams,
)
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.custom import custom_streams, definition_problems
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import CustomFields, ReferenceList
from tap_clientsuccess.sync import SyncTap
from tap_clientsuccess.timestamps import is_future

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click
    from singer_sdk.singerlib import Catalog

    from tap_clientsuccess.streams.base import ClientSuccessStream

read_logging_as_utf8()

# At DEBUG the one would log mapped records, the other hundreds of fields of no stream.
for sdk_logger in ("singer_sdk.mapper", "singer_sdk.singerlib.catalog"):
    logging.getLogger(sdk_logger).setLevel(logging.INFO)

# The SDK logs these on every run; the command line logs what matters.
_NOISE = {
    "Parsing env var for settings config...",
    "Skipping parse of env var settings...",
}
logging.getLogger(PACKAGE).addFilter(lambda record: record.msg not in _NOISE)

_BUILT_IN = {stream.name: stream for stream in STREAMS}  # type: ignore[misc]


class TapClientSuccess(SyncTap):
    """Reads ClientSuccess: clients, contacts, contracts, notes, pulses and more."""

    name = PACKAGE
    package_name = DISTRIBUTION
    # The SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(SCHEMA)
    _sources: Mapping[str, str] | None = None
    """Where each variable was read, if the environment is."""

    def __init__(
        self, *, catalog: t.Any = None, state: t.Any = None, **options: t.Any
    ) -> None:
        # A `Catalog` is a dictionary, too, but not a document.
        if type(catalog) is dict:
            catalog = checked_catalog(catalog)
        if isinstance(state, dict):
            state = checked_state(state)
        super().__init__(catalog=catalog, state=state, **options)
        self.message_writer.checkpoint = self.context.reporter.tick
        settings = self.context.settings
        if most := settings.requests_per_minute:
            self.logger.info("At most %d requests a minute (requests_per_minute)", most)
        start = settings.start_date
        if start and is_future(start):
            self.logger.warning(
                "start_date is in the future: changes before it are not read"
            )

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command line."""
        return command(cls)

    @property
    def _env_var_config(self) -> dict[str, t.Any]:
        """The settings in the environment; a misspelled one is an error."""
        self.append_builtin_config(self.config_jsonschema)
        config, self._sources = read_environment(self.config_jsonschema)
        return config

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Validate the settings; messages contain no values, which may be secrets.

        Discovery works without settings, but not with invalid ones. Settings at their
        default count as absent, because Meltano always passes them.
        """
        settings = self._config
        # Before all else is validated, so not from the typed settings.
        if settings.get("quiet"):
            be_quiet()
        # Only now: whether the run is quiet may stand in a file.
        for variable, source in (self._sources or {}).items():
            self.logger.info("%s: read from %s", variable, source)
        self.append_builtin_config(self.config_jsonschema)
        properties = self.config_jsonschema["properties"]
        given = any(
            value is not None and value != properties.get(name, {}).get("default")
            for name, value in settings.items()
        )
        errors = problems(
            settings,
            self.config_jsonschema,
            how_to_set=partial(how_to_set, is_read=self._sources is not None),
            checks={
                "custom_streams": partial(definition_problems, taken=_BUILT_IN),
                "full_read_interval_days": partial(
                    interval_problems, streams=self._read_by_interval
                ),
            },
        )
        if errors and (given or raise_errors):
            raise config_error(*errors)
        self.is_configured = not errors
        return errors

    @property
    def _read_by_interval(self) -> dict[str, bool]:
        """All streams, turned off or not: whether `full_read_interval_days` applies.

        Sends no request. The settings are not validated yet when it is first needed.
        """
        custom = self.config.get("custom_streams")
        definitions = custom if isinstance(custom, list) else []
        # Every run reads what has no bookmark in full, except custom field definitions.
        known = {
            name: stream is CustomFields or isinstance(stream.replication_key, str)
            for name, stream in _BUILT_IN.items()
        }
        for each in definitions:
            if isinstance(each, dict) and isinstance(name := each.get("name"), str):
                known[name] = bool(each.get("replication_key"))
        return known

    def _setup_signal_handlers(self) -> None:
        """Do nothing: `__main__` handles signals from the start."""

    @property
    def _names(self) -> set[str]:
        """The names of all streams, turned off or not; sends no request."""
        return {*self._read_by_interval}

    @property
    def _turned_off(self) -> dict[str, str]:
        """The streams that the settings turn off, each with its setting.

        They are not in the catalog: Meltano selects all that it has.
        """
        settings = self.context.settings
        kinds: dict[type[ClientSuccessStream], str] = {}
        if settings.v1_streams == "off":
            kinds[ReferenceList] = "v1_streams"
        if not settings.read_details:
            kinds[DetailStream] = "read_details"
        return {
            name: setting
            for kind, setting in kinds.items()
            for name, stream in _BUILT_IN.items()
            if issubclass(stream, kind)
        }

    def discover_streams(self) -> list[ClientSuccessStream]:
        """Return the built-in streams and those of the setting `custom_streams`."""
        names = _BUILT_IN.keys() - self._turned_off
        enabled = [stream(self) for name, stream in _BUILT_IN.items() if name in names]
        return [*enabled, *custom_streams(self)]

    def setup_mapper(self) -> None:
        """Decide what is selected, and prepare its stream maps: see `load_state`.

        Raises:
            ConfigValidationError: Stream maps or batch files would fail the sync.
        """
        if self.input_catalog is not None:
            self._settle_selection(self.input_catalog)
        self._check_outputs()

    def _settle_selection(self, catalog: Catalog) -> None:
        """Remove what the settings turn off, and select the keys of all else."""
        for name, setting in self._turned_off.items():
            entry = catalog.pop(name, None)
            if entry and is_selected(entry):
                self.logger.info("%s: skipped, because %s is off", name, setting)
        for entry in catalog.streams:
            name = entry.tap_stream_id
            for key in select_keys(entry):
                self.logger.warning("%s: %s stays selected, as it is a key", name, key)

    def _check_outputs(self) -> None:
        """Check stream maps and batch files before the first request."""
        stream_maps = self.config.get("stream_maps") or {}
        known = self._names.union(self.input_catalog or ())
        wrong = [*unknown_streams(stream_maps, known), *replaced_maps(stream_maps)]
        if wrong:
            raise config_error(*wrong)
        with self._stream_map_errors():
            self.mapper = StreamMapper(self.config)
        if not (batch_config := self.config.get("batch_config")):
            return
        read = self._names - self._turned_off.keys()
        if self.input_catalog is not None:
            entries = self.input_catalog.items()
            read &= {name for name, entry in entries if is_selected(entry)}
        if copied := list(copied_streams(stream_maps, read)):
            raise config_error(
                "batch_config cannot be combined with stream_maps that make several "
                f"streams of {' and of '.join(copied)}"
            )
        check_storage(batch_config)

    @contextlib.contextmanager
    def _stream_map_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self.config.get("stream_maps"):
                raise
            raise stream_map_error(error) from None

    def load_state(self, state: dict[str, t.Any]) -> None:
        """Load the state, and decide with it what is read, and how it leaves.

        It remembers names of columns that are not free. Warns about streams that start
        over in spite of it.

        Raises:
            ConfigValidationError: The bookmark of a stream that is read is not a time,
                or stream maps would fail the sync.
        """
        super().load_state(usable_state(state))
        self.has_no_state = not state.get("bookmarks")
        if self._mapper is not None:
            streams = self._all_streams
            with self._stream_map_errors():
                for stream in streams:
                    self.mapper.register(stream, self.state)
        if not state:
            return
        keys = {
            stream.name: stream.replication_key
            for stream in self.streams.values()
            if stream.selected
            and stream.replication_key
            and stream.replication_method == REPLICATION_INCREMENTAL
        }
        for what in effects_missed(state, keys, self._names):
            self.logger.warning("%s", what)
