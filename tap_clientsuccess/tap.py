"""The tap: its settings, its streams, its command line."""

from __future__ import annotations

import contextlib
import copy
import logging
import sys
import typing as t
from functools import partial

import click
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.tap_base import CliTestOptionValue

from tap_clientsuccess.account_check.check import AccountCheck
from tap_clientsuccess.account_check.report import as_json, as_markdown
from tap_clientsuccess.catalog import (
    complete_catalog,
    is_selected,
    make_nullable,
    select_keys,
)
from tap_clientsuccess.cli import (
    ACCOUNT,
    CONNECTION,
    TapCommand,
    adapt_options,
    read_config,
)
from tap_clientsuccess.config.environment import how_to_set, read_environment
from tap_clientsuccess.config.files import read_object
from tap_clientsuccess.config.input_catalog import checked_catalog
from tap_clientsuccess.config.input_state import (
    checked_state,
    effects_missed,
    without_partitions,
    wrong_bookmarks,
)
from tap_clientsuccess.config.settings import DISTRIBUTION, PACKAGE, SCHEMA
from tap_clientsuccess.config.validation import interval_problems, problems
from tap_clientsuccess.errors import ApiError, config_error
from tap_clientsuccess.health import check_connection
from tap_clientsuccess.singer import about_text  # noqa: F401 # it replaces the SDK's
from tap_clientsuccess.singer.batch_files import check_storage
from tap_clientsuccess.singer.mapper import StreamMapper
from tap_clientsuccess.singer.reporter import be_quiet
from tap_clientsuccess.singer.sdk import (
    BatchConfig,
    ConfigInput,
    read_logging_as_utf8,
)
from tap_clientsuccess.singer.signals import stop_signal
from tap_clientsuccess.singer.stream_maps import (
    copied_streams,
    replaced_maps,
    stream_map_error,
    unknown_streams,
)
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.custom import custom_streams, definition_problems
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.sync import SyncTap
from tap_clientsuccess.timestamps import is_future

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.singerlib import Catalog

    from tap_clientsuccess.streams.base import ClientSuccessStream


read_logging_as_utf8()

# At DEBUG the one would log mapped records, the other hundreds of fields of no stream.
for sdk_logger in ("singer_sdk.mapper", "singer_sdk.singerlib.catalog"):
    logging.getLogger(sdk_logger).setLevel(logging.INFO)

# The SDK logs these on every run; `read_config` logs what matters.
_NOISE = {
    "Parsing env var for settings config...",
    "Skipping parse of env var settings...",
}
logging.getLogger(PACKAGE).addFilter(lambda record: record.msg not in _NOISE)

_RETRIES_OF_DISCOVERY = 3
_TESTS = {ACCOUNT, CONNECTION, *(test.value for test in CliTestOptionValue)}


