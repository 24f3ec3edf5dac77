CREATE TABLE storyfold_schema (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE feed (
  row INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  source_url TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  outlet TEXT NOT NULL,
  next_poll INTEGER NOT NULL,
  retired INTEGER NOT NULL,
  listed INTEGER NOT NULL,
  state TEXT NOT NULL
);
CREATE INDEX feed_due ON feed (next_poll, row) WHERE retired = 0 AND listed = 1;
CREATE INDEX feed_url ON feed (url);
CREATE TABLE entry (
  row INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  feed INTEGER NOT NULL REFERENCES feed (row),
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  seen INTEGER NOT NULL,
  article INTEGER,
  UNIQUE (feed, key)
);
CREATE TABLE refusal (
  feed INTEGER NOT NULL REFERENCES feed (row),
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (feed, key, reason)
) WITHOUT ROWID;
CREATE TABLE work (
  row INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  entry INTEGER NOT NULL REFERENCES entry (row),
  payload TEXT NOT NULL,
  revised INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due INTEGER NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL
, look INTEGER NOT NULL DEFAULT 0);
CREATE INDEX work_due ON work (due, row);
CREATE INDEX work_entry ON work (entry, row);
CREATE TABLE story (
  row INTEGER NOT NULL PRIMARY KEY,
  story_id TEXT NOT NULL UNIQUE,
  canonical INTEGER NOT NULL,
  canonical_rule TEXT NOT NULL,
  pinned INTEGER,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  size INTEGER NOT NULL,
  merged_into INTEGER
);
CREATE INDEX story_recent ON story (last_seen, row) WHERE merged_into IS NULL;
CREATE INDEX story_copied ON story (last_seen, row) WHERE merged_into IS NULL AND size > 1;
CREATE TABLE article (
  row INTEGER NOT NULL PRIMARY KEY,
  article_id TEXT NOT NULL UNIQUE,
  story INTEGER NOT NULL REFERENCES story (row),
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  outlet TEXT,
  published INTEGER,
  stored INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  matched INTEGER,
  score REAL,
  match_reason TEXT,
  meta TEXT NOT NULL
);
CREATE INDEX article_story ON article (story, row);
CREATE INDEX article_outlet ON article (outlet, story);
CREATE TABLE body (
  article INTEGER NOT NULL PRIMARY KEY REFERENCES article (row),
  text TEXT NOT NULL
);
CREATE TABLE sketch (
  article INTEGER NOT NULL PRIMARY KEY REFERENCES article (row),
  story INTEGER NOT NULL,
  published INTEGER,
  sketch BLOB NOT NULL
);
CREATE TABLE address (
  identity BLOB NOT NULL PRIMARY KEY,
  article INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE evidence (
  article INTEGER NOT NULL REFERENCES article (row),
  place INTEGER NOT NULL,
  other INTEGER NOT NULL,
  score REAL NOT NULL,
  reason TEXT NOT NULL,
  figures BLOB NOT NULL,
  PRIMARY KEY (article, place)
) WITHOUT ROWID;
CREATE TABLE revision (
  article INTEGER NOT NULL REFERENCES article (row),
  number INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  meta TEXT NOT NULL,
  PRIMARY KEY (article, number)
);
CREATE TABLE link (
  row INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  a INTEGER NOT NULL REFERENCES article (row),
  b INTEGER NOT NULL REFERENCES article (row),
  made INTEGER NOT NULL,
  undone INTEGER,
  note TEXT NOT NULL
);
CREATE INDEX link_a ON link (a);
CREATE INDEX link_b ON link (b);
CREATE TABLE event (
  cursor INTEGER NOT NULL PRIMARY KEY,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  story INTEGER NOT NULL,
  article INTEGER,
  other INTEGER,
  detail TEXT NOT NULL
);
CREATE TABLE journal (
  row INTEGER NOT NULL PRIMARY KEY,
  time INTEGER NOT NULL,
  feed TEXT,
  url TEXT,
  url_key INTEGER,
  outlet TEXT,
  title TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  article INTEGER,
  story INTEGER,
  extra BLOB
);
CREATE INDEX journal_time ON journal (time, row);
CREATE INDEX journal_feed ON journal (feed, time, row) WHERE feed IS NOT NULL;
CREATE INDEX journal_outlet ON journal (outlet, time, row) WHERE outlet IS NOT NULL;
CREATE INDEX journal_outcome ON journal (outcome, time, row) WHERE outcome <> 'new';
CREATE INDEX journal_reason ON journal (reason, time, row) WHERE reason <> 'started_story';
CREATE INDEX journal_url ON journal (url_key) WHERE article IS NULL;
CREATE INDEX journal_article ON journal (article) WHERE article IS NOT NULL;
CREATE TABLE checkpoint (
  name TEXT NOT NULL PRIMARY KEY,
  upto INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE TABLE search_document (
  row INTEGER NOT NULL PRIMARY KEY,
  article INTEGER NOT NULL REFERENCES article (row),
  revision INTEGER NOT NULL
);
CREATE VIRTUAL TABLE search_words USING fts5 (
  title, text, content = '', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE alias (
  name TEXT NOT NULL PRIMARY KEY,
  outlet TEXT NOT NULL,
  made INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE renamed (
  article INTEGER NOT NULL PRIMARY KEY REFERENCES article (row),
  name TEXT NOT NULL
);
CREATE TABLE delivery (
  hook TEXT NOT NULL PRIMARY KEY,
  cursor INTEGER NOT NULL,
  upto INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due INTEGER NOT NULL,
  detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE host (
  name TEXT NOT NULL PRIMARY KEY,
  saved INTEGER NOT NULL,
  facts TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE subscription (
  feed INTEGER NOT NULL PRIMARY KEY REFERENCES feed (row),
  token TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL
);
CREATE TABLE seal (
  name TEXT NOT NULL,
  block INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (name, block)
) WITHOUT ROWID;
