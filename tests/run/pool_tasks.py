"""What the pool's tests let workers do.  A module of its own: a worker imports it by name."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

from pipeline.errors import FeedRejected
from pipeline.model import Reason


def double(value: int) -> int:
    return 2 * value


def process_id(seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return os.getpid()


def burn_python() -> None:
    while True:
        pass


def burn_c() -> int:
    return len(str(7 ** (10**8)))


def hog(mebibytes: int) -> int:
    return len(bytearray(mebibytes << 20))


def hog_slowly() -> None:
    pieces = []
    while True:
        pieces.append(bytearray(8 << 20))


def hog_then_fail(mebibytes: int) -> None:
    raise ValueError(f"something odd after {hog(mebibytes) >> 20} MiB")


def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def crash() -> None:
    ctypes.string_at(0)


def leave(code: int) -> None:
    os._exit(code)


def survive_signals() -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


def reject() -> None:
    raise FeedRejected(Reason.FEED_IS_HTML, "the page links to no feed")


def fail() -> None:
    raise LookupError("nothing there")


class UnpicklableError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("two arguments")


def fail_oddly() -> None:
    raise UnpicklableError(1, 2)


def recurse() -> None:
    recurse()


def unpicklable_result() -> object:
    return lambda: None


def echo(data: bytes) -> bytes:
    return data


def chatter() -> str:
    sys.stdout.write("on the standard output\n")
    sys.stdout.flush()
    return "done"
