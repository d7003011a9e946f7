-- What became of later versions of the contract that a grant is pinned to.
CREATE TABLE grant_change (
    grant_id text PRIMARY KEY REFERENCES consent_grant (id),
    noted_version integer,
    declined_version integer,
    declined_at {timestamp},
    CHECK ((declined_version IS NULL) = (declined_at IS NULL))
);
-- Versions that gave something up, whose older grants were not all gone through yet.
CREATE TABLE contract_narrowing (
    contract_id text NOT NULL REFERENCES contract (id),
    version integer NOT NULL,
    after_grant text,
    lease_holder text,
    lease_until {timestamp},
    created_at {timestamp} NOT NULL,
    PRIMARY KEY (contract_id, version),
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
);
CREATE INDEX consent_grant_contract ON consent_grant (contract_id, id) WHERE stage IN ('active', 'stopped');
