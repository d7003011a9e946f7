//! Which change of which member narrows, widens, or only reads otherwise.

use std::collections::BTreeSet;

use consent_core::Scope;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Change, Difference, Field};
use crate::{
    Access, CalendarDuration, Document, Purpose, Retention, RightToBeForgotten, Sharing,
    duration::lasts_within,
};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Widens,
    Narrows,
    Rewords,
    /// It takes something and asks for something else.
    Both,
}

use Effect::{Both, Narrows, Rewords, Widens};

impl Effect {
    /// Of something that may stay within what it was, and the other way round.
    fn of(new_within_old: bool, old_within_new: bool) -> Self {
        match (new_within_old, old_within_new) {
            (true, true) => Rewords,
            (true, false) => Narrows,
            (false, true) => Widens,
            (false, false) => Both,
        }
    }
}

/// Every member of the old text is named here, so that a new one does not compile before somebody has decided.
pub(super) fn compare(old: &Document, new: &Document) -> Difference {
    let Document {
        name,
        access,
        ongoing,
        purpose: Purpose { summary, details },
        will,
        will_not,
        scope,
        optional,
        retention: Retention { period, text: retention_text },
        sharing: Sharing { third_parties, recipients, text: sharing_text },
        right_to_be_forgotten: RightToBeForgotten { implemented, text: forgotten_text },
        lawful_basis,
        jurisdiction,
        policy_url,
        terms_url,
        logo_url,
        grant_for,
        future_accounts,
        may_delete_library,
        // For machines; nobody is shown them.
        public_key: _,
        redirect_uris: _,
        signal_endpoint: _,
    } = old;
    let mut lines = Lines::default();
    lines.value(Field::Name, name, &new.name, Rewords);
    lines.value(Field::Access, access, &new.access, if *access == Access::Write { Widens } else { Both });
    lines.flag(Field::Ongoing, *ongoing, new.ongoing, (Widens, Narrows));
    lines.value(Field::PurposeSummary, summary, &new.purpose.summary, Widens);
    lines.value(Field::PurposeDetails, details, &new.purpose.details, Widens);
    lines.entries(Field::Will, will, &new.will, (Widens, Narrows));
    lines.entries(Field::WillNot, will_not, &new.will_not, (Narrows, Widens));
    lines.scope(old, new, scope, optional);
    lines.lasting(Field::RetentionPeriod, Some(period), Some(&new.retention.period));
    lines.value(Field::RetentionText, retention_text, &new.retention.text, Rewords);
    lines.flag(Field::ThirdParties, *third_parties, new.sharing.third_parties, (Widens, Narrows));
    lines.entries(Field::Recipient, recipients, &new.sharing.recipients, (Widens, Narrows));
    let told_why = if new.sharing.third_parties { Widens } else { Rewords };
    lines.value(Field::SharingText, sharing_text, &new.sharing.text, told_why);
    let forgets = new.right_to_be_forgotten.implemented;
    lines.flag(Field::RightToBeForgotten, *implemented, forgets, (Rewords, Widens));
    let text = &new.right_to_be_forgotten.text;
    lines.value(Field::RightToBeForgottenText, forgotten_text, text, Rewords);
    lines.value(Field::LawfulBasis, lawful_basis, &new.lawful_basis, Widens);
    lines.value(Field::Jurisdiction, jurisdiction, &new.jurisdiction, Widens);
    lines.value(Field::PolicyUrl, policy_url, &new.policy_url, Rewords);
    lines.value(Field::TermsUrl, terms_url, &new.terms_url, Rewords);
    lines.value(Field::LogoUrl, logo_url, &new.logo_url, Rewords);
    lines.lasting(Field::GrantFor, grant_for.as_ref(), new.grant_for.as_ref());
    lines.flag(Field::FutureAccounts, *future_accounts, new.future_accounts, (Widens, Narrows));
    lines.flag(Field::MayDeleteLibrary, *may_delete_library, new.may_delete_library, (Widens, Narrows));
    lines.0
}

