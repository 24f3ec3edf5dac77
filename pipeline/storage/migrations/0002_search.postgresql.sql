-- Version 2: full text.  The index only grows: a later text of an article is a further document, and a hit on
-- an earlier one is passed over.  When a text is forgotten, title and language stay.
CREATE TABLE search_document (
  row {row},
  article {integer} NOT NULL REFERENCES article (row),
  revision {integer} NOT NULL,
  language TEXT,
  words TSVECTOR NOT NULL
);
CREATE INDEX search_words ON search_document USING gin (words);
