//! `docs/benchmarks.md`: written whole by every run, except for the notes.

use std::fmt::Write as _;

use crate::report::Figure;

const NOTES: (&str, &str) = ("<!-- notes: kept as they are between runs -->", "<!-- end of notes -->");

/// What stands there before anybody wrote notes.
const NO_NOTES: &str = "\nNone yet.\n";

const INTRODUCTION: &str = "\
# Figures

How fast the platform is, beside what would be possible on the same machine in the same minutes. Written by

```sh
just bench --markdown docs/benchmarks.md
```

which builds the release binary, starts it on a free port with a data folder of its own and the defaults of a
release, sets it up through its front door – people sign up, put files into their libraries, consent – and loads it
over HTTP. No limit of the server is widened. Requests are built and signed before the clock starts. Client, server
and limits share the machine, so each figure also says what CPU the server used; on PostgreSQL that includes what its
backends used for it. Everything is measured three times, in turn with its limit: rates and ratios are medians of the
three, latencies are of all three together. `just bench --help` says more.

A ratio is the figure ÷ its limit, 1 being the limit itself. No test asserts a time.
";

/// What was measured on one kind of database.
pub struct Section {
    /// Name and version of the database.
    pub database: String,
    /// The figures, in order.
    pub figures: Vec<Figure>,
}

/// The whole document; the notes are those of `before`, the document as it was.
pub fn write(before: &str, date: &str, machine: &[(&str, String)], sections: &[Section]) -> String {
    let mut text = format!("{INTRODUCTION}\n## The machine\n\n| | |\n|---|---|\n| Date | {date} |\n");
    for (what, which) in machine {
        let _ = writeln!(text, "| {what} | {which} |");
    }
    let (begin, end) = NOTES;
    let _ = write!(text, "\n## Notes\n\n{begin}\n{}{end}\n", notes(before));
    for Section { database, figures } in sections {
        let _ = write!(text, "\n## On {database}\n");
        for figure in figures {
            let _ = write!(text, "\n{}", figure.to_markdown());
        }
    }
    text
}

/// What somebody wrote between the marks, line breaks included.
fn notes(before: &str) -> &str {
    let (begin, end) = NOTES;
    let inside = before.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    inside.map_or(NO_NOTES, |(notes, _)| notes.strip_prefix('\n').unwrap_or(notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_outlive_a_run() {
        let sections = [Section { database: "SQLite".to_owned(), figures: vec![] }];
        let first = write("", "today", &[("CPU", "fast".to_owned())], &sections);
        assert!(first.contains("| CPU | fast |") && first.contains("None yet."));
        let noted = first.replace(NO_NOTES, "\nRead this.\n\nAnd that.\n");
        let second = write(&noted, "tomorrow", &[], &sections);
        assert!(second.contains("\nRead this.\n\nAnd that.\n<!-- end") && !second.contains("None yet."));
        assert_eq!(write(&second, "tomorrow", &[], &sections), second);
    }
}
