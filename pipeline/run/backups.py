"""Backups that the service makes by itself: into one folder, named by their time, the oldest of them removed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pipeline.run.service_settings import ServiceSettings
    from pipeline.storage import Store

NAME = "storyfold-{:%Y%m%dT%H%M%SZ}.db"
_NAMED = re.compile(r"storyfold-(\d{8}T\d{6}Z)\.db")
SOON = 60.0  # seconds after the start, for a backup that is overdue: rounds go first


def made(folder: Path) -> list[tuple[datetime, Path]]:
    """The backups in ``folder`` that the service made, oldest first; other files are not looked at."""
    found = []
    for path in folder.glob("storyfold-*.db"):
        match = _NAMED.fullmatch(path.name)
        if match:
            found.append((datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), path))
    return sorted(found)


def until_backup(settings: ServiceSettings, now: datetime) -> float:
    """Seconds until the next backup is due: a restart neither repeats nor puts off one."""
    kept = made(Path(settings.backup_dir))
    if not kept:
        return SOON
    due = kept[-1][0] + timedelta(hours=settings.backup_hours)
    return min(max((due - now).total_seconds(), SOON), 3600 * settings.backup_hours)


def back_up(store: Store, settings: ServiceSettings, now: datetime) -> Path:
    """Make a backup, prove it, then remove the oldest beyond ``backup_keep``; raises ``StorageError``.

    A backup that cannot be made removes none.
    """
    folder = Path(settings.backup_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    path = folder / NAME.format(now)
    store.backup(path)
    for _, old in made(folder)[: -settings.backup_keep]:
        old.unlink(missing_ok=True)
    structlog.get_logger().info("backup made", file=str(path), bytes=path.stat().st_size)
    return path
