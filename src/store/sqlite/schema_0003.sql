-- Version 3: inputs that were put aside, until the operator settles them.

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, contact INTEGER, kind TEXT NOT NULL, what TEXT NOT NULL, error TEXT NOT NULL, program BLOB NOT NULL,
  campaign INTEGER, step INTEGER, body TEXT NOT NULL
);
CREATE VIEW quarantine_view AS
  SELECT q.id, strftime('%Y-%m-%dT%H:%M:%fZ', q.at / 1000.0, 'unixepoch') AS at, k.id AS contact, q.kind, q.what, q.error, q.body
  FROM quarantine q LEFT JOIN contact_view k ON k.uid = q.contact;
