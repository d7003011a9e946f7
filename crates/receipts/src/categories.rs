//! Which Kantara category our object types belong to, and which categories are sensitive.
//!
//! The lists are the working group's, `n - Label`; labels drift between implementations, so categories are compared by
//! their number, and one without a number is taken as it is. The README has the table.

const COMMUNICATIONS: &str = "4 - Communications/Social";
const HEALTH: &str = "6 - Health";
const FINANCIAL: &str = "7 - Financial";
const OFFICIAL_ID: &str = "8 - Official ID";
const ASSETS: &str = "11 - Asset Data";
const BEHAVIORAL: &str = "15 - Behavioral";

/// For files that nobody has looked into: raw ones, and what an app leaves. They may hold anything.
pub(crate) const UNCATEGORISED: &str = "Files of any kind";

/// For a purpose that asks for nothing by itself, because everything is optional.
pub(crate) const NOTHING: &str = "Nothing beyond the optional parts";

/// Biometric, health, mental health: GDPR, article 9.
const SPECIAL: [u32; 3] = [3, 6, 13];
/// Financial, official id, social benefits, judicial: not special by article 9, and harmful in wrong hands.
const SENSITIVE: [u32; 4] = [7, 8, 9, 10];

/// The categories of an object type in a service group (`core::taxonomy`).
pub(crate) fn categories_of(group: i64, object: i64) -> &'static [&'static str] {
    match (group, object) {
        (1, _) => &[COMMUNICATIONS],
        (2 | 4, _) => &[HEALTH],
        (3, _) => &[FINANCIAL],
        (5, _) => &[BEHAVIORAL],
        // A registration names its keeper and the registration number; a test says what the car is worth.
        (6, 501) => &[OFFICIAL_ID, ASSETS],
        (6, _) => &[ASSETS],
        _ => &[UNCATEGORISED],
    }
}

/// Whether the category is one of GDPR's article 9.
pub(crate) fn is_special(category: &str) -> bool {
    number(category).is_some_and(|number| SPECIAL.contains(&number))
}

/// Whether the category is sensitive: special ones, those that do harm in wrong hands, and what may hold either.
pub(crate) fn is_sensitive(category: &str) -> bool {
    let listed = |number| SPECIAL.contains(&number) || SENSITIVE.contains(&number);
    category == UNCATEGORISED || number(category).is_some_and(listed)
}

/// The number in front of the label.
fn number(category: &str) -> Option<u32> {
    category.split_once('-').and_then(|(number, _)| number.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use consent_core::taxonomy::OBJECT_TYPES;

    use super::*;

    #[test]
    fn every_object_type_has_a_category_with_a_number() {
        for object in OBJECT_TYPES {
            for group in object.groups {
                let categories = categories_of(*group, object.id);
                assert!(categories.iter().all(|category| number(category).is_some()), "{}", object.name);
            }
        }
        assert_eq!(categories_of(99, 1), [UNCATEGORISED]);
    }

    #[test]
    fn health_is_special_money_is_sensitive_and_music_is_neither() {
        let of = |category| (is_special(category), is_sensitive(category));
        assert_eq!(of(HEALTH), (true, true));
        assert_eq!(of("6-health and wellness"), (true, true));
        assert_eq!(of(FINANCIAL), (false, true));
        assert_eq!(of(BEHAVIORAL), (false, false));
        assert_eq!(of(UNCATEGORISED), (false, true));
        assert_eq!(of("Health"), (false, false));
    }
}
