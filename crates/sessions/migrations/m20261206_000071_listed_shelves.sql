ALTER TABLE session ADD COLUMN shelves {json};
