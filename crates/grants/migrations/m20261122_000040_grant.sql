CREATE TABLE consent_grant (
    id text PRIMARY KEY,
    person_id text NOT NULL REFERENCES person (id),
    library_id text NOT NULL REFERENCES library (id),
    app_id text NOT NULL REFERENCES app (id),
    contract_id text NOT NULL REFERENCES contract (id),
    version integer NOT NULL,
    text_hash text NOT NULL,
    choices {json} NOT NULL,
    stage text NOT NULL,
    stage_at {timestamp} NOT NULL,
    seq bigint NOT NULL,
    epoch bigint NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp}
);
CREATE INDEX consent_grant_person ON consent_grant (person_id, id);
CREATE INDEX consent_grant_app ON consent_grant (app_id, id);
CREATE INDEX consent_grant_due ON consent_grant (expires_at) WHERE stage IN ('active', 'stopped');
