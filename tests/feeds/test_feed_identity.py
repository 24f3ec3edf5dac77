"""Entry identity across polls, and what counts as new, revised or seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import FeedLimits, New, Revised, Seen, decide_entries, parse_feed
from pipeline.model import FeedDocument, Reason, RefusedEntry


def feed(*items: str) -> FeedDocument:
    body = "<rss version='2.0'><channel>" + "".join(f"<item>{i}</item>" for i in items) + "</channel></rss>"
    return parse_feed(body.encode(), "https://news.example/feed", None, FeedLimits())


def item(link: str = "", guid: str = "", title: str = "Harbour opens", text: str = "Words") -> str:
    return (
        f"<title>{title}</title><description>{text}</description>"
        + (f"<link>{link}</link>" if link else "")
        + (f'<guid isPermaLink="false">{guid}</guid>' if guid else "")
    )


def key(*items: str) -> str:
    return feed(*items).entries[0].key


A = "http://news.example/a"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (item(A, "1"), item(A)),  # the GUID is gone
        (item(A, "1"), item(A, "2")),  # made anew at every request
        (item(A), item("https://news.example/a")),
        (item(A), item("https://www.news.example/a/")),
        (item(A), item(A + "?utm_source=rss&amp;utm_medium=feed")),
        (item(A), item(A + "#comments")),
        (item(A, title="Harbour opens"), item(A, title="Harbour opens at last", text="More")),
        (item(guid="tag:1"), item(guid="tag:1", title="Another title")),
        (item(guid="http://news.example/a"), item(guid="https://news.example/a?utm_source=x")),
        (item("https://news.example/", "7"), item("https://news.example/", "7", title="New")),  # a front page
        (item(text="Words"), item(text="<![CDATA[<p>Words</p>]]>")),  # nothing but its text
    ],
)
def test_an_entry_keeps_its_key(before: str, after: str) -> None:
    assert key(before) == key(after)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (item("https://news.example/a?id=1"), item("https://news.example/a?id=2")),
        (item(A, "same"), item("https://news.example/b", "same", title="Other")),  # one GUID for all
        (item("https://news.example/", "1"), item("https://news.example/", "2", title="Other")),
        (item("https://news.example/live", "1"), item("https://news.example/live", "2", title="Other")),
        (item(guid="1795000000"), item(guid="1795000000", title="Other")),  # a time, not a name
        (item(guid="0"), item(guid="0", title="Other")),
        (item(title="One"), item(title="Two")),
        (item(text="One"), item(text="Two")),
    ],
)
def test_different_entries_have_different_keys(one: str, two: str) -> None:
    first, second = feed(one, two).entries
    assert first.key != second.key


def test_a_time_as_guid_does_not_name_an_entry() -> None:
    assert key(item(guid="1795000000")) == key(item(guid="1795003600"))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (item(A), True),
        (item(A, "another guid"), True),
        (item("https://news.example/a?utm_source=x"), True),
        (item(A, text="<![CDATA[<p  class='x'>Words</p>]]>"), True),
        (item(A, title="Harbour closes"), False),
        (item(A, text="Other words"), False),
        (item("http://news.example/b"), False),
    ],
)
def test_the_fingerprint_changes_with_title_link_and_text_alone(change: str, same: bool) -> None:
    assert (feed(item(A)).entries[0].fingerprint == feed(change).entries[0].fingerprint) is same


def dated(*times: str) -> list[str]:
    items = [
        f"<link>https://news.example/{i}</link><title>Report {i}</title><pubDate>{time}</pubDate>"
        for i, time in enumerate(times)
    ]
    return [entry.fingerprint for entry in feed(*items).entries]


def test_a_later_date_of_one_entry_is_a_change_and_one_date_for_all_is_not() -> None:
    nine, ten, eleven = (f"Mon, 02 Mar 2026 {hour:02}:00:00 GMT" for hour in (9, 10, 11))
    before = dated(nine, ten)
    assert dated(nine, ten) == before
    assert dated(nine, eleven)[0] == before[0]
    assert dated(nine, eleven)[1] != before[1]
    assert dated(nine, nine) == dated(eleven, eleven)  # the time the document was made


def test_new_then_seen_then_revised() -> None:
    first = feed(item(A), item("https://news.example/b", title="Other"))
    assert [type(v) for v in decide_entries(first, {})] == [New, New]
    known = {entry.key: entry.fingerprint for entry in first.entries}
    second = feed(item(A, text="Corrected"), item("https://news.example/b", title="Other"), item(guid="9"))
    assert [type(v) for v in decide_entries(second, known)] == [Revised, Seen, New]


def test_an_entry_that_stands_twice_counts_once() -> None:
    verdicts = decide_entries(feed(item(A), item(A), item(A + "?utm_source=x")), {})
    assert [type(v) for v in verdicts] == [New, RefusedEntry, RefusedEntry]
    assert {v.reason for v in verdicts if isinstance(v, RefusedEntry)} == {Reason.ENTRY_REPEATED}


def test_refused_entries_are_told_once() -> None:
    document = feed("<title>no link, no text</title>")
    (refused,) = decide_entries(document, {})
    assert isinstance(refused, RefusedEntry)
    assert refused.reason is Reason.ENTRY_WITHOUT_LINK
    assert decide_entries(document, {refused.key: ""}) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123"), st.sampled_from("xyz")), max_size=12))
def test_every_entry_has_a_verdict_and_every_key_at_most_one_that_is_taken(
    rows: list[tuple[str, str, str]],
) -> None:
    document = feed(*(item(f"https://news.example/{a}", b, title=c) for a, b, c in rows))
    verdicts = decide_entries(document, {})
    assert len(verdicts) == len(rows)
    taken = [v.entry.key for v in verdicts if isinstance(v, New)]
    assert len(taken) == len(set(taken)) == len({entry.key for entry in document.entries})
    known = {entry.key: entry.fingerprint for entry in document.entries}
    assert not any(isinstance(v, New) for v in decide_entries(document, known))
