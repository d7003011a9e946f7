ALTER TABLE authorization_request ADD COLUMN answered_by text REFERENCES person (id);
ALTER TABLE authorization_request ADD COLUMN answer_grant_id text REFERENCES consent_grant (id);
ALTER TABLE authorization_request ADD COLUMN storage text;
