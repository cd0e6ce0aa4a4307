"""The server of the benchmark, in a process of its own.

It writes its port on its first line of output, and stops when its input ends: when
the benchmark that started it ends, however it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial

from benchmarks.serving.pages import prepare
from benchmarks.serving.protocol import Connection, Manners
from benchmarks.serving.routes import Routes


def main() -> None:
    """Serve until the input ends."""
    options = _options()
    routes = Routes(total=options.records, max_size=options.max_size)
    prepare(options.max_size, options.records)
    manners = Manners(routes, options.api_key.encode(), options.latency_ms / 1000)
    asyncio.run(_serve(manners, options.port))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The server of the benchmark.")
    parser.add_argument("--records", type=int, default=50_000, help="clients there are")
    parser.add_argument("--latency-ms", type=float, default=0, help="before an answer")
    parser.add_argument("--max-size", type=int, default=200, help="records a page")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--api-key", default="benchmark", help="key to ask for")
    return parser.parse_args()


async def _serve(manners: Manners, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        partial(Connection, manners), "127.0.0.1", port, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - its purpose
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    main()
