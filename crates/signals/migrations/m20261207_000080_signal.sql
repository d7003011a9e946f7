CREATE TABLE signal_endpoint (
    id text PRIMARY KEY,
    app_id text NOT NULL REFERENCES app (id),
    contract_id text REFERENCES contract (id),
    method text NOT NULL,
    url text,
    secret {binary},
    key_version bigint NOT NULL,
    previous {binary},
    previous_key_version bigint NOT NULL,
    previous_until {timestamp},
    state text NOT NULL,
    since {timestamp} NOT NULL,
    verified_at {timestamp},
    failures integer NOT NULL,
    open_until {timestamp},
    created_at {timestamp} NOT NULL,
    CHECK ((method = 'poll') = (url IS NULL))
);
-- One for the app, and at most one for each contract.
CREATE UNIQUE INDEX signal_endpoint_app ON signal_endpoint (app_id) WHERE contract_id IS NULL;
CREATE UNIQUE INDEX signal_endpoint_contract ON signal_endpoint (contract_id) WHERE contract_id IS NOT NULL;
CREATE INDEX signal_endpoint_all ON signal_endpoint (app_id, contract_id);

-- No reference to grant, person or endpoint: a signal is proof, and outlives what it speaks of.
CREATE TABLE signal (
    jti text PRIMARY KEY,
    app_id text NOT NULL,
    contract_id text,
    grant_id text,
    person_id text,
    subject text,
    kind text NOT NULL,
    seq bigint,
    txn text NOT NULL,
    jws text NOT NULL,
    jws_sha256 text NOT NULL,
    kid text NOT NULL,
    action_at {timestamp} NOT NULL,
    issued_at {timestamp} NOT NULL,
    endpoint_id text,
    delivery text NOT NULL,
    delivery_since {timestamp} NOT NULL,
    due_at {timestamp},
    lease_holder text,
    failed integer NOT NULL,
    rejected integer NOT NULL,
    attempts integer NOT NULL,
    superseded_by text,
    obligation text,
    obligation_since {timestamp},
    ack_by {timestamp},
    complete_by {timestamp},
    backstop_at {timestamp},
    extended_until {timestamp},
    expected_at {timestamp},
    watch_at {timestamp},
    dead_told_at {timestamp},
    ack_told_at {timestamp},
    complete_told_at {timestamp},
    backstop_told_at {timestamp},
    CHECK ((grant_id IS NULL) = (seq IS NULL)),
    CHECK ((obligation IS NULL) = (obligation_since IS NULL)),
    CHECK ((delivery = 'delivering') = (lease_holder IS NOT NULL))
);
CREATE UNIQUE INDEX signal_grant ON signal (grant_id, seq) WHERE grant_id IS NOT NULL;
CREATE INDEX signal_app ON signal (app_id, jti);
CREATE INDEX signal_person ON signal (person_id, jti);
CREATE INDEX signal_due ON signal (due_at, endpoint_id) WHERE due_at IS NOT NULL;
CREATE INDEX signal_endpoint_signals ON signal (endpoint_id, delivery);
CREATE INDEX signal_open ON signal (app_id, jti)
    WHERE delivery IN ('queued', 'delivering', 'waiting', 'rejected', 'gone', 'dead');
CREATE INDEX signal_dead ON signal (jti) WHERE delivery IN ('gone', 'dead');
CREATE INDEX signal_overdue ON signal (jti) WHERE obligation = 'overdue';
CREATE INDEX signal_watch ON signal (watch_at) WHERE watch_at IS NOT NULL;

-- One that has no outcome was begun by a process that did not survive it.
CREATE TABLE signal_attempt (
    jti text NOT NULL REFERENCES signal (jti),
    number integer NOT NULL CHECK (number > 0),
    road text NOT NULL,
    at {timestamp} NOT NULL,
    host text,
    ip text,
    status integer,
    duration_ms bigint,
    answer_sha256 text,
    outcome text,
    problem text,
    PRIMARY KEY (jti, number)
);

CREATE TABLE signal_report (
    app_id text NOT NULL,
    jti text NOT NULL,
    set_jti text NOT NULL REFERENCES signal (jti),
    said text NOT NULL,
    standing text NOT NULL,
    obligation text NOT NULL,
    jws text NOT NULL,
    jws_sha256 text NOT NULL,
    received_at {timestamp} NOT NULL,
    PRIMARY KEY (app_id, jti)
);
CREATE INDEX signal_report_signal ON signal_report (set_jti, received_at);

sqlite:CREATE TRIGGER signal_keeps_its_token BEFORE UPDATE OF jti, jws, jws_sha256 ON signal
sqlite:BEGIN SELECT RAISE(ABORT, 'the token of a signal never changes'); END;
sqlite:CREATE TRIGGER signal_attempt_is_final BEFORE UPDATE ON signal_attempt WHEN OLD.outcome IS NOT NULL
sqlite:BEGIN SELECT RAISE(ABORT, 'an attempt with an outcome never changes'); END;
sqlite:CREATE TRIGGER signal_report_is_final BEFORE UPDATE ON signal_report
sqlite:BEGIN SELECT RAISE(ABORT, 'a report never changes'); END;

postgres:CREATE FUNCTION refuse_change_of_signal() RETURNS trigger LANGUAGE plpgsql AS $$
postgres:BEGIN RAISE EXCEPTION 'tokens, attempts with an outcome and reports never change'; END $$;
postgres:CREATE TRIGGER signal_keeps_its_token BEFORE UPDATE OF jti, jws, jws_sha256 ON signal
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_signal();
postgres:CREATE TRIGGER signal_attempt_is_final BEFORE UPDATE ON signal_attempt
postgres:FOR EACH ROW WHEN (OLD.outcome IS NOT NULL) EXECUTE FUNCTION refuse_change_of_signal();
postgres:CREATE TRIGGER signal_report_is_final BEFORE UPDATE ON signal_report
postgres:FOR EACH ROW EXECUTE FUNCTION refuse_change_of_signal();
