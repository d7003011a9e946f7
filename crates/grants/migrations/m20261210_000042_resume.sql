ALTER TABLE consent_grant ADD COLUMN resume_asked_at {timestamp};
CREATE INDEX consent_grant_resume ON consent_grant (person_id) WHERE resume_asked_at IS NOT NULL;
