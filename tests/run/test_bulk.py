"""``dedup_file``: from a file to stories, through a real database and a real worker process."""

from __future__ import annotations

import gzip
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.dedup import Rules
from pipeline.errors import StorageError, UsageError
from pipeline.run import profiling
from pipeline.run.beside import Beside
from pipeline.run.bulk import BulkReport, dedup_file
from pipeline.run.records import BadLine, read_records, when
from pipeline.storage import open_store

NOW = datetime(2025, 3, 1, tzinfo=UTC)
FERRY = (
    "The council of Northwick voted on Tuesday to close the old ferry pier for repairs that will take seven months. "
    "Engineers found that salt had eaten through nine of the forty iron columns, and said that a winter storm could "
    "bring the landing stage down. Passengers will board at the fish market until the work is done."
)
MUSEUM = (
    "A museum in Elm Harbour has returned a bronze bell to the village that lost it in a flood eighty years ago. "
    "The curator found the name of the village under a layer of green paint while she was cleaning the collection."
)


def _line(key: object, text: str, **more: object) -> str:
    line = {"id": key, "text": text, "outlet": "Ledger", "title": text[:40], "published": "2025-02-01"}
    return json.dumps({**line, **more})


def _dedup(folder: Path, lines: list[str], name: str = "in.jsonl") -> tuple[BulkReport, list[dict[str, object]]]:
    source, output = folder / name, folder / "out.jsonl"
    content = ("\n".join(lines) + "\n").encode()
    source.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with open_store(f"sqlite:///{folder}/db.sqlite") as store:
        report = dedup_file(source, output, store, Rules(), None, NOW)
    return report, [json.loads(line) for line in output.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_one_line_for_each_article(tmp_path: Path, name: str) -> None:
    copy = _line(3, FERRY + " More follows.", published="2025-02-02", outlet="Post")
    lines = [_line("a", FERRY), _line("b", MUSEUM), copy]
    report, out = _dedup(tmp_path, lines, name)
    assert [row["id"] for row in out] == ["a", "b", 3]
    assert out[0]["story_id"] == out[2]["story_id"] != out[1]["story_id"]
    assert [row["canonical"] for row in out] == [True, True, False]
    assert out[0]["match"] is None
    assert out[2]["match"]["article_id"] == "a"  # type: ignore[index]
    assert 0.5 <= out[2]["match"]["score"] <= 1.0  # type: ignore[index]
    assert (report.articles, report.stories, report.bad_count) == (3, 2, 0)


def test_again_changes_nothing(tmp_path: Path) -> None:
    lines = [_line("a", FERRY), _line("b", FERRY, outlet="Post"), _line("c", MUSEUM)]
    _, first = _dedup(tmp_path, lines)
    report, second = _dedup(tmp_path, lines)
    assert first == second
    assert report.outcomes == {"seen": 3}
    assert report.stories == 2


def test_a_repeated_id_is_a_revision(tmp_path: Path) -> None:
    report, out = _dedup(tmp_path, [_line("a", FERRY), _line("a", FERRY + " The mayor agreed."), _line("b", MUSEUM)])
    assert report.outcomes == {"new": 2, "revised": 1}
    assert [row["id"] for row in out] == ["a", "a", "b"]
    assert out[0] == out[1]
    with open_store(f"sqlite:///{tmp_path}/db.sqlite", read_only=True) as store:
        stored = store.find_article("a")
        assert stored is not None
        assert stored.article.text.endswith("The mayor agreed.")
        assert stored.revision == 2


def test_two_ids_may_share_an_address(tmp_path: Path) -> None:
    url = "https://ledger.example/ferry"
    _, out = _dedup(tmp_path, [_line("a", FERRY, url=url), _line("b", MUSEUM, url=url + "?utm_source=feed")])
    assert out[0]["story_id"] != out[1]["story_id"]


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    lines = [
        "{not json", "[1, 2]", _line("", FERRY), json.dumps({"id": "x"}), json.dumps({"id": "y", "text": None}), "",
        json.dumps({"id": "z", "text": 7}), _line("i" * 501, FERRY), _line("o", FERRY, outlet="\U0001f4f0" * 501),
        _line("good", FERRY), '{"id": "lone", "text": "a \\ud800 surrogate"}',
    ]  # fmt: skip
    report, out = _dedup(tmp_path, lines)
    assert [row["id"] for row in out] == ["good", "lone"]
    assert [bad.number for bad in report.bad] == [1, 2, 3, 4, 5, 7, 8, 9]
    assert report.bad_count == 8
    assert all(bad.reason for bad in report.bad)


def test_a_cut_archive(tmp_path: Path) -> None:
    source = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress("".join(_line(i, f"{MUSEUM} {i}") + "\n" for i in range(2000)).encode())
    source.write_bytes(whole[: len(whole) // 2])
    found = list(read_records(source))
    assert isinstance(found[-1], BadLine)
    assert "damaged or ends here" in found[-1].reason
    assert len(found) > 100


def test_nothing_to_read(tmp_path: Path) -> None:
    report, out = _dedup(tmp_path, [])
    assert (report.articles, out) == (0, [])
    with open_store("sqlite://") as store, pytest.raises(UsageError, match="no such file"):
        dedup_file(tmp_path / "absent.jsonl", tmp_path / "out", store, Rules(), None, NOW)


def test_progress(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(_line(i, f"{MUSEUM} {i}") + "\n" for i in range(1100)), "utf-8")
    seen: list[tuple[int, int]] = []
    with open_store(f"sqlite:///{tmp_path}/db.sqlite") as store:
        dedup_file(source, tmp_path / "out", store, Rules(), lambda lines, done: seen.append((lines, done)), NOW)
    assert seen[-1] == (1100, 1100)
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("value", "moment", "day_only"),
    [
        ("2025-02-01T10:30:00Z", datetime(2025, 2, 1, 10, 30, tzinfo=UTC), False),
        ("2025-02-01T10:30:00+02:00", datetime(2025, 2, 1, 8, 30, tzinfo=UTC), False),
        ("2025-02-01 10:30:00", datetime(2025, 2, 1, 10, 30, tzinfo=UTC), False),
        ("2025-02-01", datetime(2025, 2, 1, tzinfo=UTC), True),
        ("1/21/18", datetime(2018, 1, 21, tzinfo=UTC), True),
        ("21/1/2018", datetime(2018, 1, 21, tzinfo=UTC), True),
        ("2/26/87", datetime(1987, 2, 26, tzinfo=UTC), True),
        ("Sat, 01 Feb 2025 10:30:00 GMT", datetime(2025, 2, 1, 10, 30, tzinfo=UTC), False),
        (1738405800, datetime(2025, 2, 1, 10, 30, tzinfo=UTC), False),
        (None, None, False),
        ("", None, False),
        ("yesterday", None, False),
        ("13/32/99", None, False),
        ("0001-01-01", None, False),
        (1e30, None, False),
    ],
)
def test_times(value: str | float | None, moment: datetime | None, day_only: bool) -> None:
    assert when(value) == (moment, day_only)


def _many(count: int) -> list[str]:
    """Reports, every third one reprinted under another title, some ids given a second time."""
    lines = []
    for i in range(count):
        words = " ".join(f"{w}{i % 97}" for w in ("harbour", "pier", "ferry", "council", "repair", "winter", "column"))
        day = f"2025-02-{i % 27 + 1:02}"
        text = f"{FERRY} In the {i}th week {words} were named in a report of {i * 7} pages by inspector Vale{i}."
        lines.append(_line(i, text, published=day))
        if i % 3 == 0:
            lines.append(_line(f"copy {i}", text, title="Pier again", outlet="Post", published=day))
        if i % 50 == 0:
            lines.append(_line(i, text + " A correction was printed later.", published=day))
    return lines


def _stories(out: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [(row["id"], row["story_id"], row["canonical"]) for row in out]


def test_a_process_that_stores_behind_changes_nothing(tmp_path: Path) -> None:
    """In memory everything is stored at once, by the matcher's own process: the naive way."""
    lines = _many(400)
    report, out = _dedup(tmp_path, lines)
    with open_store("sqlite://") as store:
        plain = dedup_file(tmp_path / "in.jsonl", tmp_path / "plain", store, Rules(), None, NOW)
    naive = [json.loads(line) for line in (tmp_path / "plain").read_text("utf-8").splitlines()]
    assert _stories(out) == _stories(naive)
    assert (report.outcomes, report.reasons) == (plain.outcomes, plain.reasons)
    assert report.outcomes["revised"] == 8


def test_two_readers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [*_many(300), "{not json", _line("last", MUSEUM)]
    _, one = _dedup(tmp_path, lines)
    monkeypatch.setattr(profiling, "LARGE", 0)
    monkeypatch.setattr(profiling, "ARTICLES", 37)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    (tmp_path / "db.sqlite").unlink()
    seen: list[str] = []
    start = Beside.start
    monkeypatch.setattr(Beside, "start", lambda self, name, *rest: (seen.append(name), start(self, name, *rest))[1])
    report, two = _dedup(tmp_path, lines)
    assert seen == ["profiles 1", "profiles 2", "storing"]
    assert _stories(one) == _stories(two)
    assert [bad.number for bad in report.bad] == [len(lines) - 1]
    assert report.lines == len(lines)


def test_what_cannot_be_stored_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(_many(40)), "utf-8")
    with open_store(f"sqlite:///{tmp_path}/db.sqlite"):
        pass
    with sqlite3.connect(tmp_path / "db.sqlite") as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON body BEGIN SELECT raise(ABORT, 'disk is full'); END")
    database.close()
    with (
        open_store(f"sqlite:///{tmp_path}/db.sqlite") as store,
        pytest.raises(StorageError, match="disk is full"),
    ):
        dedup_file(source, tmp_path / "out", store, Rules(), None, NOW)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", [b"x", b"", b"12345"])
def test_a_damaged_sketch_costs_its_own_article_only(tmp_path: Path, damage: bytes) -> None:
    lines = [_line("a", FERRY), _line("b", MUSEUM)]
    _dedup(tmp_path, lines)
    with sqlite3.connect(tmp_path / "db.sqlite") as database:
        database.execute("UPDATE sketch SET sketch = ? WHERE article = 1", (damage,))
    database.close()
    _, out = _dedup(tmp_path, [*lines, _line("c", MUSEUM, outlet="Post")])
    assert out[2]["story_id"] == out[1]["story_id"]
