CREATE TABLE authorization_request (
    id text PRIMARY KEY,
    digest {binary} NOT NULL UNIQUE,
    kind text NOT NULL,
    app_id text NOT NULL REFERENCES app (id),
    contract_id text NOT NULL REFERENCES contract (id),
    kid text NOT NULL,
    redirect_uri text NOT NULL,
    state text,
    challenge text,
    hint_grant_id text REFERENCES consent_grant (id),
    session_id text NOT NULL,
    touched_at {timestamp} NOT NULL,
    decided_at {timestamp},
    created_at {timestamp} NOT NULL
);

CREATE TABLE authorization_code (
    id text PRIMARY KEY,
    digest {binary} NOT NULL UNIQUE,
    app_id text NOT NULL,
    contract_id text NOT NULL,
    grant_id text NOT NULL REFERENCES consent_grant (id),
    session_id text NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    used_at {timestamp},
    family {binary},
    expires_at {timestamp} NOT NULL
);
CREATE INDEX authorization_code_grant ON authorization_code (grant_id);

CREATE TABLE token_family (
    digest {binary} PRIMARY KEY,
    grant_id text NOT NULL REFERENCES consent_grant (id),
    contract_id text NOT NULL,
    revoked_at {timestamp},
    created_at {timestamp} NOT NULL
);
CREATE INDEX token_family_grant ON token_family (grant_id);

CREATE TABLE token_pair (
    id text PRIMARY KEY,
    family {binary} NOT NULL REFERENCES token_family (digest),
    grant_id text NOT NULL,
    contract_id text NOT NULL,
    access_digest {binary} NOT NULL UNIQUE,
    refresh_digest {binary} NOT NULL UNIQUE,
    access_expires_at {timestamp} NOT NULL,
    refresh_expires_at {timestamp} NOT NULL,
    first_used_at {timestamp},
    successor_id text,
    successor {binary},
    retire_at {timestamp},
    created_at {timestamp} NOT NULL
);
CREATE INDEX token_pair_family ON token_pair (family);
CREATE INDEX token_pair_grant ON token_pair (grant_id);
CREATE INDEX token_pair_successor ON token_pair (successor_id);
CREATE INDEX token_pair_retire ON token_pair (retire_at);

CREATE TABLE handle (
    digest {binary} PRIMARY KEY,
    contract_id text NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    expires_at {timestamp} NOT NULL
);

CREATE TABLE nonce (
    contract_id text NOT NULL,
    nonce text NOT NULL,
    expires_at {timestamp} NOT NULL,
    PRIMARY KEY (contract_id, nonce)
);
CREATE INDEX nonce_expires ON nonce (expires_at);
