CREATE TABLE doomed_blob (
    file_id text PRIMARY KEY,
    library_id text NOT NULL
);

CREATE INDEX file_listed ON file (library_id, id) WHERE superseded_at IS NULL;
