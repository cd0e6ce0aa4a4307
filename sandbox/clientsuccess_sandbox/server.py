"""An HTTP server in a thread, whose connections can break on demand."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote

from clientsuccess_sandbox.messages import Request, Response, phrase_of

Respond = Callable[[Request, "Connection"], Response]

_BACKLOG = 2048
_MAX_BODY_BYTES = 16 * 1024 * 1024
_MAX_DIGITS = 20
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection(BaseHTTPRequestHandler):
    """One connection: reads requests, sends responses in whole or in part, hangs up."""

    protocol_version = "HTTP/1.1"
    # Head and body are sent separately: Nagle's algorithm would delay the body.
    disable_nagle_algorithm = True
    server: Any

    def __getattr__(self, name: str) -> Any:
        """Handle every method in the same way."""
        if name.startswith("do_"):
            return self._handle_request
        raise AttributeError(name)

    def handle(self) -> None:
        """Handle requests until the connection ends, for whatever reason."""
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Log nothing: broken connections are what faults are for."""

    def _handle_request(self) -> None:
        given = self.headers.get("content-length") or "0"
        if problem := self._problem(given):
            self.close_connection = True
            self.send(problem)
            return
        path, _, query = self.path.partition("?")
        request = Request(
            self.command,
            unquote(path),
            dict(parse_qsl(query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(given)),
        )
        response = self.server.respond(request, self)
        (response.deliver or Connection.send)(self, response)

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

    def send(self, response: Response) -> None:
        """Send a whole response."""
        self.start(response)
        if self.command != "HEAD":
            self.write(response.body)

    def start(self, response: Response, length: int | None = None) -> None:
        """Send status and headers; the length is that of the body unless given."""
        self.send_response_only(response.status, phrase_of(response.status))
        for name, value in response.headers.items():
            self.send_header(name, value)
        size = len(response.body) if length is None else length
        self.send_header("content-length", str(size))
        self.end_headers()

    def write(self, part: bytes) -> None:
        """Send a part of the body."""
        self.wfile.write(part)

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            ConnectionError: The client hung up, or the server is stopping.
        """
        if select.select([self.connection], [], [], seconds)[0]:
            raise ConnectionAbortedError

    def hang_up(self) -> None:
        """Close the connection after what was sent."""
        self.close_connection = True

    def reset(self) -> None:
        """Reset the connection, as a crashing server does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError


class HttpServer:
    """Serves requests, each connection in a thread."""

    def __init__(self, respond: Respond, host: str, port: int) -> None:
        """Listen; requests wait until `start`.

        Raises:
            OSError: The port is taken, or the host is not an address of this machine.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server(
            (host, port), family=family, backlog=_BACKLOG
        )
        self.respond = respond
        address, port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
        self._is_stopping = False
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def start(self) -> None:
        """Run in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and end all connections."""
        self._is_stopping = True
        socket.create_connection(self._socket.getsockname()[:2]).close()  # wakes it
        self._thread.join()
        self._socket.close()
        for thread, connection in list(self._connections.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, address = self._socket.accept()
            if self._is_stopping:
                connection.close()
                return
            thread = threading.Thread(
                target=self._serve, args=(connection, address), daemon=True
            )
            self._connections[thread] = connection
            thread.start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        with connection:
            Connection(connection, address, self)  # type: ignore[arg-type]
        del self._connections[threading.current_thread()]
