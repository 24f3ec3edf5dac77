"""Decompression that never makes more than it may: pieces in, pieces out, each of bounded size.

Only encodings whose decoder can be told to stop are asked for and taken.  A body in any other encoding is
refused before a byte of it is decoded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

PIECE = 64 * 1024  # bytes a decoder makes at once
RATIO_FROM = 1024 * 1024  # bytes; smaller bodies may expand as they like
MAX_LAYERS = 2
_NOTHING = frozenset({"", "identity", "none", "utf-8", "utf8", "binary"})  # found in the wild, meaning nothing


class Decoder(Protocol):
    """Turns encoded pieces into decoded ones."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decoded pieces of at most ``PIECE`` bytes; raises ``FetchFailed`` (``BAD_ENCODING``)."""

    def finish(self) -> None:
        """Raises ``FetchFailed`` (``BAD_ENCODING``) where the end is missing."""


class _Zlib:
    """gzip (members in a row) and deflate (with or without the zlib frame)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate = zlib.decompressobj(31 if gzip else 15)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                if not self._gzip or not data.startswith(b"\x1f"):
                    return  # padding after the end
                self._inflate = zlib.decompressobj(31)
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                if self._begun or self._gzip:
                    raise _damaged(error) from error
                self._inflate = zlib.decompressobj(-15)  # deflate as Microsoft once understood it
                self._begun = True
                continue
            self._begun = True
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise FetchFailed(Reason.BAD_ENCODING, "the compressed body ends in the middle")


class _Brotli:
    """Brotli by its reference decoder, 1.2 or later: earlier ones cannot be told to stop."""

    def __init__(self, module: Any) -> None:
        self._error: type[Exception] = module.error
        self._decoder = module.Decompressor()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        if self._decoder.is_finished():
            return  # padding after the end
        try:
            # It is empty when it makes nothing more: what can_accept_more_data() says is about input alone.
            while piece := self._decoder.process(data, output_buffer_limit=PIECE):
                yield piece
                data = b""
                if self._decoder.is_finished():
                    return
        except self._error as error:
            raise _damaged(error) from error

    def finish(self) -> None:
        if self._begun and not self._decoder.is_finished():
            raise FetchFailed(Reason.BAD_ENCODING, "the compressed body ends in the middle")


def _damaged(error: Exception) -> FetchFailed:
    return FetchFailed(Reason.BAD_ENCODING, f"the compressed body is damaged: {error}")


def _brotli() -> Any:
    """The brotli module where it is installed and can be bounded."""
    try:
        import brotli  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    return brotli if hasattr(brotli.Decompressor, "can_accept_more_data") else None


def decoders() -> dict[str, Callable[[], Decoder]]:
    """Encodings that are taken, best first, and how each is undone."""
    table: dict[str, Callable[[], Decoder]] = {}
    module = _brotli()
    if module is not None:
        table["br"] = lambda: _Brotli(module)
    table["gzip"] = lambda: _Zlib(gzip=True)
    table["deflate"] = lambda: _Zlib(gzip=False)
    return table


class BodyReader:
    """Collects one body under its limits.

    ``encoding`` is the Content-Encoding header; ``limit`` is in bytes after decompression; ``ratio`` is how
    many times larger than on the wire a body may become.  ``__init__``, ``feed`` and ``finish`` raise
    ``FetchFailed``: ``TOO_LARGE`` or ``BAD_ENCODING``.
    """

    def __init__(
        self, encoding: str, limit: int, ratio: float, table: dict[str, Callable[[], Decoder]] | None = None
    ) -> None:
        self._limit = limit
        self._ratio = ratio
        self._chain = _chain(encoding, table if table is not None else decoders())
        self._made = [0] * (len(self._chain) + 1)
        self._pieces: list[bytes] = []
        self.wire_bytes = 0

    def feed(self, data: bytes) -> Iterator[None]:
        """Take a piece from the wire; yields after each decoded piece, so that others get their turn."""
        self.wire_bytes += len(data)
        yield from self._through(data, 0)

    def finish(self) -> bytes:
        """The whole body."""
        for decoder in self._chain:
            decoder.finish()
        return b"".join(self._pieces)

    def so_far(self) -> bytes:
        """What was read before a limit was met, cut at the limit."""
        return b"".join(self._pieces)[: self._limit]

    def _through(self, data: bytes, layer: int) -> Iterator[None]:
        if layer == len(self._chain):
            self._pieces.append(data)
            self._count(len(data), layer)
            yield
            return
        for piece in self._chain[layer].feed(data):
            yield from self._through(piece, layer + 1)
        self._count(len(data), layer)  # afterwards: what it was decoded to met its limit first

    def _count(self, size: int, layer: int) -> None:
        self._made[layer] += size
        made = self._made[layer]
        if made > self._limit:
            raise FetchFailed(Reason.TOO_LARGE, f"the body is larger than {self._limit:,} bytes")
        if made > RATIO_FROM and made > self._ratio * self.wire_bytes:
            raise FetchFailed(Reason.BAD_ENCODING, f"the body expands more than {self._ratio:g} times")


def _chain(encoding: str, table: dict[str, Callable[[], Decoder]]) -> list[Decoder]:
    names = [name.strip().lower().removeprefix("x-") for name in encoding.split(",")]
    names = [name for name in names if name not in _NOTHING]
    if len(names) > MAX_LAYERS:
        raise FetchFailed(Reason.BAD_ENCODING, f"compressed {len(names)} times")
    for name in names:
        if name not in table:
            raise FetchFailed(Reason.BAD_ENCODING, f"{name[:20]!r} is not an encoding that was asked for")
    return [table[name]() for name in reversed(names)]
