ALTER TABLE contract ADD COLUMN revision bigint NOT NULL DEFAULT 1;

sqlite:CREATE TRIGGER contract_revised AFTER UPDATE OF newest_version, published_version, retired_at ON contract
sqlite:BEGIN UPDATE contract SET revision = revision + 1 WHERE id = NEW.id; END;
sqlite:CREATE TRIGGER contract_key_added AFTER INSERT ON contract_key
sqlite:BEGIN UPDATE contract SET revision = revision + 1 WHERE id = NEW.contract_id; END;
sqlite:CREATE TRIGGER contract_key_changed AFTER UPDATE ON contract_key
sqlite:BEGIN UPDATE contract SET revision = revision + 1 WHERE id = NEW.contract_id; END;
sqlite:CREATE TRIGGER contract_key_removed AFTER DELETE ON contract_key
sqlite:BEGIN UPDATE contract SET revision = revision + 1 WHERE id = OLD.contract_id; END;
sqlite:CREATE TRIGGER app_changed AFTER UPDATE ON app
sqlite:BEGIN UPDATE contract SET revision = revision + 1 WHERE app_id = NEW.id; END;

postgres:CREATE FUNCTION contract_revised() RETURNS trigger AS $$
postgres:BEGIN NEW.revision := OLD.revision + 1; RETURN NEW; END
postgres:$$ LANGUAGE plpgsql;
postgres:CREATE TRIGGER contract_revised BEFORE UPDATE ON contract
postgres:FOR EACH ROW EXECUTE FUNCTION contract_revised();
postgres:CREATE FUNCTION contract_key_changed() RETURNS trigger AS $$
postgres:BEGIN UPDATE contract SET revision = revision + 1 WHERE id = COALESCE(NEW.contract_id, OLD.contract_id); RETURN NULL; END
postgres:$$ LANGUAGE plpgsql;
postgres:CREATE TRIGGER contract_key_changed AFTER INSERT OR UPDATE OR DELETE ON contract_key
postgres:FOR EACH ROW EXECUTE FUNCTION contract_key_changed();
postgres:CREATE FUNCTION app_changed() RETURNS trigger AS $$
postgres:BEGIN UPDATE contract SET revision = revision + 1 WHERE app_id = NEW.id; RETURN NULL; END
postgres:$$ LANGUAGE plpgsql;
postgres:CREATE TRIGGER app_changed AFTER UPDATE ON app
postgres:FOR EACH ROW EXECUTE FUNCTION app_changed();
