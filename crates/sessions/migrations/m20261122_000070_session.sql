CREATE TABLE session (
    id text PRIMARY KEY,
    digest {binary} NOT NULL UNIQUE,
    app_id text NOT NULL REFERENCES app (id),
    contract_id text NOT NULL REFERENCES contract (id),
    grant_id text REFERENCES consent_grant (id),
    family {binary},
    scope {json} NOT NULL,
    options {json} NOT NULL,
    state text NOT NULL,
    outcome {json},
    started_at {timestamp},
    ended_at {timestamp},
    expires_at {timestamp} NOT NULL,
    created_at {timestamp} NOT NULL
);
CREATE INDEX session_grant ON session (grant_id);
CREATE INDEX session_expires ON session (expires_at);
