-- The id of the newest event of a question, so that whoever asks where it stands needs no look at the chain.
ALTER TABLE consent_stream ADD COLUMN event_id text NOT NULL DEFAULT '';
UPDATE consent_stream SET event_id =
    (SELECT id FROM event WHERE event.chain = consent_stream.chain AND event.seq = consent_stream.seq);
