-- What an app got for its API key: tokens of its own, about no grant. `epoch` is the app's when they were made.
CREATE TABLE app_token (
    digest {binary} PRIMARY KEY,
    kind text NOT NULL,
    app_id text NOT NULL REFERENCES app (id),
    epoch bigint NOT NULL,
    expires_at {timestamp} NOT NULL
);
CREATE INDEX app_token_expires ON app_token (expires_at);
