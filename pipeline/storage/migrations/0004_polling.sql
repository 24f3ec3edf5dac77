-- Version 4: what polling learned, kept from one process to the next.

-- The pace of each host: ``facts`` is JSON, its times in seconds from ``saved``.
CREATE TABLE host (
  name TEXT NOT NULL PRIMARY KEY,
  saved {integer} NOT NULL,
  facts TEXT NOT NULL
) {clustered};

-- WebSub: what a hub was asked to send and for how long; ``token`` is the last part of our callback's address.
CREATE TABLE subscription (
  feed {row} REFERENCES feed (row),
  token TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL
);
