"""An HTTP server in a thread. It plays the steps of each response."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from clientsuccess_sandbox.messages import (
    HangUp,
    Head,
    Pause,
    Request,
    Response,
    Step,
    phrase_of,
)

_MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_MAX_DIGITS: Final = 20
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class HttpServer(ThreadingTCPServer):
    """Serves requests until it is stopped, each connection in a thread.

    Raises:
        OSError: The port is taken, or the host is not an address of this machine.
    """

    allow_reuse_address = True
    request_queue_size = 2048

    def __init__(
        self, respond: Callable[[Request], Iterable[Step]], host: str, port: int
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Connection)
        self.respond = respond
        address, port = self.server_address[:2]
        address = str(address)
        self.url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
        self._is_stopping = False
        self._connections: dict[threading.Thread, Any] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and end all connections, also those that wait."""
        self._is_stopping = True
        socket.create_connection(self.server_address[:2]).close()  # type: ignore[arg-type]  # wakes it
        self._thread.join()
        self.server_close()
        for thread, connection in list(self._connections.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _serve(self) -> None:
        # Not `serve_forever`: it notices only now and then that it shall end.
        while not self._is_stopping:
            self.handle_request()

    def verify_request(self, *_: object) -> bool:
        """Refuse the connection that wakes the server to end it."""
        return not self._is_stopping

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread, and remember both until it ends."""
        serve, connection = self.process_request_thread, (request, client_address)
        thread = threading.Thread(target=serve, args=connection, daemon=True)
        self._connections[thread] = request
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        super().shutdown_request(request)
        self._connections.pop(threading.current_thread(), None)


class Connection(BaseHTTPRequestHandler):
    """One connection: reads requests and plays the steps of the responses."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Head and body are sent together.
    server: HttpServer

    def __getattr__(self, name: str) -> Any:
        """Handle every method in the same way."""
        if name.startswith("do_"):
            return self._handle_request
        raise AttributeError(name)

    def handle(self) -> None:
        """Handle requests until the connection ends, for whatever reason."""
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def finish(self) -> None:
        """Send what is left, if there is anybody."""
        with contextlib.suppress(OSError):
            super().finish()

    def handle_expect_100(self) -> bool:
        """Tell a client that waits before it sends a body to go on."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def log_message(self, *_: object) -> None:
        """Log nothing: broken connections are what faults are for."""

    def _handle_request(self) -> None:
        length = self.headers.get("content-length") or "0"
        if problem := self._problem(length):
            self.close_connection = True
            self._play(problem.steps())
            return
        path, _, query = self.path.partition("?")
        request = Request(
            self.command,
            unquote(path),
            dict(parse_qsl(query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(length)),
        )
        self._play(self.server.respond(request))

    def _problem(self, length: str) -> Response | None:
        """Return the response to what is not a request of the kind served here."""
        if not self.path.startswith("/"):
            return Response.of_error(400, "The target of a request is a path.")
        if "transfer-encoding" in self.headers:
            return Response.of_error(411, "A body needs a Content-Length.")
        if not (length.isascii() and length.isdigit()):
            return Response.of_error(400, "Invalid Content-Length.")
        if len(length) > _MAX_DIGITS or int(length) > _MAX_BODY_BYTES:
            return Response.of_error(413, "The body is too large.")
        return None

    def _play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case bytes():
                    if self.command != "HEAD":
                        self.wfile.write(step)
                case Head(status, headers):
                    self.send_response_only(status, phrase_of(status))
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                case Pause(seconds):
                    self._pause(seconds)
                case HangUp(reset):
                    self.close_connection = True
                    if reset:
                        option = socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
                        self.connection.setsockopt(*option)
                        self.rfile.close()
                        self.wfile.close()
                        self.connection.close()

    def _pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            ConnectionError: The client hung up, or the server is stopping.
        """
        self.wfile.flush()
        if select.select([self.connection], [], [], seconds)[0]:
            raise ConnectionAbortedError
