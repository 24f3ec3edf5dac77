-- One article in one story, as version 5 keeps them; its outlet has another name.
INSERT INTO story VALUES (1, 's-old', 1, 'first published', NULL, 1700000000000000, 1700000000000000, 1, NULL);
INSERT INTO article VALUES (1, 'a-old', 1, 'https://news.example/old', 'Old title', 'Old outlet', NULL,
  1700000000000000, 1, x'00112233445566778899aabbccddeeff', NULL, NULL, NULL, '{"language":"en"}');
INSERT INTO body VALUES (1, 'An old text.');
INSERT INTO sketch VALUES (1, 1, NULL, x'01');
INSERT INTO address VALUES (x'00112233445566778899aabbccddeeff', 1);
INSERT INTO event VALUES (1, 1700000000000000, 'started', 1, 1, NULL, '');
INSERT INTO journal VALUES (1, 1700000000000000, NULL, 'https://news.example/old', NULL, 'Old outlet', 'Old title',
  'new', 'started_story', '', 1, 1, NULL);
INSERT INTO search_document VALUES (1, 1, 1);
INSERT INTO search_words (rowid, title, text) VALUES (1, 'Old title', 'An old text.');
INSERT INTO checkpoint VALUES ('search', 1, x'');
INSERT INTO alias VALUES ('Oldest outlet', 'Old outlet', 1700000000000000);
INSERT INTO host (name, saved, facts) VALUES ('old.example', 1767225600000000, '{"average": 0.5}');
