-- Rises when an app's API key is replaced, and when the app is suspended or closed: tokens of an earlier number are void.
ALTER TABLE app ADD COLUMN credential_epoch bigint NOT NULL DEFAULT 0;
