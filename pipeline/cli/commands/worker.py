"""``worker``: one of many on a PostgreSQL database."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from pipeline import app


def run(args: Namespace) -> int:
    """Work until SIGTERM; 0 also when work in hand was abandoned, since the queue keeps it."""
    from pipeline.worker import serve

    config = app.load_config(args)
    app.configure_log(args, default="console")
    asyncio.run(serve(args, config))
    return 0
