-- Version 5: seals.  For every few thousand rows of a table their number and the sum of their checksums (seals.py);
-- SQLite itself has no checksums.
CREATE TABLE seal (
  name TEXT NOT NULL,
  block INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (name, block)
) WITHOUT ROWID;

-- The index of words held words of texts that were forgotten: where there are any it is built anew.
INSERT INTO search_words (search_words) SELECT 'delete-all' WHERE EXISTS (
  SELECT 1 FROM article a WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.article = a.row));
DELETE FROM search_document WHERE EXISTS (
  SELECT 1 FROM article a WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.article = a.row));
DELETE FROM checkpoint WHERE name = 'search' AND NOT EXISTS (SELECT 1 FROM search_document);
