//! Text that people read: how long, and without characters that hide or reorder what is seen.

use serde_json::Value;

use crate::Invalid;

/// Text on one line, of 1 to `max` characters.
pub(crate) fn check_line(field: &str, text: &str, max: usize, problems: &mut Vec<Invalid>) {
    check_length(field, text, max, problems);
    check_seen(field, text, false, problems);
}

/// A length of 1 to `max` characters, not counting white space around the text.
pub(crate) fn check_length(field: &str, text: &str, max: usize, problems: &mut Vec<Invalid>) {
    if text.trim().is_empty() {
        problems.push(Invalid::new(field, "must not be empty; write it in plain words"));
    } else if text.chars().count() > max {
        problems.push(Invalid::new(field, format!("must have at most {max} characters; shorten it")));
    }
}

/// Every text inside `value` shows what it holds; texts that `may_break` names may have several lines.
pub(crate) fn check_all_seen(
    field: &str,
    value: &Value,
    may_break: &impl Fn(&str) -> bool,
    problems: &mut Vec<Invalid>,
) {
    match value {
        Value::String(text) => check_seen(field, text, may_break(field), problems),
        Value::Array(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                check_all_seen(&format!("{field}[{at}]"), entry, may_break, problems);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                check_all_seen(&field, member, may_break, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check_seen(field: &str, text: &str, may_break: bool, problems: &mut Vec<Invalid>) {
    let hidden = text.chars().find(|c| is_hidden(*c) && !(may_break && *c == '\n'));
    if let Some(hidden) = hidden {
        let code = u32::from(hidden);
        let reason = format!("has the control character U+{code:04X}; remove it");
        problems.push(Invalid::new(field, reason));
    }
}

/// Control characters, line separators, and marks that are invisible or turn the direction of the text around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// An e-mail address that could exist.
pub(crate) fn check_email(field: &str, text: &str, problems: &mut Vec<Invalid>) {
    let plausible = text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            let local_fits = (1..=64).contains(&local.len())
                && local.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b));
            let label_fits = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            };
            local_fits && domain.contains('.') && domain.split('.').all(label_fits)
        });
    if !plausible {
        problems.push(Invalid::new(field, "must be an e-mail address such as privacy@example.org"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_address_is_plausible_or_refused() {
        let refused = |text: &str| {
            let mut problems = vec![];
            check_email("contact", text, &mut problems);
            !problems.is_empty()
        };
        for fine in ["privacy@example.org", "a+b@mail.example.co.uk"] {
            assert!(!refused(fine), "{fine}");
        }
        for wrong in
            ["", "privacy", "@example.org", "a@b", "a@@b.c", "a b@c.de", "a@-b.c", "a@b..c", "a\0@b.c"]
        {
            assert!(refused(wrong), "{wrong}");
        }
    }

    #[test]
    fn text_that_hides_or_turns_around_what_is_seen_is_refused() {
        for wrong in ["a\0", "a\nb", "a\u{202e}b", "\u{200b}a", "a\u{2066}b", "a\u{7f}"] {
            let mut problems = vec![];
            check_line("name", wrong, 100, &mut problems);
            assert_eq!(problems.len(), 1, "{wrong:?}");
        }
        let mut problems = vec![];
        check_line("name", "Søvn 😴 خواب‌", 100, &mut problems);
        assert_eq!(problems, []);
    }

    #[test]
    fn white_space_alone_is_no_text() {
        let mut problems = vec![];
        check_line("name", "  ", 100, &mut problems);
        check_line("name", &"é".repeat(101), 100, &mut problems);
        assert_eq!(problems.len(), 2);
    }
}
