-- No reference to person: a chain holds nothing personal and outlives her.
CREATE TABLE event (
    person_id text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    id text NOT NULL UNIQUE,
    previous text UNIQUE,
    act_type text NOT NULL,
    grant_id text,
    contract_id text,
    body text NOT NULL,
    created_at {timestamp} NOT NULL,
    PRIMARY KEY (person_id, seq),
    CHECK ((seq = 1) = (previous IS NULL))
);
CREATE INDEX event_grant ON event (person_id, grant_id, seq);

CREATE TABLE event_chain (
    person_id text PRIMARY KEY,
    seq bigint NOT NULL,
    head text,
    at {timestamp},
    CHECK ((seq = 0) = (head IS NULL) AND (head IS NULL) = (at IS NULL))
);

sqlite:CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
sqlite:BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
sqlite:CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
sqlite:BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
-- INSERT OR REPLACE deletes without asking the trigger above.
sqlite:CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
sqlite:WHEN EXISTS (SELECT 1 FROM event WHERE (person_id = NEW.person_id AND seq = NEW.seq)
sqlite:    OR id = NEW.id OR previous = NEW.previous)
sqlite:BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END;

postgres:CREATE FUNCTION refuse_change_of_event() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'events are never changed or deleted'; END $$;
postgres:CREATE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE ON event
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_event();
postgres:CREATE TRIGGER event_is_never_truncated BEFORE TRUNCATE ON event
postgres:FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_event();
