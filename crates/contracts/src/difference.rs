//! What a new text changes for people who agreed to an older one: what it takes back, what it asks for in addition, and
//! what only reads otherwise.

mod field;
mod rules;

use serde_json::Value;

pub use field::Field;

use crate::Document;

/// What differs between two texts of a contract, each line in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is asked for in addition: nothing of it holds before the person has said yes.
    pub widened: Vec<Change>,
    /// What is given up: it holds at once.
    pub narrowed: Vec<Change>,
    /// What reads otherwise and asks nothing of anybody.
    pub reworded: Vec<Change>,
}

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which member of the document.
    pub field: Field,
    /// What it said; none for an entry that is new, and for a member that was left out.
    pub old: Option<Value>,
    /// What it says now; none for an entry that is gone, and for a member that is left out.
    pub new: Option<Value>,
}

impl Difference {
    /// What changes from the old text to the new one.
    #[must_use]
    pub fn between(old: &Document, new: &Document) -> Self {
        rules::compare(old, new)
    }

    /// What changes for somebody who agreed to the first of these texts, which were published one after the other and of
    /// which each took back what it did not ask for: what one of them gave up is asked for anew when the last one has it
    /// again. Nothing, where there is no text.
    #[must_use]
    pub fn of(texts: &[&Document]) -> Self {
        let Some((current, before)) = texts.split_last() else { return Self::default() };
        let Some((agreed, between)) = before.split_first() else { return Self::default() };
        let mut whole = Self::between(agreed, current);
        let again = between.iter().flat_map(|given_up| Self::between(given_up, current).widened);
        for change in again {
            if !whole.widened.iter().any(|known| known.is_same_as(&change)) {
                whole.narrowed.retain(|known| !known.is_same_as(&change));
                whole.reworded.retain(|known| !known.is_same_as(&change));
                whole.widened.push(change);
            }
        }
        whole
    }

    /// What the last of these texts takes back that held after all the others, as they were published one after the other.
    #[must_use]
    pub fn narrowed_by_last(texts: &[&Document]) -> Vec<Change> {
        let Some((current, held)) = texts.split_last() else { return Vec::new() };
        let Some((latest, earlier)) = held.split_last() else { return Vec::new() };
        let taken = |from: &Document| Self::between(from, current).narrowed;
        let mut narrowed = taken(latest);
        for text in earlier {
            let also = taken(text);
            narrowed.retain(|change| also.iter().any(|other| other.is_same_as(change)));
        }
        narrowed
    }

    /// Whether both texts say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.widened.is_empty() && self.narrowed.is_empty() && self.reworded.is_empty()
    }
}

impl Change {
    /// Whether something that the app got before is to be erased because of it, when it narrows.
    #[must_use]
    pub fn leaves_data_outside(&self) -> bool {
        self.field.limits_data()
    }

    /// Whether it is about the same entry, or the same member.
    fn is_same_as(&self, other: &Self) -> bool {
        self.field == other.field
            && (!self.field.is_list() || (&self.old, &self.new) == (&other.old, &other.new))
    }
}

#[cfg(test)]
mod tests;
