"""Where files are found, and that their encoding does not depend on the locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import typing as t
from pathlib import Path

import pytest
from conftest import select

import tap_clientsuccess
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CommandLine

    from clientsuccess_sandbox import Sandbox

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
# As a Windows code page: neither UTF-8 nor able to hold all characters.
NARROW = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
WORD = "größe €"


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Undo what a `.env` sets."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def variables(sandbox: Sandbox) -> str:
    maps = json.dumps({"products": {WORD: "name"}}, ensure_ascii=False)
    return (
        f"# {WORD}\n"
        f"TAP_CLIENTSUCCESS_API_KEY={sandbox.api_key}\n"
        f"TAP_CLIENTSUCCESS_BASE_URL={sandbox.base_url}\n"
        f"TAP_CLIENTSUCCESS_STREAM_MAPS='{maps}'\n"
    )


def write_documents(config: dict[str, t.Any], encoding: str) -> list[str]:
    """Write all documents, and return the options that name them."""
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["products"])
    documents = {
        "config": {**config, "stream_maps": {"products": {WORD: "name"}}},
        "catalog": {**catalog, "note": WORD},
        "state": {"bookmarks": {"products": {"note": WORD}}},
    }
    args = []
    for option, document in documents.items():
        text = json.dumps(document, ensure_ascii=False)
        Path(f"{option}.json").write_bytes(text.encode(encoding))
        args += [f"--{option}", f"{option}.json"]
    return args


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_documents_in_any_encoding(
    bare_cli: CommandLine, config: dict[str, t.Any], encoding: str
) -> None:
    result = bare_cli(*write_documents(config, encoding))
    assert result.exit_code == 0
    assert WORD in json.loads(result.stdout.splitlines()[1])["schema"]["properties"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_variables_in_any_encoding(
    bare_cli: CommandLine, sandbox: Sandbox, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / ".env").write_bytes(variables(sandbox).encode(encoding))
    result = bare_cli("--config=ENV", "--test=schema")
    assert result.exit_code == 0
    assert json.dumps(WORD)[1:-1] in json.dumps(result.stdout).replace("\\\\", "\\")


@pytest.mark.parametrize("option", ["config", "catalog", "state"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("größe".encode("latin-1"), "is not text in UTF-8 or UTF-16"),
        (b"\xff\xfe\x00", "is not text in UTF-8 or UTF-16"),
        (b"", "is empty: write at least {} into it"),
        (b" \n", "is empty"),
        (b'{\n  "a": s3cr3t}', "is not JSON: see line 2, column 8"),
        (b"[1]", "is not a JSON object"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "has more than 100 nested levels"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_document(
    cli: CommandLine, tmp_path: Path, option: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "odd").write_bytes(content)
    result = cli(f"--{option}", "odd")
    assert result.exit_code == 2
    what = {"config": "configuration"}.get(option, option)
    assert f"Invalid {what}: --{option} odd {words}" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("option", ["state", "catalog"])
def test_an_option_that_names_no_file(
    cli: CommandLine, config: dict[str, t.Any], option: str
) -> None:
    """As with a variable of the shell that is not set."""
    result = cli(f"--{option}", "")
    assert result.exit_code == 2
    assert f"Invalid {option}: --{option} names no file" in result.stderr
    assert result.stdout == ""


def test_a_dotenv_file_that_is_no_text(bare_cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TAP_CLIENTSUCCESS_API_KEY=s3cr\xe9t\n")
    result = bare_cli("--config=ENV", "--test")
    assert ".env is not text in UTF-8" in result.stderr
    assert "s3cr" not in result.stderr


def test_a_variable_that_is_set_wins(
    bare_cli: CommandLine,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = variables(sandbox).replace(sandbox.api_key, "wrong")
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TAP_CLIENTSUCCESS_API_KEY", sandbox.api_key)
    assert bare_cli("--config=ENV", "--test").exit_code == 0


@pytest.fixture
def installed_elsewhere(tmp_path: Path) -> dict[str, str]:
    """Install the tap below another folder, which has a `.env`, too."""
    site = tmp_path / "elsewhere" / "venv" / "site-packages"
    site.mkdir(parents=True)
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        (site / package.name).symlink_to(package)
    own = site / "tap_clientsuccess"
    own.unlink(missing_ok=True)
    own.symlink_to(Path(tap_clientsuccess.__file__).parent)
    decoy = "TAP_CLIENTSUCCESS_API_KEY=decoy\n"
    (tmp_path / "elsewhere" / ".env").write_text(decoy, encoding="utf-8")
    return {"PYTHONPATH": str(site), "PATH": os.environ["PATH"]}


def command(env: dict[str, str], folder: Path, *args: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tap_clientsuccess", *args],
        check=False,
        cwd=folder,
        env=env,
        capture_output=True,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("locale", [{}, NARROW], ids=["usual", "narrow"])
def test_variables_come_from_the_working_directory(
    installed_elsewhere: dict[str, str],
    sandbox: Sandbox,
    tmp_path: Path,
    locale: dict[str, str],
) -> None:
    work = tmp_path / "work" / "deep"
    work.mkdir(parents=True)
    (work.parent / ".env").write_text(variables(sandbox), encoding="utf-8")
    env = installed_elsewhere | locale
    code, text = command(env, work, "--config=ENV", "--test=schema")
    assert code == 0, text
    assert WORD in text


def test_no_variables_come_from_where_the_tap_is_installed(
    installed_elsewhere: dict[str, str], tmp_path: Path
) -> None:
    env = installed_elsewhere
    code, text = command(env, tmp_path, "--config=ENV", "--test")
    assert code == 1
    assert "api_key is missing" in text


def test_documents_under_another_locale(config: dict[str, t.Any]) -> None:
    args = write_documents(config, "utf-8")
    code, text = command(dict(os.environ) | NARROW, Path.cwd(), *args)
    assert code == 0, text
    assert WORD in text
