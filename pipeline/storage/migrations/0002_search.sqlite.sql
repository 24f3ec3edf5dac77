-- Version 2: full text.  The index only grows: a later text of an article is a further document, and a hit on
-- an earlier one is passed over.  It holds no copy of the texts.
CREATE TABLE search_document (
  row {row},
  article {integer} NOT NULL REFERENCES article (row),
  revision {integer} NOT NULL
);
CREATE VIRTUAL TABLE search_words USING fts5 (
  title, text, content = '', tokenize = 'unicode61 remove_diacritics 2'
);
