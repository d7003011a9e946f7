-- Who is behind an app by law: legalName, address, phone.
ALTER TABLE app ADD COLUMN controller {json};
