"""What Meltano and `.env` are told of the settings, written from their schema.

cog calls this in `meltano.yml` and `.env.example`. `plugin.yml` has no cog block, as
Meltano copies it with every comment: `files.py` writes it.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
import typing as t

import yaml
from commands import ROOT

from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.tap import TapClientSuccess

SDK: dict[str, t.Any] = {"properties": {}}
TapClientSuccess.append_builtin_config(SDK)
OWN: dict[str, dict[str, t.Any]] = {
    # The SDK adds its settings to those of the tap, as soon as there is a tap.
    name: schema
    for name, schema in SCHEMA["properties"].items()
    if name not in SDK["properties"]
}
HEAD = "# `make docs` writes this file; docs/meltano.md says how to use it.\n"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
URLS = PROJECT["urls"]
PYTHON = "Programming Language :: Python :: "
TAG = f"v{PROJECT['version']}"
USAGE = (
    "Test the key with `meltano invoke tap-clientsuccess --test`. Load into a target "
    "that upserts by the primary key, as each run sends the newest records again."
)
HUB: dict[str, t.Any] = {
    "name": "tap-clientsuccess",
    "variant": "complete",
    # Without a variable: Meltano would replace one that is not set by nothing.
    "pip_url": f"git+{URLS['Repository']}.git@{TAG}",
    "repo": URLS["Repository"],
    "docs": f"{URLS['Repository']}/blob/{TAG}/docs/meltano.md",
    "logo_url": "https://hub.meltano.com/assets/logos/extractors/clientsuccess.png",
    "domain_url": "https://www.clientsuccess.com",
    "keywords": ["api", "meltano_sdk"],
    "maintenance_status": "beta",
    "quality": "unknown",
    "supported_python_versions": [
        classifier.removeprefix(PYTHON)
        for classifier in PROJECT["classifiers"]
        if classifier.startswith(f"{PYTHON}3.")
    ],
    "usage": USAGE,
}
"""What only a definition says, as Meltano's hub names it."""


def definition() -> str:
    """Write the definition of the plugin, in the form of Meltano's hub."""
    return f"{HEAD}{yaml.safe_dump(HUB | _extractor(), sort_keys=False, width=88)}"


def extractor(indent: int) -> str:
    """Write what a definition says apart from where the tap is."""
    text = yaml.safe_dump(_extractor(), sort_keys=False, width=88 - indent)
    return textwrap.indent(text, " " * indent).rstrip()


def _extractor() -> dict[str, t.Any]:
    return {
        "namespace": "tap_clientsuccess",
        "label": "ClientSuccess",
        "description": "Customer success platform",
        "executable": "tap-clientsuccess",
        "capabilities": sorted(item.value for item in TapClientSuccess.capabilities),
        "settings_group_validation": [
            ["api_key"],
            ["auth_method", "username", "password"],
        ],
        "settings": [_setting(*item) for item in (OWN | SDK["properties"]).items()],
    }


def _setting(name: str, schema: dict[str, t.Any]) -> dict[str, t.Any]:
    options = [{"label": value, "value": value} for value in schema.get("enum", [])]
    entry = {
        "name": name,
        "kind": _kind(schema),
        "options": options,
        # The hub's definitions also say `kind: password`, which Meltano deprecates.
        "sensitive": schema.get("secret"),
        "value": schema.get("default"),
        "label": schema.get("title") or name.replace("_", " ").capitalize(),
        "description": schema["description"],
    }
    return {key: value for key, value in entry.items() if value not in (None, [])}


def _kind(schema: dict[str, t.Any]) -> str:
    if "enum" in schema:
        return "options"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    (kind,) = {*schema["type"]} - {"null"}
    return str(kind)


def variables() -> str:
    """Write the tap's own settings as environment variables, all commented out.

    An API key without a value would be one that users of a password have to remove.
    """
    return "\n\n".join(
        f"# {schema['description']}\n"
        f"# TAP_CLIENTSUCCESS_{name.upper()}="
        f"{_text(schema.get('default', ''))}"
        for name, schema in OWN.items()
    )


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
