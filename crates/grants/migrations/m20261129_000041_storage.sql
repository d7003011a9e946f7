ALTER TABLE consent_grant ADD COLUMN storage_id text;
