-- No reference to person, grant or event: a receipt outlives what it is proof of.
CREATE TABLE receipt (
    id text PRIMARY KEY,
    person_id text NOT NULL,
    app_id text NOT NULL REFERENCES app (id),
    contract_id text NOT NULL REFERENCES contract (id),
    version integer NOT NULL,
    grant_id text,
    kind text NOT NULL,
    state text NOT NULL,
    event_id text NOT NULL,
    event_seq bigint NOT NULL CHECK (event_seq > 0),
    event_at {timestamp} NOT NULL,
    ends_at {timestamp},
    issued_at {timestamp} NOT NULL,
    jws text NOT NULL
);
CREATE UNIQUE INDEX receipt_event ON receipt (event_id);
CREATE UNIQUE INDEX receipt_person ON receipt (person_id, event_seq);
CREATE INDEX receipt_grant ON receipt (grant_id, event_seq);

sqlite:CREATE TRIGGER receipt_is_never_changed BEFORE UPDATE ON receipt
sqlite:BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;

postgres:CREATE FUNCTION refuse_change_of_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'receipts are never changed'; END $$;
postgres:CREATE TRIGGER receipt_is_never_changed BEFORE UPDATE ON receipt
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_receipt();
