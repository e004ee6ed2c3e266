-- Version 2: the log first, the tables swept. A commit only appends: to `event`, `journal`, `outbox`, `effect`, `image`, `key_change`, each with a
-- position that only grows, and no index beside it. A sweep brings the tables that people read (`contact`, `enrollment`, `segment_member`,
-- `identity`, `redirect`, `trail`, `step_census`) up to the log, in the order of contacts. Whoever opens the file redoes what was not swept.

DROP VIEW journal_view;
DROP VIEW event_view;
DROP VIEW outbox_view;
DROP INDEX event_by_contact;
DROP INDEX journal_by_contact;
DROP INDEX outbox_by_contact;
DROP INDEX outbox_open;
ALTER TABLE progress RENAME TO progress_1;
ALTER TABLE contact RENAME TO contact_1;
ALTER TABLE identity RENAME TO identity_1;
ALTER TABLE redirect RENAME TO redirect_1;
ALTER TABLE event RENAME TO event_1;
ALTER TABLE journal RENAME TO journal_1;
ALTER TABLE outbox RENAME TO outbox_1;

-- One row: the last committed batch, its instant, and the last position of each table of the log.
CREATE TABLE progress (
  one INTEGER PRIMARY KEY CHECK (one = 1), batch INTEGER NOT NULL, now INTEGER NOT NULL, event INTEGER NOT NULL, journal INTEGER NOT NULL,
  outbox INTEGER NOT NULL, image INTEGER NOT NULL, key_change INTEGER NOT NULL
);

-- The log. `previous` is the position of the same contact's row before, 0 for its first: a contact's rows are walked backwards, from its `trail`.
CREATE TABLE event (
  position INTEGER PRIMARY KEY, previous INTEGER NOT NULL, event_id BLOB NOT NULL, contact INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
  happened_at INTEGER, kind TEXT NOT NULL, name TEXT NOT NULL, is_declared INTEGER NOT NULL, message_id TEXT, properties TEXT NOT NULL, context TEXT
);
CREATE TABLE journal (
  position INTEGER PRIMARY KEY, previous INTEGER NOT NULL, at INTEGER NOT NULL, contact INTEGER NOT NULL, deployment INTEGER NOT NULL,
  campaign INTEGER, enrollment BLOB, step INTEGER, what TEXT NOT NULL, why TEXT NOT NULL, cause TEXT NOT NULL, fact TEXT
);
-- Status: 0 queued 1 claimed 2 accepted 3 failed 4 unknown 5 suppressed 6 dead 7 cancelled. The small rows change; the bytes in `effect` never do.
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY, previous INTEGER NOT NULL, effect_id BLOB NOT NULL, contact INTEGER NOT NULL, campaign INTEGER, step INTEGER,
  channel TEXT NOT NULL, message TEXT, recipient TEXT NOT NULL, decided_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, status INTEGER NOT NULL,
  attempt INTEGER NOT NULL, not_before INTEGER, lease_until INTEGER, handed_over_at INTEGER, reason TEXT, provider_id TEXT
);
CREATE INDEX outbox_open ON outbox (position) WHERE status IN (0, 1, 4);
CREATE TABLE effect (position INTEGER PRIMARY KEY, body BLOB NOT NULL, checksum INTEGER NOT NULL);
-- After-images: the whole state of a contact after a batch (a version byte, then postcard), or who carries it on; swept, then deleted as a range.
CREATE TABLE image (
  position INTEGER PRIMARY KEY, batch INTEGER NOT NULL, contact INTEGER NOT NULL, event INTEGER NOT NULL, journal INTEGER NOT NULL,
  outbox INTEGER NOT NULL, sent INTEGER NOT NULL, survivor INTEGER, email TEXT, phone TEXT, wakes_at INTEGER, state BLOB, checksum INTEGER
);
CREATE TABLE key_change (position INTEGER PRIMARY KEY, contact INTEGER NOT NULL, former INTEGER, kind TEXT NOT NULL, key TEXT NOT NULL);
-- How often each word stands in the journal, what was erased or let go included. No campaign is -1, no step is 0.
CREATE TABLE journal_count (
  campaign INTEGER NOT NULL, step INTEGER NOT NULL, what TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (campaign, step, what)
) WITHOUT ROWID;

-- What is swept. `batch` is the batch that a row includes.
CREATE TABLE contact (
  uid INTEGER PRIMARY KEY, user_id TEXT, email TEXT, phone TEXT, created_at INTEGER NOT NULL, wakes_at INTEGER, enrollments INTEGER NOT NULL,
  rev INTEGER NOT NULL, batch INTEGER NOT NULL, state BLOB NOT NULL, checksum INTEGER NOT NULL
);
-- The newest row of each contact in the log, and a filter over the effects it ever had.
CREATE TABLE trail (
  contact INTEGER PRIMARY KEY, event INTEGER NOT NULL, journal INTEGER NOT NULL, outbox INTEGER NOT NULL, sent INTEGER NOT NULL
);
CREATE TABLE enrollment (
  contact INTEGER NOT NULL, campaign INTEGER NOT NULL, entry INTEGER NOT NULL, deployment INTEGER NOT NULL, step INTEGER NOT NULL,
  since INTEGER NOT NULL, wakes_at INTEGER, PRIMARY KEY (contact, campaign, entry)
) WITHOUT ROWID;
CREATE TABLE segment_member (
  contact INTEGER NOT NULL, segment INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (contact, segment)
) WITHOUT ROWID;
CREATE TABLE identity (contact INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (contact, kind, key)) WITHOUT ROWID;
CREATE TABLE redirect (loser INTEGER PRIMARY KEY, winner INTEGER NOT NULL);
CREATE TABLE step_census (
  campaign INTEGER NOT NULL, deployment INTEGER NOT NULL, step INTEGER NOT NULL, enrollments INTEGER NOT NULL, PRIMARY KEY (campaign, deployment, step)
) WITHOUT ROWID;

