"""The tap: its settings, its streams, its command line."""

from __future__ import annotations

import io
import json
import logging
import typing as t
from functools import cached_property

import click
from singer_sdk import Tap

from tap_clientsuccess import settings
from tap_clientsuccess.api import ClientSuccessAPI
from tap_clientsuccess.cli import (
    CONNECTION,
    TapCommand,
    check_environment,
    read_config,
    read_object,
    with_connection_test,
)
from tap_clientsuccess.errors import broken
from tap_clientsuccess.health import check_health
from tap_clientsuccess.streams import STREAMS

if t.TYPE_CHECKING:
    from singer_sdk.plugin_base import _ConfigInput

    from tap_clientsuccess.client import ClientSuccessStream


class TapClientSuccess(Tap):
    """Reads ClientSuccess: clients, contacts, contracts, notes, pulses and more."""

    name = settings.PACKAGE
    config_jsonschema = settings.SCHEMA

    def __init__(self, *, parse_env_config: bool = False, **kwargs: t.Any) -> None:
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            check_environment(self.config_jsonschema, self._env_var_prefix)
        super().__init__(parse_env_config=parse_env_config, **kwargs)

    @cached_property
    def api(self) -> ClientSuccessAPI:
        """The API with this tap's settings, one for all streams."""
        return ClientSuccessAPI(settings.Settings.from_config(self.config))

    def discover_streams(self) -> list[ClientSuccessStream]:
        """Return one stream of each kind."""
        return [stream(self) for stream in STREAMS]

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Validate the settings in words that hold no value: it may be a secret."""
        self.append_builtin_config(self.config_jsonschema)
        errors = settings.problems(self._config, self.config_jsonschema)
        if errors and raise_errors:
            raise broken(*errors)
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

    @classmethod
    def invoke(
        cls,
        *,
        state: t.IO[str] | None = None,
        catalog: t.IO[str] | None = None,
        **kwargs: t.Any,
    ) -> None:
        """Sync, or tell about the tap."""
        super().invoke(state=_checked(state), catalog=_checked(catalog), **kwargs)

    @classmethod
    def cb_test(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: str,
    ) -> None:
        """Run the connection test, or one of the SDK's tests."""
        if value != CONNECTION:
            super().cb_test(ctx, param, value)
            return
        logging.getLogger().setLevel(logging.ERROR)
        given = ctx.params["config"]
        tap = cls(
            config=given.config, parse_env_config=given.parse_env, setup_mapper=False
        )
        verdict = check_health(tap.api)
        click.echo(f"{cls.name}: {verdict.reason}", err=True)
        ctx.exit(0 if verdict.works else 1)


def _checked(file: t.IO[str] | None) -> t.IO[str] | None:
    """Let a file with a JSON object through; it may be a pipe, so read it once."""
    return file and io.StringIO(json.dumps(read_object(file)))
