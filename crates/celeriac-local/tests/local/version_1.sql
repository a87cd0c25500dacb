-- A file of version 1 as its code made it; retention and TTL are longer, so that the rows are never over.
PRAGMA journal_mode = WAL;
CREATE TABLE queue (
    queue INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    visibility INTEGER NOT NULL,
    retention INTEGER NOT NULL,
    dead_letter TEXT,
    max_receives INTEGER,
    swept_at INTEGER NOT NULL DEFAULT 0
);
-- AUTOINCREMENT: a sequence number is never given twice, so an old receipt never meets a new message
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    receipt TEXT,
    message_id TEXT NOT NULL,
    group_id TEXT,
    dedup_id TEXT,
    attributes TEXT,
    body TEXT NOT NULL
);
CREATE INDEX message_due ON message (queue, visible_at);
CREATE INDEX message_grouped ON message (queue) WHERE group_id IS NOT NULL;
CREATE TABLE dedup (
    queue INTEGER NOT NULL,
    dedup_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (queue, dedup_id)
) WITHOUT ROWID;
CREATE TABLE task (
    key TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0,
    written_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    lease_until INTEGER,
    nonce TEXT NOT NULL,
    owner TEXT,
    result BLOB NOT NULL
);
CREATE INDEX task_expiry ON task (expires_at);

INSERT INTO queue VALUES (1, 'tasks', 60000000, 9999999999000000, 'tasks-dlq', 100, 0);
INSERT INTO queue VALUES (2, 'tasks-dlq', 60000000, 1209600000000, NULL, NULL, 0);
INSERT INTO message VALUES (
    1, 1, 1700000000000000, 1700000000000000, 0, NULL, 'acadf6c9-6bb9-4b2d-8c01-3f020112eded', NULL, NULL, NULL, 'kept'
);
INSERT INTO task VALUES (
    'celery-task-meta-finished', 'SUCCESS', 0, 1700000000000123, 9999999999000000, 1, 1, 0, NULL, 'b', 'worker',
    CAST('{"status":"SUCCESS","result":"größe","traceback":null,"children":null,"date_done":null,"task_id":"finished"}' AS BLOB)
);
PRAGMA application_id = 1668051577;
PRAGMA user_version = 1;
