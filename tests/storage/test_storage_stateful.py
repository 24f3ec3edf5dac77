"""The store against a naive model: random starts, joins, merges and revisions in random batches."""

from __future__ import annotations

from dataclasses import dataclass, field

import pgserver
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from storage_builders import NOW, article, ingest, join, merge, revise

from pipeline.storage import EventKind, open_store
from pipeline.storage.migrate import newest


@dataclass
class Tale:
    """A story of the model."""

    members: list[int]
    canonical: int
    into: int | None = None


@dataclass
class Model:
    """What the store should say, kept in the plainest way."""

    stories: dict[int, Tale] = field(default_factory=dict)
    texts: dict[int, list[str]] = field(default_factory=dict)

    def living(self) -> list[int]:
        return [row for row, tale in self.stories.items() if tale.into is None]

    def home(self, row: int) -> int:
        return next(story for story in self.living() if row in self.stories[story].members)


class StoreAgainstModel(RuleBasedStateMachine):
    """Intents are planned one by one on the model and applied in batches, as the matcher does."""

    @staticmethod
    def url() -> str:
        """Of an empty database."""
        return "sqlite://"

    @initialize()
    def begin(self) -> None:
        self.store = open_store(self.url())
        self.model = Model()
        self.batch: list[object] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert self.store._db.seal_faults(newest()) == []
            self.store.close()

    def _next(self) -> int:
        return len(self.model.texts) + 1

    def _add(self, row: int) -> None:
        self.model.texts[row] = [article(row).text]

    @rule()
    def start(self) -> None:
        row, story = self._next(), len(self.model.stories) + 1
        self._add(row)
        self.model.stories[story] = Tale([row], row)
        self.batch.append(ingest(row, story))

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), speaks=st.booleans())
    def join(self, data: st.DataObject, speaks: bool) -> None:
        row, story = self._next(), data.draw(st.sampled_from(self.model.living()))
        tale = self.model.stories[story]
        self._add(row)
        tale.members.append(row)
        self.batch.append(join(row, story, tale.canonical, canonical=row if speaks else tale.canonical))
        tale.canonical = row if speaks else tale.canonical

    @precondition(lambda self: len(self.model.living()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        pair = st.lists(st.sampled_from(self.model.living()), min_size=2, max_size=2, unique=True)
        story, folded = data.draw(pair)
        row, tale, gone = self._next(), self.model.stories[story], self.model.stories[folded]
        self._add(row)
        self.batch.append(merge(row, story, folded, tale.canonical))
        tale.members += [row, *gone.members]
        gone.members, gone.into = [], story

    @precondition(lambda self: self.model.texts)
    @rule(data=st.data(), text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def revise(self, data: st.DataObject, text: str) -> None:
        row = data.draw(st.sampled_from(sorted(self.model.texts)))
        self.model.texts[row].append(text)
        self.batch.append(revise(row, self.model.home(row), text))

    @rule()
    def apply(self) -> None:
        self.store.apply(self.batch, NOW)
        self.batch = []

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store") or self.batch:
            return
        records = {record.row: record for record in self.store.stories(limit=1000)}
        assert sorted(records) == self.model.living()
        for row, record in records.items():
            tale = self.model.stories[row]
            assert [member.article_id for member in record.articles] == [f"a{n}" for n in sorted(tale.members)]
            assert [m.article_id for m in record.articles if m.canonical] == [f"a{tale.canonical}"]
        assert self.store.texts(sorted(self.model.texts)) == {n: t[-1] for n, t in self.model.texts.items()}
        for row, texts in self.model.texts.items():
            assert [revision.text for revision in self.store.revisions(f"a{row}")] == texts[:-1]
        self._sketches_agree()
        self._events_agree()

    def _sketches_agree(self) -> None:
        expected = {row: story for story in self.model.living() for row in self.model.stories[story].members}
        assert {row: story for row, story, _, _ in self.store.sketches()} == expected
        assert {row: home[0] for row, home in self.store.story_of(sorted(expected)).items()} == expected
        for story, tale in self.model.stories.items():
            if tale.into is not None:
                assert self.store.story(f"s{story}").row in self.model.living()

    def _events_agree(self) -> None:
        """The events alone rebuild who is in which story and who speaks for it."""
        members: dict[str, set[str]] = {}
        speaks: dict[str, str] = {}
        for event in self.store.changes(limit=10_000):
            story, told = event.story_id, event.article_id or ""
            if event.kind in (EventKind.STARTED, EventKind.JOINED):
                members.setdefault(story, set()).add(told)
            if event.kind in (EventKind.STARTED, EventKind.CANONICAL):
                speaks[story] = told
            if event.kind is EventKind.MERGED:
                members[story] |= members.pop(event.other_story_id or "")
                speaks.pop(event.other_story_id or "")
        living = {f"s{row}": self.model.stories[row] for row in self.model.living()}
        assert members == {story: {f"a{n}" for n in tale.members} for story, tale in living.items()}
        assert speaks == {story: f"a{tale.canonical}" for story, tale in living.items()}


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_store_against_model_on_postgres(postgres: pgserver.Server) -> None:
    class OnPostgres(StoreAgainstModel):
        @staticmethod
        def url() -> str:
            return postgres.emptied()

    few = settings(max_examples=6, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(OnPostgres, settings=few)
