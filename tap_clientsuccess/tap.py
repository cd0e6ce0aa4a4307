"""The tap: its settings, its streams, its command line."""

from __future__ import annotations

import contextlib
import copy
import logging
import typing as t
from functools import cached_property, partial

import click
from singer_sdk import Tap
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import StateMessage
from singer_sdk.streams.rest import HTTPRequest
from singer_sdk.tap_base import CliTestOptionValue

from tap_clientsuccess import settings
from tap_clientsuccess.api import ClientSuccessAPI
from tap_clientsuccess.catalog import complete_catalog
from tap_clientsuccess.cli import (
    CONNECTION,
    TapCommand,
    check_environment,
    read_config,
    read_object,
    read_state,
    with_connection_test,
)
from tap_clientsuccess.errors import ApiError, broken
from tap_clientsuccess.flights import Flights
from tap_clientsuccess.health import check_health
from tap_clientsuccess.interruption import (
    LEAVE_WITHIN_SECONDS,
    Interrupted,
    Interruption,
)
from tap_clientsuccess.output import BufferedWriter, OutputError
from tap_clientsuccess.records.custom_fields import FieldDefinitions
from tap_clientsuccess.replies import read_list
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.custom import custom_streams, definition_problems
from tap_clientsuccess.validation import problems

if t.TYPE_CHECKING:
    from types import FrameType

    from tap_clientsuccess.client import ClientSuccessStream


# At DEBUG it would show what stream maps make of the records.
logging.getLogger("singer_sdk.mapper").setLevel(logging.INFO)

_TESTS = {CONNECTION, *(test.value for test in CliTestOptionValue)}


class TapClientSuccess(Tap):
    """Reads ClientSuccess: clients, contacts, contracts, notes, pulses and more."""

    name = settings.PACKAGE
    # The SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(settings.SCHEMA)
    message_writer_class = BufferedWriter
    message_writer: BufferedWriter

    def __init__(self, *, parse_env_config: bool = False, **kwargs: t.Any) -> None:
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            check_environment(self.config_jsonschema, self._env_var_prefix)
        self.interruption = Interruption()
        self._failures: list[ApiError] = []
        self.is_configured = True
        super().__init__(parse_env_config=parse_env_config, **kwargs)
        self.message_writer.checkpoint = self.interruption.checkpoint

    @cached_property
    def flights(self) -> Flights:
        """What runs requests at once, shared by all that the tap reads."""
        return Flights(self.api.settings.concurrency, self.interruption.checkpoint)

    @cached_property
    def custom_fields(self) -> FieldDefinitions:
        """The account's custom fields, where the settings allow to read them."""
        wanted = self.is_configured and self.api.settings.discover_custom_fields
        return FieldDefinitions(self._read_definitions if wanted else None)

    def _read_definitions(self, resource: str) -> list[t.Any]:
        url = f"{self.api.settings.base_url}/customfield/all/{resource}"
        ask = partial(self.api.request, read=read_list)
        return self.flights.launch(ask, HTTPRequest(url=url))().content

    def setup_mapper(self) -> None:
        """Set up the stream maps, for a catalog that knows the custom fields."""
        if self.input_catalog is not None:
            resources = {
                stream.name: stream.custom_fields_of  # type: ignore[misc]
                for stream in STREAMS
                if stream.custom_fields_of
            }
            complete_catalog(self.input_catalog, resources, self.custom_fields)
        super().setup_mapper()

    @cached_property
    def api(self) -> ClientSuccessAPI:
        """The API with this tap's settings, one for all streams."""
        return ClientSuccessAPI(settings.Settings.from_config(self.config))

    def discover_streams(self) -> list[ClientSuccessStream]:
        """Return the tap's own streams, and those of the setting `custom_streams`."""
        return [*(stream(self) for stream in STREAMS), *custom_streams(self)]

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Validate the settings in words that hold no value: it may be a secret."""
        self.append_builtin_config(self.config_jsonschema)
        errors = problems(self._config, self.config_jsonschema)
        if not errors and (definitions := self._config.get("custom_streams")):
            taken = [stream.name for stream in STREAMS]  # type: ignore[misc]
            errors = list(definition_problems(definitions, taken))
        if errors and raise_errors:
            raise broken(*errors)
        self.is_configured = not errors
        if errors and self._config.get("api_key"):
            self.logger.warning("Broken settings: %s", "; ".join(errors))
        return errors

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command, with a connection test and errors in one line."""
        command = super().get_singer_command()
        with_connection_test(command.params)
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
    ) -> _ConfigInput:
        """Read the configuration files."""
        return read_config(value)

    def fail_at_the_end(self, error: ApiError) -> None:
        """Let the other streams be read before an error ends the tap."""
        self.logger.warning("%s", error)
        self._failures.append(error)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note a signal; the tap stops between two messages."""
        self.interruption.note(signum)

    def run(self) -> None:
        """Sync all streams; on a signal, leave with a last STATE.

        Raises:
            ApiError: A stream could not be read.
            Interrupted: A signal came.
        """
        try:
            self.sync_all()
        except Interrupted:
            self._leave()
            raise
        if self._failures:
            raise self._failures[0]

    def _leave(self) -> None:
        """Write a last STATE, unless what reads the messages takes too long."""
        with contextlib.suppress(OutputError):
            self.message_writer.write_last(
                StateMessage(value=self.state), within=LEAVE_WITHIN_SECONDS
            )

    @classmethod
    def invoke(  # type: ignore[override] # as the SDK does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: t.IO[str] | None = None,
        catalog: t.IO[str] | None = None,
    ) -> None:
        """Sync, or tell about the tap."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        given = config or _ConfigInput()
        tap = cls(
            config=given.config,
            state=state and read_state(state),
            catalog=catalog and read_object(catalog),
            parse_env_config=given.parse_env,
        )
        tap.run()

    @classmethod
    def cb_test(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: str,
    ) -> None:
        """Run the connection test, or one of the SDK's tests."""
        if value not in _TESTS:
            raise broken(f"--test takes {', '.join(sorted(_TESTS))}", what="option")
        if value != CONNECTION:
            super().cb_test(ctx, param, value)
            return
        logging.getLogger().setLevel(logging.ERROR)
        given = ctx.params["config"]
        tap = cls(
            config=given.config, parse_env_config=given.parse_env, setup_mapper=False
        )
        verdict = check_health(tap.api, tap.interruption.checkpoint)
        click.echo(f"{cls.name}: {verdict.reason}", err=True)
        ctx.exit(0 if verdict.works else 1)
