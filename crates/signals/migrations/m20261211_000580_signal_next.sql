-- What is due next at each endpoint, in the order in which it is sent.
CREATE INDEX signal_next ON signal (endpoint_id, due_at, seq, jti) WHERE due_at IS NOT NULL;
