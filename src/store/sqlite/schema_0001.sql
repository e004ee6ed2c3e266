-- Version 1. Instants are milliseconds since 1970 (UTC); ids of contacts and steps are numbers, their text forms are base 32.

CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- One row: the last committed batch and its instant.
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, now INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0, 0);

-- Programs by hash; kept while anything refers to them.
CREATE TABLE program (hash BLOB PRIMARY KEY, image BLOB NOT NULL, added_at INTEGER NOT NULL);
CREATE TABLE deployment (
  seq INTEGER PRIMARY KEY, from_program BLOB, to_program BLOB NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, checksum BLOB NOT NULL
);
-- The names of a deployment: lineage of steps, ids of campaigns.
CREATE TABLE step (
  deployment INTEGER NOT NULL, step_uid INTEGER NOT NULL, campaign INTEGER NOT NULL, identity TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (deployment, step_uid)
) WITHOUT ROWID;
CREATE TABLE campaign (
  deployment INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (deployment, id)
) WITHOUT ROWID;
-- The operator's switches, above the source's `published`.
CREATE TABLE switch (campaign INTEGER PRIMARY KEY, is_paused INTEGER NOT NULL);

-- A contact: what people look for in columns, all the rest in `state` (a version byte, then postcard).
CREATE TABLE contact (
  uid INTEGER PRIMARY KEY, id TEXT NOT NULL, shard INTEGER NOT NULL, user_id TEXT, email TEXT, phone TEXT, created_at INTEGER NOT NULL,
  wakes_at INTEGER, enrollments INTEGER NOT NULL, rev INTEGER NOT NULL, position INTEGER NOT NULL, state BLOB NOT NULL, checksum BLOB NOT NULL
);
-- Senders' keys; an address or number is in its contact's row.
CREATE TABLE identity (
  kind TEXT NOT NULL, key TEXT NOT NULL, shard INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
-- Merged contacts and who carries on.
CREATE TABLE redirect (loser INTEGER PRIMARY KEY, winner INTEGER NOT NULL, at INTEGER NOT NULL);

-- Everything that came in, with all properties. `message_id` is the dedupe key; it counts by acceptance, so it needs no index.
CREATE TABLE event (
  position INTEGER PRIMARY KEY, event_id BLOB NOT NULL, shard INTEGER NOT NULL, contact INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
  happened_at INTEGER, kind TEXT NOT NULL, name TEXT NOT NULL, is_declared INTEGER NOT NULL, message_id TEXT, properties TEXT NOT NULL, context TEXT
);
CREATE INDEX event_by_contact ON event (contact);
CREATE TABLE undeclared_event (name TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at INTEGER NOT NULL) WITHOUT ROWID;

-- What was decided, and why.
CREATE TABLE journal (
  position INTEGER PRIMARY KEY, at INTEGER NOT NULL, contact INTEGER NOT NULL, deployment INTEGER NOT NULL, campaign INTEGER, enrollment BLOB,
  step INTEGER, what TEXT NOT NULL, why TEXT NOT NULL, cause TEXT NOT NULL, fact TEXT
);
CREATE INDEX journal_by_contact ON journal (contact);

-- Effects. Status: 0 queued 1 claimed 2 accepted 3 failed 4 unknown 5 suppressed 6 dead 7 cancelled.
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY, effect_id BLOB NOT NULL UNIQUE, shard INTEGER NOT NULL, contact INTEGER NOT NULL, campaign INTEGER, step INTEGER,
  channel TEXT NOT NULL, message TEXT, recipient TEXT NOT NULL, status INTEGER NOT NULL, attempt INTEGER NOT NULL, decided_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, not_before INTEGER, lease_until INTEGER, handed_over_at INTEGER, reason TEXT, provider_id TEXT,
  body BLOB NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX outbox_open ON outbox (status) WHERE status IN (0, 1, 4);
CREATE INDEX outbox_by_contact ON outbox (contact);

CREATE VIEW journal_view AS
  SELECT j.position, strftime('%Y-%m-%dT%H:%M:%fZ', j.at / 1000.0, 'unixepoch') AS at, k.id AS contact, k.user_id, k.email,
         c.name AS campaign, s.identity AS step, j.what, j.why, j.cause, s.source
  FROM journal j
  LEFT JOIN contact k ON k.uid = j.contact
  LEFT JOIN campaign c ON c.deployment = j.deployment AND c.id = j.campaign
  LEFT JOIN step s ON s.deployment = j.deployment AND s.step_uid = j.step;
CREATE VIEW event_view AS
  SELECT e.position, strftime('%Y-%m-%dT%H:%M:%fZ', e.accepted_at / 1000.0, 'unixepoch') AS accepted_at, k.id AS contact, k.user_id, k.email,
         e.kind, e.name, e.is_declared, e.properties
  FROM event e LEFT JOIN contact k ON k.uid = e.contact;
CREATE VIEW outbox_view AS
  SELECT o.position, lower(hex(o.effect_id)) AS effect, k.id AS contact, o.channel, o.message, o.recipient,
         CASE o.status WHEN 0 THEN 'queued' WHEN 1 THEN 'claimed' WHEN 2 THEN 'accepted' WHEN 3 THEN 'failed' WHEN 4 THEN 'unknown'
                       WHEN 5 THEN 'suppressed' WHEN 6 THEN 'dead' ELSE 'cancelled' END AS status,
         o.attempt, strftime('%Y-%m-%dT%H:%M:%fZ', o.decided_at / 1000.0, 'unixepoch') AS decided_at,
         strftime('%Y-%m-%dT%H:%M:%fZ', o.handed_over_at / 1000.0, 'unixepoch') AS handed_over_at, o.reason
  FROM outbox o LEFT JOIN contact k ON k.uid = o.contact;
