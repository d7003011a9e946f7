CREATE TABLE app (
    id text PRIMARY KEY,
    name text NOT NULL,
    partner_id text NOT NULL,
    contact text NOT NULL,
    description text,
    website text,
    stage text NOT NULL,
    stage_at {timestamp},
    api_key_digest {binary} NOT NULL,
    created_at {timestamp} NOT NULL
);
CREATE UNIQUE INDEX app_api_key_digest ON app (api_key_digest);

CREATE TABLE contract (
    id text PRIMARY KEY,
    app_id text NOT NULL REFERENCES app (id),
    client_id text NOT NULL,
    newest_version integer NOT NULL,
    published_version integer,
    retired_at {timestamp},
    created_at {timestamp} NOT NULL
);
CREATE UNIQUE INDEX contract_client_id ON contract (client_id);
CREATE INDEX contract_app_id ON contract (app_id, id);

CREATE TABLE contract_version (
    contract_id text NOT NULL REFERENCES contract (id),
    version integer NOT NULL,
    document {json} NOT NULL,
    text_hash text NOT NULL,
    published_at {timestamp},
    created_at {timestamp} NOT NULL,
    PRIMARY KEY (contract_id, version)
);

CREATE TABLE contract_key (
    contract_id text NOT NULL REFERENCES contract (id),
    kid text NOT NULL,
    public_pem text NOT NULL,
    created_at {timestamp} NOT NULL,
    retire_at {timestamp},
    compromised_at {timestamp},
    PRIMARY KEY (contract_id, kid)
);

sqlite:CREATE TRIGGER contract_version_update BEFORE UPDATE ON contract_version WHEN OLD.published_at IS NOT NULL
sqlite:BEGIN SELECT RAISE(ABORT, 'a published contract version never changes'); END;
sqlite:CREATE TRIGGER contract_version_delete BEFORE DELETE ON contract_version WHEN OLD.published_at IS NOT NULL
sqlite:BEGIN SELECT RAISE(ABORT, 'a published contract version never changes'); END;

postgres:CREATE FUNCTION contract_version_frozen() RETURNS trigger AS $$
postgres:BEGIN RAISE EXCEPTION 'a published contract version never changes'; END
postgres:$$ LANGUAGE plpgsql;
postgres:CREATE TRIGGER contract_version_frozen BEFORE UPDATE OR DELETE ON contract_version
postgres:FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION contract_version_frozen();
