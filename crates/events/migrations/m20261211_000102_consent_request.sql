-- Requests that their sender may repeat, by digests of the key it gave them and of what it sent: what each recorded.
CREATE TABLE consent_request (
    app_id text NOT NULL,
    key_digest {binary} NOT NULL,
    body_digest {binary} NOT NULL,
    events text NOT NULL,
    created_at {timestamp} NOT NULL,
    PRIMARY KEY (app_id, key_digest)
);
CREATE INDEX consent_request_created ON consent_request (created_at);
