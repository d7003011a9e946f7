-- A chain is named by its person's id, by access: and that id, or by subject:, an app and a digest.
ALTER TABLE event RENAME COLUMN person_id TO chain;
ALTER TABLE event_chain RENAME COLUMN person_id TO chain;

-- How far a chain's checkpoints reach, and since when it has grown beyond.
ALTER TABLE event_chain ADD COLUMN signed_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE event_chain ADD COLUMN unsigned_since {timestamp};
UPDATE event_chain SET unsigned_since = at WHERE seq > 0;
CREATE INDEX event_chain_waiting ON event_chain (unsigned_since) WHERE unsigned_since IS NOT NULL;
CREATE INDEX event_chain_grown ON event_chain ((seq - signed_seq)) WHERE unsigned_since IS NOT NULL;

-- What an event is committed to. May be deleted; then the event says that there was something, and not what.
CREATE TABLE event_payload (
    chain text NOT NULL,
    seq bigint NOT NULL,
    salt {binary} NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (chain, seq)
);

-- Finds payloads again by hashes of what they say; what they say is in event_payload alone.
CREATE TABLE consent_event (
    chain text NOT NULL,
    seq bigint NOT NULL,
    app_id text NOT NULL,
    subject_key {binary} NOT NULL,
    target_key {binary} NOT NULL,
    scope_key {binary} NOT NULL,
    issuer_key {binary} NOT NULL,
    vault_key {binary} NOT NULL,
    stream_key {binary} NOT NULL,
    token text NOT NULL,
    action boolean,
    created_at {timestamp} NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX consent_event_subject ON consent_event (subject_key, created_at);
CREATE INDEX consent_event_target ON consent_event (target_key, created_at);
CREATE INDEX consent_event_token ON consent_event (app_id, token, created_at);

-- Every subject that an app has spoken of, with the chain of those events that are no person's of ours.
CREATE TABLE consent_subject (
    subject_key {binary} PRIMARY KEY,
    chain text NOT NULL,
    salt {binary} NOT NULL,
    at {timestamp}
);

-- Where one question to one subject stands.
CREATE TABLE consent_stream (
    stream_key {binary} PRIMARY KEY,
    subject_key {binary} NOT NULL,
    target_key {binary} NOT NULL,
    scope_key {binary} NOT NULL,
    issuer_key {binary} NOT NULL,
    vault_key {binary} NOT NULL,
    statistic_key {binary} NOT NULL,
    chain text NOT NULL,
    seq bigint NOT NULL,
    created_at {timestamp} NOT NULL,
    decision boolean,
    events bigint NOT NULL,
    yes bigint NOT NULL,
    no bigint NOT NULL,
    changes bigint NOT NULL
);
CREATE INDEX consent_stream_subject ON consent_stream (subject_key, created_at);
CREATE INDEX consent_stream_target ON consent_stream (target_key, created_at);

-- Sums of consent_stream.
CREATE TABLE consent_statistic (
    statistic_key {binary} PRIMARY KEY,
    app_id text NOT NULL,
    vault_key {binary} NOT NULL,
    target text NOT NULL,
    scope text NOT NULL,
    events bigint NOT NULL,
    yes bigint NOT NULL,
    no bigint NOT NULL,
    changes bigint NOT NULL
);
CREATE INDEX consent_statistic_app ON consent_statistic (app_id, vault_key);

CREATE TABLE access_entry (
    chain text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    id text NOT NULL,
    app_id text NOT NULL,
    grant_id text NOT NULL,
    day text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX access_entry_grant ON access_entry (chain, grant_id, seq);
CREATE INDEX access_entry_day ON access_entry (chain, day, app_id);

CREATE TABLE checkpoint (
    chain text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    id text NOT NULL,
    at {timestamp} NOT NULL,
    jws text NOT NULL,
    PRIMARY KEY (chain, seq)
);

sqlite:CREATE TRIGGER event_payload_is_never_changed BEFORE UPDATE ON event_payload
sqlite:BEGIN SELECT RAISE(ABORT, 'payloads are never changed'); END;
sqlite:CREATE TRIGGER event_payload_is_never_replaced BEFORE INSERT ON event_payload
sqlite:WHEN EXISTS (SELECT 1 FROM event_payload WHERE chain = NEW.chain AND seq = NEW.seq)
sqlite:BEGIN SELECT RAISE(ABORT, 'payloads are never replaced'); END;
sqlite:CREATE TRIGGER access_entry_is_never_changed BEFORE UPDATE ON access_entry
sqlite:BEGIN SELECT RAISE(ABORT, 'accesses are never changed'); END;
sqlite:CREATE TRIGGER access_entry_is_never_deleted BEFORE DELETE ON access_entry
sqlite:BEGIN SELECT RAISE(ABORT, 'accesses are never deleted'); END;
sqlite:CREATE TRIGGER access_entry_is_never_replaced BEFORE INSERT ON access_entry
sqlite:WHEN EXISTS (SELECT 1 FROM access_entry WHERE chain = NEW.chain AND seq = NEW.seq)
sqlite:BEGIN SELECT RAISE(ABORT, 'accesses are never replaced'); END;
sqlite:CREATE TRIGGER checkpoint_is_never_changed BEFORE UPDATE ON checkpoint
sqlite:BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
sqlite:CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
sqlite:BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
sqlite:CREATE TRIGGER checkpoint_is_never_replaced BEFORE INSERT ON checkpoint
sqlite:WHEN EXISTS (SELECT 1 FROM checkpoint WHERE chain = NEW.chain AND seq = NEW.seq)
sqlite:BEGIN SELECT RAISE(ABORT, 'checkpoints are never replaced'); END;

postgres:CREATE FUNCTION refuse_change_of_payload() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'payloads are never changed'; END $$;
postgres:CREATE TRIGGER event_payload_is_never_changed BEFORE UPDATE ON event_payload
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_payload();
postgres:CREATE FUNCTION refuse_change_of_access() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'accesses are never changed or deleted'; END $$;
postgres:CREATE TRIGGER access_entry_is_never_changed BEFORE UPDATE OR DELETE ON access_entry
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_access();
postgres:CREATE TRIGGER access_entry_is_never_truncated BEFORE TRUNCATE ON access_entry
postgres:FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_access();
postgres:CREATE FUNCTION refuse_change_of_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'checkpoints are never changed or deleted'; END $$;
postgres:CREATE TRIGGER checkpoint_is_never_changed BEFORE UPDATE OR DELETE ON checkpoint
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_checkpoint();
postgres:CREATE TRIGGER checkpoint_is_never_truncated BEFORE TRUNCATE ON checkpoint
postgres:FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_checkpoint();
