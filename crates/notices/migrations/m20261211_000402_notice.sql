-- No reference to app, grant or signal: what somebody was told outlives what it speaks of.
CREATE TABLE notice (
    id text PRIMARY KEY,
    audience text NOT NULL,
    app_id text NOT NULL,
    grant_id text,
    signal text NOT NULL,
    moment text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at {timestamp} NOT NULL,
    state text NOT NULL,
    due_at {timestamp},
    lease_holder text,
    failed integer NOT NULL,
    ended_at {timestamp},
    problem text,
    CHECK ((state = 'sending') = (lease_holder IS NOT NULL)),
    CHECK ((state IN ('sent', 'given_up')) = (ended_at IS NOT NULL))
);
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
