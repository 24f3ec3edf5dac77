"""Backups by schedule: made, proven, the oldest removed, nothing else touched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.run.backups import SOON, back_up, made, until_backup
from pipeline.run.service_settings import ServiceSettings
from pipeline.storage import check_backup, open_store

NOW = datetime(2026, 5, 20, 3, tzinfo=UTC)


def test_the_newest_stay_and_each_is_whole(tmp_path: Path) -> None:
    settings = ServiceSettings(backup_dir=str(tmp_path / "backups"), backup_keep=2)
    (tmp_path / "backups").mkdir()
    other = tmp_path / "backups" / "storyfold-mine.db"
    other.write_text("not the service's")
    with open_store(f"sqlite:///{tmp_path}/records.db") as store:
        for day in range(4):
            back_up(store, settings, NOW + timedelta(days=day))
    kept = made(tmp_path / "backups")
    assert [time for time, _ in kept] == [NOW + timedelta(days=2), NOW + timedelta(days=3)]
    assert all(check_backup(path) for _, path in kept)
    assert other.exists()


def test_a_backup_that_cannot_be_made_removes_none(tmp_path: Path) -> None:
    settings = ServiceSettings(backup_dir=str(tmp_path), backup_keep=1)
    with open_store(f"sqlite:///{tmp_path}/records.db") as store:
        back_up(store, settings, NOW)
        with pytest.raises(StorageError):
            back_up(store, settings, NOW)
    assert len(made(tmp_path)) == 1


@pytest.mark.parametrize(
    ("hours_ago", "expected"),
    [(None, SOON), (1.0, 23 * 3600.0), (30.0, SOON), (24.0, SOON), (-5000.0, 24 * 3600.0)],
)
def test_a_restart_neither_repeats_nor_puts_off(tmp_path: Path, hours_ago: float | None, expected: float) -> None:
    settings = ServiceSettings(backup_dir=str(tmp_path))
    if hours_ago is not None:
        with open_store("sqlite://") as store:
            back_up(store, settings, NOW - timedelta(hours=hours_ago))
    assert until_backup(settings, NOW) == expected


def test_it_is_made_beside_work_on_the_database(tmp_path: Path) -> None:
    settings = ServiceSettings(backup_dir=str(tmp_path))

    async def both() -> None:
        with open_store(f"sqlite:///{tmp_path}/records.db") as store:
            await asyncio.gather(
                asyncio.to_thread(back_up, store, settings, NOW),
                asyncio.to_thread(store.save_checkpoint, "x", 0, b"y"),
            )

    asyncio.run(both())
    assert len(made(tmp_path)) == 1
