"""Which certificate authorities are trusted, as the environment says."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from tap_clientsuccess.errors import UntrustedServerError


def trusted() -> tuple[str | None, str | None]:
    """Return the authorities of the first variables that are set.

    These are ``REQUESTS_CA_BUNDLE``, else ``CURL_CA_BUNDLE``, each a file or a folder,
    as `requests` reads them; else ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` together, as
    OpenSSL does. They replace the default, the authorities that `certifi` brings.

    Returns:
        A file that holds certificates, and folders in which OpenSSL looks for more.

    Raises:
        UntrustedServerError: What a variable names is missing or no certificate.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(name):
            if Path(path).is_dir():
                return None, path
            return _checked_file(name, path), None
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folders:
        return DEFAULT_CA_BUNDLE_PATH, None
    return (
        _checked_file("SSL_CERT_FILE", file) if file else None,
        _checked_folders("SSL_CERT_DIR", folders) if folders else None,
    )


def _checked_file(variable: str, path: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except FileNotFoundError:
        reason = "does not exist"
    except ssl.SSLError:
        reason = "holds no certificate in the PEM format"
    except OSError:
        reason = "cannot be read"
    else:
        return path
    raise UntrustedServerError(f"the file in {variable} {reason}")


def _checked_folders(variable: str, paths: str) -> str:
    if not any(Path(path).is_dir() for path in paths.split(os.pathsep)):
        raise UntrustedServerError(f"the folder in {variable} does not exist")
    return paths
