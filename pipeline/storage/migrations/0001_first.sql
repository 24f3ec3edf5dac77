-- Version 1.  A released file is never edited: what changes later is a new number.
-- Every time is whole microseconds since 1970-01-01T00:00:00Z; {words in braces} differ by dialect (migrate.py).

-- Feeds: what decisions are made from is one JSON document; beside it only what is looked up by.
CREATE TABLE feed (
  row {counted},
  source_url TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  outlet TEXT NOT NULL,
  next_poll {integer} NOT NULL,
  retired {integer} NOT NULL,
  listed {integer} NOT NULL,
  state TEXT NOT NULL
);
CREATE INDEX feed_due ON feed (next_poll, row) WHERE retired = 0 AND listed = 1;
CREATE INDEX feed_url ON feed {hashed}(url);

-- Entries: one row for each identity a feed ever served, kept for good so that nothing comes back as new.
CREATE TABLE entry (
  row {counted},
  feed {integer} NOT NULL REFERENCES feed (row),
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  seen {integer} NOT NULL,
  article {integer},
  UNIQUE (feed, key)
);
CREATE TABLE refusal (
  feed {integer} NOT NULL REFERENCES feed (row),
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (feed, key, reason)
) {clustered};

-- The queue: one row for each version of an entry that is not settled yet; settling deletes it.
CREATE TABLE work (
  row {counted},
  entry {integer} NOT NULL REFERENCES entry (row),
  payload TEXT NOT NULL,
  revised {integer} NOT NULL,
  attempts {integer} NOT NULL,
  due {integer} NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL
);
CREATE INDEX work_due ON work (due, row);
CREATE INDEX work_entry ON work (entry, row);

-- Stories and their articles.  Long texts and sketches live apart, so that lists read narrow rows.
CREATE TABLE story (
  row {row},
  story_id TEXT NOT NULL UNIQUE,
  canonical {integer} NOT NULL,
  canonical_rule TEXT NOT NULL,
  pinned {integer},
  first_seen {integer} NOT NULL,
  last_seen {integer} NOT NULL,
  size {integer} NOT NULL,
  merged_into {integer}
);
CREATE INDEX story_recent ON story (last_seen, row) WHERE merged_into IS NULL;
CREATE INDEX story_copied ON story (last_seen, row) WHERE merged_into IS NULL AND size > 1;
CREATE TABLE article (
  row {row},
  article_id TEXT NOT NULL UNIQUE,
  story {integer} NOT NULL REFERENCES story (row),
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  outlet TEXT,
  published {integer},
  stored {integer} NOT NULL,
  revision {integer} NOT NULL,
  text_hash {bytes} NOT NULL,
  matched {integer},
  score {real},
  match_reason TEXT,
  meta TEXT NOT NULL
);
CREATE INDEX article_story ON article (story, row);
CREATE INDEX article_outlet ON article (outlet, story);
CREATE TABLE body (
  article {row} REFERENCES article (row),
  text TEXT NOT NULL
){by_article};
CREATE TABLE sketch (
  article {row} REFERENCES article (row),
  story {integer} NOT NULL,
  published {integer},
  sketch {bytes} NOT NULL
){by_article};
CREATE TABLE address (
  identity {bytes} NOT NULL PRIMARY KEY,
  article {integer} NOT NULL
) {clustered};
CREATE TABLE evidence (
  article {integer} NOT NULL REFERENCES article (row),
  place {integer} NOT NULL,
  other {integer} NOT NULL,
  score {real} NOT NULL,
  reason TEXT NOT NULL,
  figures {bytes} NOT NULL,
  PRIMARY KEY (article, place)
) {clustered}{by_article};
CREATE TABLE revision (
  article {integer} NOT NULL REFERENCES article (row),
  number {integer} NOT NULL,
  stored {integer} NOT NULL,
  replaced {integer} NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  meta TEXT NOT NULL,
  PRIMARY KEY (article, number)
){by_article};

-- What people decided: kind is must or cannot; an undone link stays as history.
CREATE TABLE link (
  row {counted},
  kind TEXT NOT NULL,
  a {integer} NOT NULL REFERENCES article (row),
  b {integer} NOT NULL REFERENCES article (row),
  made {integer} NOT NULL,
  undone {integer},
  note TEXT NOT NULL
);
CREATE INDEX link_a ON link (a);
CREATE INDEX link_b ON link (b);

-- What happened.  Events carry the cursor that consumers follow; the journal is for people.
CREATE TABLE event (
  cursor {row},
  time {integer} NOT NULL,
  kind TEXT NOT NULL,
  story {integer} NOT NULL,
  article {integer},
  other {integer},
  detail TEXT NOT NULL
);
CREATE TABLE journal (
  row {placed},
  time {integer} NOT NULL,
  feed TEXT,
  url TEXT,
  url_key {integer},
  outlet TEXT,
  title TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  article {integer},
  story {integer},
  extra {bytes}
){by_time};
CREATE INDEX journal_time ON journal (time, row);
CREATE INDEX journal_feed ON journal (feed, time, row) WHERE feed IS NOT NULL;
CREATE INDEX journal_outlet ON journal (outlet, time, row) WHERE outlet IS NOT NULL;
-- The common outcome needs no index: a walk along time finds it at once.
CREATE INDEX journal_outcome ON journal (outcome, time, row) WHERE outcome <> 'new';
CREATE INDEX journal_reason ON journal (reason, time, row) WHERE reason <> 'started_story';
-- Rows with an article are found by its address.
CREATE INDEX journal_url ON journal (url_key) WHERE article IS NULL;
CREATE INDEX journal_article ON journal (article) WHERE article IS NOT NULL;

-- Counts that were learned from the articles up to a row; derived, may be dropped at any time.
CREATE TABLE checkpoint (
  name TEXT NOT NULL PRIMARY KEY,
  upto {integer} NOT NULL,
  content {bytes} NOT NULL
);
