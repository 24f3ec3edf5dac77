-- Version 3: what people say about outlets, further looks at articles, and what was told to whom.

-- Two names of one outlet; ``renamed`` keeps the names that stored articles had, so that it can be undone.
CREATE TABLE alias (
  name TEXT NOT NULL PRIMARY KEY,
  outlet TEXT NOT NULL,
  made {integer} NOT NULL
) {clustered};
CREATE TABLE renamed (
  article {row} REFERENCES article (row),
  name TEXT NOT NULL
);

-- Which look at an article a piece of work is: 0 because its entry came, then the further ones by schedule.
ALTER TABLE work ADD COLUMN look {integer} NOT NULL DEFAULT 0;

-- How far each webhook was told of the events, and when it is tried again.
CREATE TABLE delivery (
  hook TEXT NOT NULL PRIMARY KEY,
  cursor {integer} NOT NULL,
  upto {integer} NOT NULL,
  attempts {integer} NOT NULL,
  due {integer} NOT NULL,
  detail TEXT NOT NULL
) {clustered};
