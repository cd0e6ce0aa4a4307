"""Keep what users build on under `tests/golden`: `--about`, and the catalog.

`make docs` writes the files, and a test compares. So a setting or field that goes, or a
type that narrows, shows in review.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import typing as t

import yaml
from commands import ROOT

from tap_clientsuccess.tap import TapClientSuccess

FOLDER = ROOT / "tests" / "golden"
_CHANGING = ("version", "sdk_version", "supported_python_versions")


def texts() -> dict[str, str]:
    """Return the text of each file, by its name; YAML, as a field is one line there."""
    tap = TapClientSuccess(validate_config=False, setup_mapper=False)
    return {"about.yml": _text(_about()), "catalog.yml": _text(tap.catalog_dict)}


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
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
