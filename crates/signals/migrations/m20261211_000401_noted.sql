ALTER TABLE signal ADD COLUMN noted_at {timestamp};
CREATE INDEX signal_unnoted ON signal (jti)
    WHERE noted_at IS NULL AND grant_id IS NOT NULL AND delivery IN ('delivered', 'fetched');
CREATE INDEX signal_settled ON signal (delivery_since) WHERE delivery IN ('delivered', 'fetched', 'cancelled');
