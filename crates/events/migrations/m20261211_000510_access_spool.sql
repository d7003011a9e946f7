-- Files of accesses that are in access_entry, until they are deleted.
CREATE TABLE access_spool (
    name text PRIMARY KEY
);
