//! What the parts of a receipt say has to be the same thing everywhere.

use crate::{
    Access, Choice, Claims, Findings, Kind,
    access::FORMAT,
    moment,
    record::{RECEIPT_SCHEMA, RECORD_SCHEMA},
};

impl Claims {
    /// What a careful reader notices: about Kantara's members, and about whether all parts agree.
    #[must_use]
    pub fn check(&self) -> Findings {
        let mut found = self.kantara.check();
        self.check_names(&mut found);
        self.check_time(&mut found);
        self.check_purposes(&mut found);
        self.check_record(&mut found);
        self.added.consent_access.check(&mut found);
        self.check_erasure(&mut found);
        found
    }

    fn check_names(&self, found: &mut Findings) {
        let (kantara, added) = (&self.kantara, &self.added);
        found.demand_text(&added.iss, "iss");
        found.demand(kantara.consent_receipt_id == added.jti.as_str(), "jti", "is not consentReceiptID");
        found.demand(kantara.pii_principal_id == added.sub, "sub", "is not piiPrincipalId");
        let status = status_url(&added.iss, added.jti.as_str());
        let at = "consentAccess.statusUrl";
        found.demand(added.consent_access.status_url == status, at, format!("is not {status}"));
        let controller = kantara.pii_controllers.first().map(|first| first.pii_controller.as_str());
        let org = added.data_controller.org.as_str();
        found.demand(controller == Some(org), "dataController.org", "is not the first controller");
        let consent = &added.signatu.consent;
        let same = consent.id == added.consent_access.event.id
            && consent.subject == added.sub
            && consent.target == kantara.policy_url
            && consent.scope == added.consent_access.contract.id.as_str()
            && consent.action == (added.consent_access.state == crate::State::Active);
        found.demand(same, "signatu.consent", "says something else than consentAccess");
    }

    fn check_time(&self, found: &mut Findings) {
        let event = &self.added.consent_access.event;
        let Some(at) = moment::parse(&event.at) else {
            let form = "must be RFC 3339 in UTC with milliseconds and Z";
            return found.demand(false, "consentAccess.event.at", form);
        };
        let seconds = u64::try_from(at.timestamp()).ok();
        let differs = "is not the time of the event in whole seconds";
        found.demand(seconds == Some(self.kantara.consent_timestamp), "consentTimestamp", differs);
        found.demand(self.added.iat >= at.timestamp(), "iat", "is before the event");
    }

    /// One main purpose; those refused are those left out, or all of them when she said no.
    fn check_purposes(&self, found: &mut Findings) {
        let access = &self.added.consent_access;
        let primary = self.kantara.purposes().filter(|purpose| purpose.primary_purpose == Some(true)).count();
        found.demand(primary == 1, "services", "must have exactly one primary purpose");
        let mut refused = vec![];
        for (at, purpose) in self.kantara.purposes().enumerate() {
            let field = format!("services[0].purposes[{at}].state");
            let Some(state) = purpose.state else {
                found.demand(false, field, "must say whether it was given or refused");
                continue;
            };
            if access.kind == Kind::Declined {
                found.demand(state == Choice::Refused, field, "is given, although the person said no");
            } else if purpose.primary_purpose == Some(true) {
                found.demand(state == Choice::Given, field, "is refused, although the person said yes");
            } else if state == Choice::Refused {
                refused.extend(purpose.object_types.iter().flatten().copied());
            }
        }
        if let Some(grant) = &access.grant {
            refused.sort_unstable();
            let mut left_out = grant.left_out.clone();
            left_out.sort_unstable();
            let differs = "is not what the purposes say was refused";
            found.demand(refused == left_out, "consentAccess.grant.leftOut", differs);
        }
        self.check_collected(found);
    }

    /// What is sensitive among what she gave stands in `spiCat`.
    fn check_collected(&self, found: &mut Findings) {
        let given = self.kantara.purposes().filter(|purpose| purpose.state == Some(Choice::Given));
        for category in given.flat_map(crate::Purpose::sensitive_categories) {
            let missing = format!("lacks {category:?}, which is sensitive");
            found.demand(self.kantara.spi_cat.contains(category), "spiCat", missing);
        }
    }

