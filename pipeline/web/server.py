"""The page inside a running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from starlette.applications import Starlette

STOP_SECONDS = 3  # requests in hand may take so long when the page is stopped


@asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``app`` while the block runs; gives the page's address (``port`` 0 takes a free one).

    Signals stay with the caller.  Raises ``UsageError`` when it cannot listen there.  The end comes within
    about ``STOP_SECONDS``: live logs end at once, other requests may finish.
    """
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # the service has its own

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
    )
    server = Server(config)
    task = asyncio.create_task(_run(server, host, port))
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if task.done():
            task.result()
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.streams.end()
        server.should_exit = True
        await asyncio.wait([task], timeout=2 * STOP_SECONDS)
        if not task.done():
            task.cancel()


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serve ``app`` until cancelled."""
    async with serving(app, host, port):
        await asyncio.Event().wait()


async def _run(server: object, host: str, port: int) -> None:
    try:
        await server.serve()  # type: ignore[attr-defined]
    except SystemExit:  # how uvicorn says that it cannot listen
        raise UsageError(
            f"the page cannot listen on {host} port {port}: the port is taken or not allowed; set another [web] port"
        ) from None
