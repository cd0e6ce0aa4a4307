"""The files that `make docs` writes from first line to last; a test compares.

`tests/golden` keeps what users build on: `--about`, and the catalog. So a setting or
field that goes, or a type that narrows, shows in review.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import typing as t

import plugin
import yaml
from commands import ROOT

from tap_clientsuccess.tap import TapClientSuccess

_CHANGING = ("version", "sdk_version", "supported_python_versions")


def texts() -> dict[str, str]:
    """Return the text of each file, by its path; YAML, as a field is one line there."""
    tap = TapClientSuccess(validate_config=False, setup_mapper=False)
    return {
        "plugin.yml": plugin.definition(),
        "tests/golden/about.yml": _text(_about()),
        "tests/golden/catalog.yml": _text(tap.catalog_dict),
    }


def _about() -> dict[str, t.Any]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        TapClientSuccess.print_about("json")
    about: dict[str, t.Any] = json.loads(printed.getvalue())
    return {name: about[name] for name in about if name not in _CHANGING}


def _text(value: dict[str, t.Any]) -> str:
    plain = json.loads(json.dumps(value))
    return yaml.safe_dump(plain, default_flow_style=None, sort_keys=False, width=10_000)


if __name__ == "__main__":
    logging.disable()
    for path, text in texts().items():
        (ROOT / path).write_text(text, encoding="utf-8")