/// The lines found so far.
#[derive(Default)]
struct Lines(Difference);

impl Lines {
    fn put(&mut self, field: Field, old: Option<Value>, new: Option<Value>, effect: Effect) {
        let change = Change { field, old, new };
        match effect {
            Widens => self.0.widened.push(change),
            Narrows => self.0.narrowed.push(change),
            Rewords => self.0.reworded.push(change),
            Both => {
                self.0.widened.push(change.clone());
                self.0.narrowed.push(change);
            }
        }
    }

    /// A member with one value.
    fn value<T: Serialize + PartialEq>(&mut self, field: Field, old: &T, new: &T, effect: Effect) {
        if old != new {
            self.put(field, shown(old), shown(new), effect);
        }
    }

    /// A member that says yes or no; what each of both does.
    fn flag(&mut self, field: Field, old: bool, new: bool, (yes, no): (Effect, Effect)) {
        self.value(field, &old, &new, if new { yes } else { no });
    }

    /// A list whose order says nothing; what an entry more does, and one less.
    fn entries<T: Serialize + PartialEq>(
        &mut self,
        field: Field,
        old: &[T],
        new: &[T],
        (more, less): (Effect, Effect),
    ) {
        for gone in old.iter().filter(|entry| !new.contains(entry)) {
            self.put(field, shown(gone), None, less);
        }
        for added in new.iter().filter(|entry| !old.contains(entry)) {
            self.put(field, None, shown(added), more);
        }
    }

    /// A length of time in ISO 8601; without an end when absent.
    fn lasting(&mut self, field: Field, old: Option<&String>, new: Option<&String>) {
        if old == new {
            return;
        }
        let parsed = |text: Option<&String>| text.map(|text| text.parse::<CalendarDuration>()).transpose();
        let effect = match (parsed(old), parsed(new)) {
            (Ok(old), Ok(new)) => match Effect::of(lasts_within(new, old), lasts_within(old, new)) {
                // Neither is the longer one at all times: some people would be asked for more.
                Both => Widens,
                effect => effect,
            },
            _ => Widens,
        };
        self.put(field, old.and_then(shown), new.and_then(shown), effect);
    }

    /// Which data, of which time, and what of it may be left out.
    fn scope(&mut self, old: &Document, new: &Document, scope: &Scope, optional: &[i64]) {
        let (had, has) = (mapped(scope), mapped(&new.scope));
        self.entries(Field::Data, &had, &has, (Widens, Narrows));
        if ![old.access, new.access].contains(&Access::Write) {
            let effect = Effect::of(new.scope.times_within(scope), scope.times_within(&new.scope));
            self.value(Field::Times, &scope.time_ranges, &new.scope.time_ranges, effect);
        }
        if old.access == Access::ReadRaw && new.access == Access::ReadRaw {
            let effect = Effect::of(new.scope.files_within(scope), scope.files_within(&new.scope));
            self.value(Field::Files, &scope.criteria, &new.scope.criteria, effect);
        }
        // Of what is gone or new as a whole the lines above speak.
        let stays = |object: &&i64| offers(scope, **object) && offers(&new.scope, **object);
        let [could, can] =
            [optional, &new.optional[..]].map(|list| list.iter().filter(stays).copied().collect::<Vec<_>>());
        self.entries(Field::Optional, &could, &can, (Rewords, Widens));
    }
}

fn offers(scope: &Scope, object: i64) -> bool {
    scope.mapped().any(|(.., offered)| offered == object)
}

/// Each kind of mapped data once, in the order of the numbers.
fn mapped(scope: &Scope) -> Vec<Value> {
    let all: BTreeSet<_> = scope.mapped().collect();
    let spelled =
        |(group, kind, object)| json!({ "serviceGroup": group, "serviceType": kind, "objectType": object });
    all.into_iter().map(spelled).collect()
}

fn shown(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok().filter(|value| !value.is_null())
}
