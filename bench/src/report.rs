//! Figures as people read them.

use std::{fmt::Write as _, time::Duration};

/// What was measured under one name.
#[derive(Debug)]
pub struct Figure {
    /// As it is called on the command line.
    pub name: &'static str,
    title: &'static str,
    /// What exactly is measured and what it is held against.
    definition: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    value: String,
    aim: Option<(String, bool)>,
}

/// Which side of an aim is the good one.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// At least so much.
    Least(f64),
    /// At most so much.
    Most(f64),
}

impl Aim {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::Least(aim) => value >= aim,
            Self::Most(aim) => value <= aim,
        }
    }
}

impl Figure {
    /// A figure without numbers yet.
    pub fn new(name: &'static str, title: &'static str, definition: impl Into<String>) -> Self {
        Self { name, title, definition: definition.into(), rows: Vec::new() }
    }

    /// A number beside which nothing is aimed at.
    pub fn row(&mut self, what: impl Into<String>, value: impl Into<String>) {
        self.rows.push(Row { what: what.into(), value: value.into(), aim: None });
    }

    /// A number with an aim, both in `unit`.
    pub fn aimed(&mut self, what: impl Into<String>, value: f64, aim: Aim, unit: &str) {
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let said = match aim {
            Aim::Least(aim) => format!("≥ {aim}{unit}"),
            Aim::Most(aim) => format!("≤ {aim}{unit}"),
        };
        let value_said = format!("{value:.2}{unit}");
        self.rows.push(Row { what: what.into(), value: value_said, aim: Some((said, aim.is_met_by(value))) });
    }

    /// For a terminal.
    pub fn to_text(&self) -> String {
        let width = |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max();
        let (whats, values) = (width(|row| &row.what), width(|row| &row.value));
        let (whats, values) = (whats.unwrap_or_default(), values.unwrap_or_default());
        let mut text = format!("\n{} – {}\n", self.name, self.title);
        for Row { what, value, aim } in &self.rows {
            let aim = aim
                .as_ref()
                .map_or(String::new(), |(aim, met)| format!("  {aim}{}", if *met { "" } else { "  MISSED" }));
            let _ = writeln!(text, "  {what:<whats$}  {value:>values$}{aim}");
        }
        text
    }

    /// For `docs/benchmarks.md`.
    pub fn to_markdown(&self) -> String {
        let Self { name, title, definition, rows } = self;
        let mut text = format!("### {title} (`{name}`)\n\n{definition}\n\n| | | Aim |\n|---|---:|---|\n");
        for Row { what, value, aim } in rows {
            let aim = aim.as_ref().map_or(String::new(), |(aim, met)| {
                format!("{aim}, {}", if *met { "met" } else { "**missed**" })
            });
            let _ = writeln!(text, "| {what} | {value} | {aim} |");
        }
        text
    }
}

/// Seconds in the unit that suits them.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// The same of a duration.
pub fn took(duration: Duration) -> String {
    seconds(duration.as_secs_f64())
}

/// So many a second.
pub fn rate(per_second: f64) -> String {
    if per_second < 100.0 { format!("{per_second:.1} /s") } else { format!("{per_second:.0} /s") }
}

/// Bytes a second as MiB/s.
pub fn throughput(bytes_per_second: f64) -> String {
    format!("{:.0} MiB/s", bytes_per_second / MIB)
}

/// Bytes as KiB or MiB.
pub fn kib(bytes: f64) -> String {
    if bytes < MIB { format!("{:.1} KiB", bytes / 1024.0) } else { format!("{:.1} MiB", bytes / MIB) }
}

/// Bytes in a MiB.
pub const MIB: f64 = 1_048_576.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_aim_is_said() {
        let mut figure = Figure::new("list", "a list", "What it is.");
        figure.row("requests", rate(812.4));
        figure.aimed("ratio", 0.5, Aim::Least(0.6), "");
        figure.aimed("memory", 12.0, Aim::Most(32.0), "MiB");
        assert_eq!(
            figure.to_text(),
            "\nlist – a list\n  requests     812 /s\n  ratio          0.50  ≥ 0.6  MISSED\n  memory    12.00 MiB  \
             ≤ 32 MiB\n"
        );
        assert!(figure.to_markdown().starts_with("### a list (`list`)\n\nWhat it is.\n"));
        assert!(figure.to_markdown().contains("| ratio | 0.50 | ≥ 0.6, **missed** |"));
    }

    #[test]
    fn time_is_said_in_the_unit_that_suits_it() {
        assert_eq!([2e-6, 0.0025, 3.0].map(seconds), ["2.0 µs", "2.50 ms", "3.00 s"]);
    }
}
