-- Version 1, what PostgreSQL needs besides.  Texts and what belongs to them lie in ranges of article rows, which
-- are spans of time, for rows are given out as articles are stored; what outlives its range goes to ``*_rest``.
-- The journal lies in weeks.  The store makes ranges and weeks as they are needed (partitions.py).
CREATE TABLE body_rest PARTITION OF body DEFAULT;
CREATE TABLE sketch_rest PARTITION OF sketch DEFAULT;
CREATE TABLE evidence_rest PARTITION OF evidence DEFAULT;
CREATE TABLE revision_rest PARTITION OF revision DEFAULT;
CREATE INDEX journal_row ON journal (row);
