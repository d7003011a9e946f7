//! What apps fetched from a person's library.

use std::fmt::Write as _;

use askama::Template;

use crate::{Frame, page::page, samples};

/// Every access by any app (`/console/activity`).
///
/// One form, a search: `GET /console/activity` with `app`.
#[derive(Debug, Template)]
#[template(path = "activity.html")]
pub struct Activity {
    /// What stands around it.
    pub frame: Frame,
    /// The apps that can be looked for: id, name, and whether it is the one she chose.
    pub apps: Vec<(String, String, bool)>,
    /// The app and the path of the grant's page, where only accesses by one grant are shown.
    pub about: Option<(String, String)>,
    /// How often apps fetched on the last days; none where nothing was fetched on them.
    pub chart: Option<Chart>,
    /// The accesses of this page, the latest first.
    pub accesses: Vec<AccessRow>,
    /// Path of the next page.
    pub next: Option<String>,
    /// Path of the first page, if this is not it.
    pub first: Option<String>,
}

/// One fetch of one file.
#[derive(Debug, Clone)]
pub struct AccessRow {
    /// What was fetched, as in "Transactions, May 2026".
    pub what: String,
    /// Path of the file; none when it is not in her library any more.
    pub path: Option<String>,
    /// The app.
    pub app: String,
    /// The contract.
    pub contract: String,
    /// Path of the grant's page.
    pub grant: String,
    /// When.
    pub when: String,
    /// How large it was.
    pub size: String,
}

/// How many files were fetched on each of some days.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What is drawn, as in "Files fetched on each of the last 30 days".
    pub caption: String,
    /// In a sentence what it shows, for whoever does not see it.
    pub said: String,
    /// How many on each day, the first day first.
    pub counts: Vec<u64>,
    /// The first day and the last one.
    pub ends: (String, String),
    /// The most on a day.
    pub most: String,
    /// The same as a table: day, app, files; the latest day first.
    pub rows: Vec<[String; 3]>,
}

page!(Activity, samples::activity::activity());

/// How wide a day is drawn, its gap included.
const DAY: usize = 10;
/// How high the highest bar is drawn.
const HEIGHT: u64 = 100;

impl Chart {
    /// How wide the drawing is.
    fn width(&self) -> usize {
        self.counts.len() * DAY
    }

    /// The bars as the path of an SVG; a day with anything has a bar that can be seen.
    fn bars(&self) -> String {
        let most = self.counts.iter().max().copied().unwrap_or_default().max(1);
        let mut path = String::new();
        for (day, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = (count.saturating_mul(HEIGHT) / most).max(3);
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {HEIGHT}v-{height}h{}v{height}z", day * DAY + 1, DAY - 2);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_drawing_and_the_lowest_is_seen() {
        let (caption, said, most) = (String::new(), String::new(), String::new());
        let ends = (String::new(), String::new());
        let chart = Chart { caption, said, counts: vec![0, 1, 1000, 500], ends, most, rows: vec![] };
        assert_eq!(chart.width(), 40);
        assert_eq!(chart.bars(), "M11 100v-3h8v3zM21 100v-100h8v100zM31 100v-50h8v50z");
    }
}