class TapClientSuccess(SyncTap):
    """Reads ClientSuccess: clients, contacts, contracts, notes, pulses and more."""

    name = PACKAGE
    package_name = DISTRIBUTION
    # The SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(SCHEMA)
    mapper: StreamMapper

    def __init__(
        self,
        *,
        parse_env_config: bool = False,
        catalog: t.Any = None,
        state: t.Any = None,
        **kwargs: t.Any,
    ) -> None:
        self._reads_environment = parse_env_config
        self._sources: dict[str, str] = {}
        # A `Catalog` is a dictionary, too, but not a document.
        if type(catalog) is dict:
            catalog = checked_catalog(catalog)
        if isinstance(state, dict):
            state = checked_state(state)
        super().__init__(
            parse_env_config=parse_env_config, catalog=catalog, state=state, **kwargs
        )
        self.message_writer.checkpoint = stop_signal.raise_if_set
        settings = self.context.settings
        if most := settings.requests_per_minute:
            self.logger.info("At most %d requests a minute (requests_per_minute)", most)
        start = settings.start_date
        if start and is_future(start):
            self.logger.warning(
                "start_date is in the future: changes before it are not read"
            )

    def setup_mapper(self) -> None:
        """Decide what is read, under which names, with which columns.

        Raises:
            ConfigValidationError: Stream maps or batch files would fail the sync.
        """
        catalog = self.input_catalog
        if catalog is not None:
            self._settle_selection(catalog)
        self._check_outputs()
        if self.config.get("custom_fields_interval_days") is not None:
            self.logger.warning(
                "custom_fields_interval_days is deprecated: set "
                "full_read_interval_days to an object with custom_fields"
            )
        if catalog is not None:
            resources = {
                stream.name: stream.custom_fields_of  # type: ignore[misc]
                for stream in STREAMS
                if stream.custom_fields_of
            }
            complete_catalog(catalog, resources, self.context.custom_fields)
            make_nullable(catalog)
        streams = self._all_streams
        with self._stream_map_errors():
            for stream in streams:
                self.mapper.register(stream)

    def _check_outputs(self) -> None:
        """Check stream maps and batch files before the first request."""
        stream_maps = self.config.get("stream_maps") or {}
        known = self._names.union(self.input_catalog or ())
        problems = [*unknown_streams(stream_maps, known), *replaced_maps(stream_maps)]
        if problems:
            raise config_error(*problems)
        with self._stream_map_errors():
            self.mapper = StreamMapper(self.config)
        if not (batch_config := self.config.get("batch_config")):
            return
        if copied := list(copied_streams(stream_maps, self._read_names)):
            raise config_error(
                "batch_config cannot be combined with stream_maps that make several "
                f"streams of {' and of '.join(copied)}"
            )
        check_storage(BatchConfig.from_dict(batch_config))

    @contextlib.contextmanager
    def _stream_map_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self.config.get("stream_maps"):
                raise
            raise stream_map_error(error) from None

    def _settle_selection(self, catalog: Catalog) -> None:
        """Remove what the settings turn off, and select the keys of all else."""
        for name, setting in self._disabled_streams.items():
            entry = catalog.pop(name, None)
            if entry and is_selected(entry):
                self.logger.info("%s: skipped, because %s is off", name, setting)
        for entry in catalog.streams:
            name = entry.tap_stream_id
            for key in select_keys(entry):
                self.logger.warning("%s: %s stays selected, as it is a key", name, key)

    def load_state(self, state: dict[str, t.Any]) -> None:
        """Load the state, and warn about streams that start over in spite of it.

        It also remembers names of columns that are not free.

        Raises:
            ConfigValidationError: The bookmark of a stream that is read is not a time.
        """
        super().load_state(without_partitions(state))
        self.has_no_state = not state.get("bookmarks")
        if self.has_mapper:
            self.mapper.flatten(self.state)
        if state:
            self._check_bookmarks(state)

    def _check_bookmarks(self, state: dict[str, t.Any]) -> None:
        keys = {
            stream.name: stream.replication_key
            for stream in self.streams.values()
            if stream.selected
            and stream.replication_key
            and stream.replication_method == REPLICATION_INCREMENTAL
        }
        if problems := list(wrong_bookmarks(state, keys)):
            raise config_error(*problems, what="state")
        for what in effects_missed(state, keys, self._names):
            self.logger.warning("%s", what)

    @property
    def _names(self) -> set[str]:
        """The names of all streams, turned off or not; sends no request."""
        return self._names_of(self.config)

    @staticmethod
    def _names_of(config: Mapping[str, t.Any]) -> set[str]:
        custom = config.get("custom_streams")
        definitions = custom if isinstance(custom, list) else []
        names = [each.get("name") for each in definitions if isinstance(each, dict)]
        built_in = {stream.name for stream in STREAMS}  # type: ignore[misc]
        return built_in | {name for name in names if isinstance(name, str)}

    @property
    def _read_names(self) -> set[str]:
        """The names of the streams that are read; sends no request."""
        names = self._names - self._disabled_streams.keys()
        if self.input_catalog is None:
            return names
        entries = self.input_catalog.items()
        return {name for name, entry in entries if name in names and is_selected(entry)}

    def discover_streams(self) -> list[ClientSuccessStream]:
        """Return the built-in streams and those of the setting `custom_streams`."""
        disabled = self._disabled_streams
        enabled = [stream(self) for stream in STREAMS if stream.name not in disabled]  # type: ignore[misc]
        return [*enabled, *custom_streams(self)]

    @property
    def _disabled_streams(self) -> dict[str, str]:
        """The streams that the settings turn off, each with its setting.

        They are not in the catalog: Meltano selects all that it has.
        """
        settings = self.context.settings
        is_off = {
            ReferenceList: ("v1_streams", settings.v1_streams == "off"),
            DetailStream: ("read_details", not settings.read_details),
        }
        return {
            stream.name: setting  # type: ignore[misc]
            for kind, (setting, applies) in is_off.items()
            for stream in STREAMS
            if applies and issubclass(stream, kind)
        }

    def read_variables(self) -> dict[str, t.Any]:
        """Return the settings in the environment; a misspelled one is an error."""
        self.append_builtin_config(self.config_jsonschema)
        config, self._sources = read_environment(self.config_jsonschema)
        return config

    def check_settings(
        self, settings: dict[str, t.Any], *, raise_errors: bool
    ) -> list[str]:
        """Validate the settings; messages contain no values, which may be secrets.

        Discovery works without settings, but not with invalid ones. Settings at their
        default count as absent, because Meltano always passes them.
        """
        if settings.get("quiet"):
            be_quiet()
        # Only now: whether the run is quiet may stand in a file.
        for variable, source in self._sources.items():
            self.logger.info("%s: read from %s", variable, source)
        self.append_builtin_config(self.config_jsonschema)
        properties = self.config_jsonschema["properties"]
        given = any(
            value is not None and value != properties.get(name, {}).get("default")
            for name, value in settings.items()
        )
        taken = [stream.name for stream in STREAMS]  # type: ignore[misc]
        errors = problems(
            settings,
            self.config_jsonschema,
            how_to_set=partial(how_to_set, is_read=self._reads_environment),
            checks={
                "custom_streams": partial(definition_problems, taken=taken),
                "full_read_interval_days": partial(
                    interval_problems, streams=self._names_of(settings)
                ),
            },
        )
        if errors and (given or raise_errors):
            raise config_error(*errors)
        self.is_configured = not errors
        return errors

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command, with a connection test and one-line errors."""
        command = super().get_singer_command()
        adapt_options(command.params)
        return TapCommand(
            name=command.name,
            callback=command.callback,
            context_settings=command.context_settings,
            params=command.params,
            help=command.help,
            logger=cls.logger,
        )

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,  # noqa: ARG003
        param: click.Option,  # noqa: ARG003
        value: tuple[str, ...],
    ) -> ConfigInput:
        """Read the configuration files."""
        return read_config(value)

    @property
    def shared_names(self) -> set[str]:
        """The names under which several streams leave."""
        return self.mapper.shared_names

    @classmethod
    def invoke(  # type: ignore[override] # noqa: PLR0913 # as the SDK does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: ConfigInput | None = None,
        state: str | None = None,
        catalog: str | None = None,
        test: str = CliTestOptionValue.Disabled.value,
        show_host: bool = False,
    ) -> None:
        """Sync, test, or print information about the tap."""
        if test not in _TESTS:
            raise config_error(
                f"--test must be one of {', '.join(sorted(_TESTS))}", what="option"
            )
        if about:
            cls.print_about(about_format)
            return
        given = config or ConfigInput()
        if test == CONNECTION:
            cls._test_connection(given)
        if test == ACCOUNT:
            cls._check_account(given, about_format, shows_host=show_host)
        cls.print_version(print_fn=cls.logger.info)
        tap = cls(
            config=given.config,
            state=None if state is None else read_object(state),
            catalog=None if catalog is None else read_object(catalog),
            parse_env_config=given.parse_env,
        )
        if test == CliTestOptionValue.Disabled.value:
            tap.run()
        else:
            tap.run_test(test)

    @classmethod
    def _test_connection(cls, given: ConfigInput) -> t.NoReturn:
        logging.getLogger().setLevel(logging.ERROR)
        tap = cls(
            config=given.config, parse_env_config=given.parse_env, setup_mapper=False
        )
        verdict = check_connection(tap.context.client, tap.context.settings)
        if not verdict.works:
            raise ApiError(verdict.reason)
        cls.logger.setLevel(logging.INFO)  # Whatever `quiet` says.
        cls.logger.info(verdict.reason)
        sys.exit()

    @classmethod
    def _check_account(
        cls, given: ConfigInput, form: str | None, *, shows_host: bool
    ) -> t.NoReturn:
        """Print what the account's API does; exit with 0 if a sync would work."""
        tap = cls(
            config=given.config, parse_env_config=given.parse_env, setup_mapper=False
        )
        report = AccountCheck(tap).run(shows_host=shows_host)
        click.echo(as_json(report) if form == "json" else as_markdown(report))
        if report.reasons:
            raise ApiError("; ".join(report.reasons))
        cls.logger.info("Report written, %d requests", report.requests)
        sys.exit()

    @classmethod
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,  # noqa: ARG003
        value: bool,  # noqa: FBT001
    ) -> None:
        """Print the catalog. The SDK's version prints each error on its own line."""
        if value:
            given = ctx.params["config"]
            tap = cls(
                config=given.config,
                parse_env_config=given.parse_env,
                validate_config=False,
                setup_mapper=False,
            )
            # Somebody waits for it.
            tap.context.client.most_tries_unreachable = 1 + _RETRIES_OF_DISCOVERY
            tap.run_discovery()
            ctx.exit()
