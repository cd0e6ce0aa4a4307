"""The accounts, as the environment defines them.

``CLIENTSUCCESS_ACCOUNTS=acme,globex`` lists them. A setting of the tap is a variable
``TAP_CLIENTSUCCESS_<SETTING>`` for all accounts, or
``TAP_CLIENTSUCCESS_<SETTING>__ACME`` for one.
"""

from __future__ import annotations

import os
import re

ACCOUNTS = "CLIENTSUCCESS_ACCOUNTS"
_PREFIX = "TAP_CLIENTSUCCESS_"
_CREDENTIALS = {_PREFIX + name for name in ("API_KEY", "USERNAME", "PASSWORD")}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def account_names() -> list[str]:
    """Return the names of all accounts.

    Raises:
        ValueError: There are none, or one cannot be part of a variable and a path.
    """
    names = [name.strip() for name in os.environ.get(ACCOUNTS, "").split(",")]
    if invalid := [name for name in names if not _NAME.fullmatch(name)]:
        raise ValueError(
            f"{ACCOUNTS} lists the accounts, such as acme,globex: lower-case letters, "
            f"digits and single underscores, not {', '.join(map(repr, invalid))}"
        )
    return names


def account_environment(account: str) -> dict[str, str]:
    """Return the environment for the tap of one account.

    It has no variable of another account. Credentials are never shared: an account
    without its own must fail, not read the data of another.
    """
    suffix = f"__{account.upper()}"
    others = {k: v for k, v in os.environ.items() if not k.startswith(_PREFIX)}
    settings = {k: v for k, v in os.environ.items() if k.startswith(_PREFIX)}
    shared = {
        name: value
        for name, value in settings.items()
        if "__" not in name and name not in _CREDENTIALS
    }
    own = {
        name.removesuffix(suffix): value
        for name, value in settings.items()
        if name.endswith(suffix)
    }
    return others | shared | own