-- What version 1 held. States become after-images, so that the first sweep writes them in the new form.
INSERT INTO event SELECT position, coalesce(lag(position) OVER (PARTITION BY contact ORDER BY position), 0), event_id, contact, accepted_at, happened_at,
  kind, name, is_declared, message_id, properties, context FROM event_1 ORDER BY position;
INSERT INTO journal SELECT position, coalesce(lag(position) OVER (PARTITION BY contact ORDER BY position), 0), at, contact, deployment, campaign,
  enrollment, step, what, why, cause, fact FROM journal_1 ORDER BY position;
INSERT INTO outbox SELECT position, coalesce(lag(position) OVER (PARTITION BY contact ORDER BY position), 0), effect_id, contact, campaign, step,
  channel, message, recipient, decided_at, expires_at, status, attempt, not_before, lease_until, handed_over_at, reason, provider_id
  FROM outbox_1 ORDER BY position;
INSERT INTO journal_count SELECT coalesce(campaign, -1), coalesce(step, 0), what, count(*) FROM journal_1 GROUP BY 1, 2, 3;
INSERT INTO identity SELECT contact, kind, key FROM identity_1 ORDER BY contact, kind, key;
INSERT INTO redirect SELECT loser, winner FROM redirect_1;
INSERT INTO trail SELECT contact, max(event), max(journal), max(outbox), 0 FROM (
    SELECT contact, position AS event, 0 AS journal, 0 AS outbox FROM event_1
    UNION ALL SELECT contact, 0, position, 0 FROM journal_1
    UNION ALL SELECT contact, 0, 0, position FROM outbox_1
  ) GROUP BY contact;
INSERT INTO progress SELECT 1, position, now, coalesce((SELECT max(position) FROM event_1), 0), coalesce((SELECT max(position) FROM journal_1), 0),
  coalesce((SELECT max(position) FROM outbox_1), 0), (SELECT count(*) FROM contact_1), 0 FROM progress_1;

CREATE VIEW contact_view AS
  SELECT substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 59 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 54 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 49 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 44 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 39 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 34 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 29 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 24 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 19 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 14 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 9 & 31) + 1, 1) || substr('abcdefghijklmnopqrstuvwxyz234567', (uid >> 4 & 31) + 1, 1)
      || substr('abcdefghijklmnopqrstuvwxyz234567', (uid << 1 & 31) + 1, 1) AS id,
    uid, user_id, email, phone, strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', wakes_at / 1000.0, 'unixepoch') AS wakes_at, enrollments
  FROM contact;
CREATE VIEW enrollment_view AS
  SELECT k.id AS contact, k.user_id, k.email, c.name AS campaign, e.entry, s.identity AS step,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.since / 1000.0, 'unixepoch') AS since,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.wakes_at / 1000.0, 'unixepoch') AS wakes_at, s.source
  FROM enrollment e
  LEFT JOIN contact_view k ON k.uid = e.contact
  LEFT JOIN campaign c ON c.deployment = e.deployment AND c.id = e.campaign
  LEFT JOIN step s ON s.deployment = e.deployment AND s.step_uid = e.step;
CREATE VIEW step_view AS
  SELECT c.name AS campaign, s.identity AS step, n.enrollments, n.deployment, s.source
  FROM step_census n
  LEFT JOIN campaign c ON c.deployment = n.deployment AND c.id = n.campaign
  LEFT JOIN step s ON s.deployment = n.deployment AND s.step_uid = n.step;
CREATE VIEW journal_view AS
  SELECT j.position, strftime('%Y-%m-%dT%H:%M:%fZ', j.at / 1000.0, 'unixepoch') AS at, k.id AS contact, k.user_id, k.email,
         c.name AS campaign, s.identity AS step, j.what, j.why, j.cause, coalesce(s.source, c.source) AS source
  FROM journal j
  LEFT JOIN contact_view k ON k.uid = j.contact
  LEFT JOIN campaign c ON c.deployment = j.deployment AND c.id = j.campaign
  LEFT JOIN step s ON s.deployment = j.deployment AND s.step_uid = j.step;
CREATE VIEW event_view AS
  SELECT e.position, strftime('%Y-%m-%dT%H:%M:%fZ', e.accepted_at / 1000.0, 'unixepoch') AS accepted_at, k.id AS contact, k.user_id, k.email,
         e.kind, e.name, e.is_declared, e.properties
  FROM event e LEFT JOIN contact_view k ON k.uid = e.contact;
CREATE VIEW outbox_view AS
  SELECT o.position, lower(hex(o.effect_id)) AS effect, k.id AS contact, o.channel, o.message, o.recipient,
         CASE o.status WHEN 0 THEN 'queued' WHEN 1 THEN 'claimed' WHEN 2 THEN 'accepted' WHEN 3 THEN 'failed' WHEN 4 THEN 'unknown'
                       WHEN 5 THEN 'suppressed' WHEN 6 THEN 'dead' ELSE 'cancelled' END AS status,
         o.attempt, strftime('%Y-%m-%dT%H:%M:%fZ', o.decided_at / 1000.0, 'unixepoch') AS decided_at,
         strftime('%Y-%m-%dT%H:%M:%fZ', o.handed_over_at / 1000.0, 'unixepoch') AS handed_over_at, o.reason
  FROM outbox o LEFT JOIN contact_view k ON k.uid = o.contact;
