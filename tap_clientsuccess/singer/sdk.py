"""What is private of the SDK, under names that are public here.

Its next release may change any of it: `tests/test_sdk_private_names.py` has the list.
"""

from __future__ import annotations

import abc
import typing as t

from singer_sdk import Tap, _logging
from singer_sdk.helpers._batch import BatchConfig
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import _ConfigInput as ConfigInput

__all__ = ["BatchConfig", "ConfigInput", "SdkTap", "read_logging_as_utf8"]


class SdkTap(Tap):
    """The SDK's tap."""

    @classmethod
    @abc.abstractmethod
    def read_variables(cls) -> dict[str, t.Any]:
        """Return the settings in the environment."""

    @abc.abstractmethod
    def check_settings(
        self, settings: dict[str, t.Any], *, raise_errors: bool
    ) -> list[str]:
        """Fill in defaults, and return what is wrong with the settings, or raise it."""

    @property
    def has_mapper(self) -> bool:
        """Whether `setup_mapper` was called."""
        return self._mapper is not None

    def keep_selected_streams(self) -> None:
        """Forget all other streams: the tests of the SDK would select them."""
        selected = {name: each for name, each in self.streams.items() if each.selected}
        self._streams = selected

    @classproperty
    def _env_var_config(cls) -> dict[str, t.Any]:  # noqa: N805
        return cls.read_variables()

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        return self.check_settings(self._config, raise_errors=raise_errors)

    def _setup_signal_handlers(self) -> None:
        """Do nothing: `__main__` handles signals from the start."""


def read_logging_as_utf8() -> None:
    """Read the file of ``SINGER_SDK_LOG_CONFIG`` whatever the locale's encoding is."""

    def load(path: t.Any) -> t.Any:
        import yaml  # noqa: PLC0415 # as the SDK does

        return yaml.safe_load(path.read_bytes())

    _logging._load_yaml_logging_config = load  # noqa: SLF001
