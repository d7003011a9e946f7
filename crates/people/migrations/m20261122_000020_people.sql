CREATE TABLE person (
    id text PRIMARY KEY,
    email text UNIQUE,
    name text,
    stage text NOT NULL CHECK (stage IN ('invited', 'active', 'closed')),
    closed_at {timestamp},
    throwaway boolean NOT NULL,
    epoch bigint NOT NULL,
    created_at {timestamp} NOT NULL,
    CHECK ((stage = 'closed') = (closed_at IS NOT NULL))
);

CREATE TABLE password (
    person_id text PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    salt {binary} NOT NULL,
    params {json} NOT NULL,
    verifier {binary} NOT NULL
);

CREATE TABLE sign_in (
    id text PRIMARY KEY,
    person_id text NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    digest {binary} NOT NULL UNIQUE,
    library text NOT NULL CHECK (library IN ('open', 'locked')),
    user_agent text,
    created_at {timestamp} NOT NULL,
    last_seen_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    authenticated_at {timestamp} NOT NULL
);
CREATE INDEX sign_in_person ON sign_in (person_id, last_seen_at);
CREATE INDEX sign_in_expiry ON sign_in (expires_at);

CREATE TABLE sign_in_attempt (
    email_digest {binary} NOT NULL,
    address_digest {binary} NOT NULL,
    failures bigint NOT NULL,
    known boolean NOT NULL,
    at {timestamp} NOT NULL,
    PRIMARY KEY (email_digest, address_digest)
);
CREATE INDEX sign_in_attempt_at ON sign_in_attempt (at);