    fn check_record(&self, found: &mut Findings) {
        let (kantara, ts) = (&self.kantara, &self.added.ts27560);
        let access = &self.added.consent_access;
        let mut same = |holds: bool, field: &str| {
            found.demand(
                holds,
                format!("ts27560.{field}"),
                "says something else than the rest of the receipt",
            );
        };
        same(ts.schema_version == RECEIPT_SCHEMA, "schema_version");
        same(ts.receipt_id == self.added.jti, "receipt_id");
        let header = &ts.record.header;
        same(header.schema_version == RECORD_SCHEMA, "record.header.schema_version");
        same(header.pii_principal_id == self.added.sub, "record.header.pii_principal_id");
        same(header.record_id == access.record_id(), "record.header.record_id");
        let processing = &ts.record.pii_processing;
        same(processing.len() == kantara.purposes().count(), "record.pii_processing");
        for (entry, purpose) in processing.iter().zip(kantara.purposes()) {
            let agrees = entry.privacy_notice == kantara.policy_url
                && Some(&entry.language) == kantara.language.as_ref()
                && entry.jurisdiction == kantara.jurisdiction
                && Some(&entry.purpose) == purpose.purpose.as_ref()
                && entry.recipient_third_parties.is_empty() != purpose.third_party_disclosure
                && !entry.pii_information.is_empty();
            same(agrees, "record.pii_processing");
            let known = |id: &String| ts.record.parties.iter().any(|party| party.party_id == *id);
            let parties = entry.pii_controllers.iter().chain(&entry.recipient_third_parties).all(known);
            same(parties && !entry.pii_controllers.is_empty(), "record.parties");
        }
        let event = ts.record.events.last();
        let agrees = |event: &crate::record::RecordEvent| {
            event.event_time == access.event.at && event.event_state == access.event.state
        };
        same(event.is_some_and(agrees), "record.events");
    }

    fn check_erasure(&self, found: &mut Findings) {
        let access = &self.added.consent_access;
        match (&access.erasure, access.kind) {
            (Some(erasure), Kind::ErasureAnswered) => {
                let says = erasure.outcome.has_erased() == (access.state == crate::State::Erased);
                found.demand(says, "consentAccess.state", "does not fit the outcome of the erasure");
                erasure.check(&self.added.iss, access, found);
            }
            (None, Kind::ErasureAnswered) => {
                found.demand(false, "consentAccess.erasure", "must hold what the app answered");
            }
            (Some(_), _) => {
                found.demand(false, "consentAccess.erasure", "belongs to another kind of receipt");
            }
            (None, _) => {}
        }
    }
}

impl Access {
    /// What the record of TS 27560 is called: the grant, or the event when there is none.
    pub(crate) fn record_id(&self) -> &str {
        self.grant.as_ref().map_or(&self.event.id, |grant| grant.id.as_str())
    }

    fn check(&self, found: &mut Findings) {
        let at = |field: &str| format!("consentAccess.{field}");
        found.demand(self.v == FORMAT, at("v"), "is a version that this program cannot read");
        let leads = self.kind.states().contains(&self.state);
        found.demand(leads, at("state"), format!("cannot be {} after {}", self.state, self.kind));
        let said = self.kind.consent_state(self.state, self.event.actor, self.follows.is_some());
        found.demand(self.event.state == said, at("event.state"), format!("must be {said:?}"));
        for (field, hash) in [
            ("event.id", Some(&self.event.id)),
            ("event.previous", self.event.previous.as_ref()),
            ("contract.textHash", Some(&self.contract.text_hash)),
        ] {
            found.demand(hash.is_none_or(|hash| is_hash(hash)), at(field), "must be 64 hexadecimal digits");
        }
        let granted = self.grant.is_some() == (self.kind != Kind::Declined);
        found.demand(granted, at("grant"), "must be there unless the person said no");
        let changed = self.changed.is_empty() == (self.kind != Kind::Changed);
        found.demand(changed, at("changed"), "must say what was changed, and only then");
        if let Some(grant) = &self.grant {
            let times = [Some(&grant.agreed_at), grant.ends_at.as_ref()];
            let readable = times.into_iter().flatten().all(|at| moment::parse(at).is_some());
            found.demand(readable, at("grant"), "has a time that is not RFC 3339 in UTC with milliseconds");
        }
    }
}

/// Where anybody may ask what became of the consent of a receipt.
pub(crate) fn status_url(issuer: &str, receipt: &str) -> String {
    format!("{issuer}/api/v1/receipts/{receipt}/status")
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
