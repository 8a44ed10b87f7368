-- The log, the feed and what belongs to the plane as a whole. The tables of entities are laid out in schema.py.

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    agent_id TEXT,
    task_id TEXT,
    body TEXT NOT NULL,
    leaf BLOB NOT NULL
);
CREATE INDEX audit_by_kind ON audit (kind);
CREATE INDEX audit_by_object_id ON audit (object_id);
CREATE INDEX audit_by_agent_id ON audit (agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX audit_by_task_id ON audit (task_id) WHERE task_id IS NOT NULL;

-- An event's text is `before`, its entity's text and `after`. Where the event has an audit record, the entity's text is read
-- from there: `length` characters from the `start`th on. Otherwise `before` holds everything.
CREATE TABLE events (
    cursor INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    audit_seq INTEGER,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);

CREATE TABLE texts (
    digest TEXT PRIMARY KEY,
    salt BLOB NOT NULL,
    text TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    request TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_at ON idempotency (at);

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE fences (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: the last cursor, the log's size and peaks, and the latest time that was committed (microseconds since 1970).
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    cursor INTEGER NOT NULL,
    size INTEGER NOT NULL,
    peaks BLOB NOT NULL,
    at INTEGER NOT NULL,
    log TEXT NOT NULL
);
INSERT INTO head VALUES (1, 0, 0, x'', 0, lower(hex(randomblob(16))));
