-- A registry as countermark wrote it with version 1 of its tables, with one entry.
CREATE TABLE entry (
    payload BLOB NOT NULL UNIQUE CHECK (length(payload) = 8),
    pdq BLOB NOT NULL CHECK (length(pdq) = 32),
    pdq_quality INTEGER NOT NULL,
    manifest_sha256 BLOB NOT NULL CHECK (length(manifest_sha256) = 32),
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    marked_at TEXT NOT NULL,
    record TEXT NOT NULL,
    manifest BLOB NOT NULL
);
CREATE INDEX entry_by_pdq ON entry (pdq_quality, pdq);
INSERT INTO entry VALUES (
    X'8000000000000005',
    X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F', 100,
    X'0F050FC03B8C900023BD7EDC57732F8B174FA8D3242B25E18137413491C22813', 640, 480,
    '2026-11-23T12:00:00+00:00', '{"source":"captured","title":"A cup"}',
    X'746865206D616E69666573742073746F7265'
);
PRAGMA application_id = 1129139026;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
