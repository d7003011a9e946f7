CREATE TABLE library (
    id text PRIMARY KEY,
    person_id text NOT NULL UNIQUE REFERENCES person (id),
    created_at {timestamp} NOT NULL
);

CREATE TABLE slot (
    id text PRIMARY KEY,
    library_id text NOT NULL REFERENCES library (id),
    owner_id text NOT NULL,
    kind text NOT NULL,
    holder text NOT NULL,
    not_after {timestamp},
    sealed {binary} NOT NULL,
    UNIQUE (kind, holder)
);
CREATE INDEX slot_owner ON slot (owner_id);
CREATE INDEX slot_end ON slot (not_after);

CREATE TABLE shelf (
    id text PRIMARY KEY,
    library_id text NOT NULL REFERENCES library (id),
    kind text NOT NULL,
    drop_public {binary} NOT NULL,
    drop_wrapped {binary} NOT NULL,
    read_wrapped {binary} NOT NULL,
    connect_wrapped {binary} NOT NULL,
    created_at {timestamp} NOT NULL
);
CREATE INDEX shelf_library ON shelf (library_id);

CREATE TABLE grant_key (
    grant_id text PRIMARY KEY,
    library_id text NOT NULL REFERENCES library (id),
    wrapped {binary} NOT NULL
);

CREATE TABLE grant_shelf (
    grant_id text NOT NULL,
    shelf_id text NOT NULL REFERENCES shelf (id),
    library_id text NOT NULL REFERENCES library (id),
    usage text NOT NULL,
    wrapped {binary} NOT NULL,
    PRIMARY KEY (grant_id, shelf_id, usage)
);

CREATE TABLE file (
    id text PRIMARY KEY,
    library_id text NOT NULL REFERENCES library (id),
    shelf_id text NOT NULL REFERENCES shelf (id),
    kind text NOT NULL,
    name text NOT NULL,
    service_group bigint,
    service_type bigint,
    object_type bigint,
    period text,
    stored_bytes bigint NOT NULL,
    sealed_key {binary} NOT NULL,
    sealed_metadata {binary} NOT NULL,
    updated_at {timestamp} NOT NULL,
    superseded_at {timestamp}
);
CREATE UNIQUE INDEX file_current ON file (library_id, name) WHERE superseded_at IS NULL;
CREATE INDEX file_shelf ON file (library_id, shelf_id, name);
