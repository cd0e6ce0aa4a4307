"""The command line's options, and the settings that they make."""

from __future__ import annotations

from argparse import (
    Action,
    ArgumentDefaultsHelpFormatter,
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
    Namespace,
)
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from clientsuccess_sandbox.faults import Edits, Rule, rule_from_text
from clientsuccess_sandbox.settings import (
    DEFAULT_KEY,
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Behaviour,
    CompanySettings,
)

DEFAULT_PORT: Final = 8765
FILE_OPTIONS: Final = ("ready_file",)
_KINDS: Final = (
    *("clients", "contacts", "contracts", "client_notes", "pulses", "products"),
    *("tasks", "employees"),
)
_MAYBE_MODIFIED: Final = ("client_notes", "pulses")
_COMPANY: Final = CompanySettings()
_BEHAVIOUR: Final = Behaviour()
# Options that are no settings of a sandbox by themselves.
_OTHERS: Final = (*FILE_OPTIONS, "fault", "edits_per_request", "verbose")


def make_parser() -> ArgumentParser:
    """Make the command's parser."""
    parser = ArgumentParser(
        prog="clientsuccess-sandbox",
        description="A ClientSuccess with made-up data, on this machine, over HTTP.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    _add_server(parser)
    _add_company(parser)
    _add_behaviour(parser)
    _add_misbehaviour(parser)
    return parser


def settings_from(options: Namespace) -> dict[str, Any]:
    """Turn parsed options into the settings of a sandbox."""
    settings = {k: v for k, v in vars(options).items() if k not in _OTHERS}
    settings["ignore"] = dict(options.ignore)
    settings["modification_times"] = dict(options.modification_times)
    settings["missing_custom_fields"] = {
        **_BEHAVIOUR.missing_custom_fields,
        **dict(options.missing_custom_fields),
    }
    settings["rules"] = [*options.fault, *_edits(options.edits_per_request)]
    return settings


def _add_server(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("server")
    group.add_argument("--host", default="127.0.0.1", help="address to listen on")
    group.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        metavar="NAME",
        action="append",
        default=[],
        help="further name that requests may call it by (Host header); * allows all",
    )
    group.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port; 0 takes a free one"
    )
    group.add_argument(
        "--key", dest="api_key", default=DEFAULT_KEY, help="key that opens the API"
    )
    group.add_argument("--username", default=DEFAULT_USERNAME, help="for a login")
    group.add_argument("--password", default=DEFAULT_PASSWORD, help="for a login")
    group.add_argument(
        "--ready-file", type=Path, help="file to write the base URL to once it answers"
    )
    group.add_argument(
        "--verbose", action="store_true", help="show each request on stderr"
    )


def _add_company(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("company")
    group.add_argument(
        "--seed", type=int, default=_COMPANY.seed, help="same seed, same data"
    )
    group.add_argument("--now", default=_COMPANY.now, help="time at which it ends")
    group.add_argument(
        "--ties",
        type=float,
        default=_COMPANY.ties,
        help="share of records that share a modification time",
    )
    for kind in _KINDS:
        group.add_argument(
            f"--{kind.replace('_', '-')}",
            type=int,
            default=getattr(_COMPANY, kind),
            help=f"number of {kind.replace('_', ' ')}",
        )
    group.add_argument(
        "--modification-times",
        "--no-modification-times",
        action=_KindSwitch,
        default=[],
        choices=_MAYBE_MODIFIED,
        help="whether records of this kind show when they were modified",
    )


def _add_behaviour(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("behaviour")
    for name, text in (
        ("default_size", "records of a page if the request names no size"),
        ("max_size", "most records of a page"),
    ):
        _add_value(group, name, int, text)
    _add_value(group, "max_depth", int, "places that a search reaches")
    _add_choice(group, "beyond_depth", "what it answers further down")
    _add_value(group, "extra_total", int, "records that are counted but never given")
    _add_choice(group, "filter_precision", "what modifiedAfter can tell apart")
    _add_value(
        group,
        "filter_zone",
        float,
        "hours that the server's zone is ahead of UTC; modifiedAfter is read as a "
        "time of that zone, whatever its offset",
    )
    for name, text in (
        ("token_seconds", "seconds for which a session token is good"),
        ("latency", "seconds before each answer"),
    ):
        _add_value(group, name, float, text)
    for name, text in (
        ("echo_size", "report the size asked for, not the true one"),
        ("cap_total", "count no further than a search reaches"),
        ("odd_types", "clientType.key is an integer in every client"),
        ("inclusive", "modifiedAfter includes the moment itself"),
        ("unstable_ties", "equal sort values come in another order each time"),
        ("key_opens_v1", "the API key opens v1 too"),
        ("gzip", "compress answers"),
    ):
        _add_switch(group, name, text)
    group.add_argument(
        "--clock-offset", type=float, default=0.0, help="seconds the clock is ahead"
    )


def _add_misbehaviour(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("misbehaviour")
    group.add_argument(
        "--fault",
        type=_rule,
        action="append",
        default=[],
        help='such as "status=503,probability=0.1,path=/client/search", or JSON',
    )
    group.add_argument(
        "--edits-per-request",
        type=int,
        default=0,
        help="random edits of what is read, after each page of it",
    )
    group.add_argument(
        "--ignore",
        type=_ignored,
        action="append",
        default=[],
        help='parameters not looked at, such as "/pulse/search:modifiedAfter,sortBy"',
    )
    group.add_argument(
        "--missing-custom-fields",
        type=_missing,
        action="append",
        default=[],
        help="resource type without custom fields, and the status, as in GOAL=404",
    )


def _add_value(group: Any, name: str, kind: type, text: str) -> None:
    option = f"--{name.replace('_', '-')}"
    default = getattr(_BEHAVIOUR, name)
    group.add_argument(option, type=kind, default=default, help=text)


def _add_choice(group: Any, name: str, text: str) -> None:
    option = f"--{name.replace('_', '-')}"
    choices = get_args(get_type_hints(Behaviour)[name])
    default = getattr(_BEHAVIOUR, name)
    group.add_argument(option, choices=choices, default=default, help=text)


def _add_switch(group: Any, name: str, text: str) -> None:
    option = f"--{name.replace('_', '-')}"
    default = getattr(_BEHAVIOUR, name)
    group.add_argument(option, action=BooleanOptionalAction, default=default, help=text)


class _KindSwitch(Action):
    """Collects `--x KIND` and `--no-x KIND` as (kind, yes or no)."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Remember one of them."""
        on = not (option_string or "").startswith("--no-")
        known = [*getattr(namespace, self.dest), (values, on)]
        setattr(namespace, self.dest, known)


def _edits(count: int) -> list[Rule]:
    rules: list[Rule] = []
    if count:
        rules = [Edits("*/search", count=count), Edits("*/task/all", count=count)]
    return rules


def _rule(text: str) -> Rule:
    try:
        return rule_from_text(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from None


def _ignored(text: str) -> tuple[str, list[str]]:
    path, colon, names = text.partition(":")
    if not colon:
        raise ArgumentTypeError("expected PATH:PARAMETER,PARAMETER")
    return path, [name.strip() for name in names.split(",")]


def _missing(text: str) -> tuple[str, int]:
    resource, _, status = text.partition("=")
    try:
        return resource, int(status)
    except ValueError:
        raise ArgumentTypeError("expected RESOURCE=STATUS") from None
