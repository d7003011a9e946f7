ALTER TABLE consent_grant ADD COLUMN resume_reason text;
