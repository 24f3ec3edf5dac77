"""What the service does beside rounds: settings of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The ``[service]`` section."""

    listen: str = ""  # loopback address and port of /metrics, /healthz and /readyz; "" serves none
    stuck_minutes: Annotated[float, Meta(gt=0)] = 15.0  # without a sign of life, a round counts as stuck
    health_minutes: Annotated[float, Meta(gt=0)] = 5.0  # how often feeds are looked at for trouble
    digest_hour: Annotated[int, Meta(ge=-1, le=23)] = 6  # of the day in UTC when the digest is sent; -1: never
    backup_dir: str = ""  # folder for backups that the service makes by itself; "" makes none
    backup_hours: Annotated[float, Meta(gt=0, le=8760)] = 24.0  # from one backup to the next
    backup_keep: Annotated[int, Meta(ge=1, le=1000)] = 7  # so many of its backups stay

    def __post_init__(self) -> None:
        if self.listen:
            from pipeline.run.endpoints import listening_on

            listening_on(self.listen)  # raises ValueError
