"""The script of docs/scheduling.md: its exit codes, and the state that it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
from conftest import select
from test_readme_samples import SECTIONS, blocks

from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from clientsuccess_sandbox import Sandbox

PAGE = SECTIONS["scheduling.md"]
LOADER = Path(__file__).parent / "stand_in_loader.py"


@pytest.fixture
def place(tmp_path: Path, config: dict[str, t.Any]) -> Path:
    """A folder with the script, and all that it needs."""
    (script,) = blocks(PAGE, "bash")
    catalog = TapClientSuccess(config=config).catalog_dict
    select(catalog, ["clients", "products", "sync_log"])
    files = {
        "sync.sh": script,
        "catalog.json": json.dumps(catalog),
        "target.json": "{}",
        ".env": "".join(
            f"TAP_CLIENTSUCCESS_{name.upper()}={str(value).lower()}\n"
            for name, value in config.items()
        ),
        # Wherever it runs, it loads into this folder.
        "bin/target-jsonl": f'#!/bin/sh\nexec {sys.executable} {LOADER} "$@"\n',
    }
    (tmp_path / "bin").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for program in ("sync.sh", "bin/target-jsonl"):
        (tmp_path / program).chmod(0o755)
    return tmp_path


def run(place: Path, **settings: str) -> int:
    """Run the script as cron does: elsewhere, with hardly any variables."""
    tap = Path(sys.executable).parent
    return subprocess.run(
        [place / "sync.sh"],
        check=False,
        cwd="/",
        capture_output=True,
        timeout=120,
        env={
            "PATH": f"{place / 'bin'}:{tap}:/usr/bin:/bin",
            **{f"TAP_CLIENTSUCCESS_{k.upper()}": v for k, v in settings.items()},
        },
    ).returncode


def bookmark(place: Path) -> str:
    state = json.loads((place / "state.json").read_text())
    time: str = state["bookmarks"]["clients"]["replication_key_value"]
    return time


def test_the_next_run_goes_on_from_the_state(place: Path, sandbox: Sandbox) -> None:
    assert run(place) == 0
    before = bookmark(place)
    sandbox.store.edit("clients", 3, name="edited")
    assert run(place) == 0
    assert bookmark(place) > before
    loaded = json.loads((place / "loaded.json").read_text())
    assert loaded["clients"]["3"]["name"] == "edited"


def test_a_mistake_is_code_2_and_keeps_the_state(place: Path) -> None:
    assert run(place) == 0
    before = bookmark(place)
    assert run(place, api_key="wrong") == 2
    assert bookmark(place) == before


def test_what_a_retry_may_mend_is_code_1(place: Path) -> None:
    away = "http://127.0.0.1:1/api"
    assert run(place, base_url=away, max_retries="0") == 1


def test_missing_records_are_code_3_and_the_state_is_kept(
    place: Path, sandbox: Sandbox
) -> None:
    sandbox.extra_total = 3
    assert run(place, on_incomplete="fail") == 3
    assert (place / "state.json").read_text() != "{}\n"


def test_a_target_that_fails_is_code_1(place: Path) -> None:
    (place / "bin" / "target-jsonl").write_text("#!/bin/sh\ncat >/dev/null; exit 5\n")
    assert run(place) == 1
    assert (place / "state.json").read_text() == "{}\n"


@pytest.mark.parametrize(
    ("code", "ending"), [(0, None), (1, "retry"), (2, "fail"), (3, "fail")]
)
def test_the_task_for_airflow(
    monkeypatch: pytest.MonkeyPatch, code: int, ending: str | None
) -> None:
    class AirflowFailException(Exception):  # noqa: N818
        pass

    tasks: list[t.Callable[[], None]] = []

    def task(**_: t.Any) -> t.Callable[..., t.Any]:
        def keep(function: t.Callable[[], None]) -> t.Callable[[], None]:
            tasks.append(function)
            return lambda: None

        return keep

    modules: dict[str, dict[str, t.Any]] = {
        "airflow": {},
        "airflow.decorators": {"dag": lambda **_: lambda made: made, "task": task},
        "airflow.exceptions": {"AirflowFailException": AirflowFailException},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    (block,) = blocks(PAGE, "python")
    exec(compile(block, "scheduling.md", "exec"), {})  # noqa: S102
    done: subprocess.CompletedProcess[str] = subprocess.CompletedProcess([], code)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    (sync,) = tasks
    expected = {"retry": RuntimeError, "fail": AirflowFailException}
    if ending is None:
        sync()
    else:
        with pytest.raises(expected[ending]):
            sync()
