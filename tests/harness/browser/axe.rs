//! What axe-core, which is installed beside the tests and never part of them, finds wrong on a page.

use std::{collections::BTreeMap, fs, path::Path, sync::OnceLock};

use fantoccini::Client;
use serde_json::{Value, json};

/// Runs axe-core over the page and gives each violation as a few lines.
const RUN: &str = r"
const done = arguments[arguments.length - 1];
const told = (rule) =>
    `${rule.id} (${rule.impact}): ${rule.help}, see ${rule.helpUrl}` +
    rule.nodes.map((node) => `\n    ${node.target.join(' ')}`).join('');
axe.run(document, {
    runOnly: { type: 'tag', values: arguments[0] },
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
}).then((found) => done(found.violations.map(told)), (error) => done([`axe-core fails: ${error}`]));
";

/// WCAG 2.x, levels A and AA, and what axe-core counts as good practice.
const TAGS: &[&str] = &["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/// What is wider than the page, when it has to be scrolled sideways.
const SIDEWAYS: &str = r"
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide) return [];
const name = (element) => element.tagName.toLowerCase() + (element.className ? `.${element.className}` : '');
const over = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > wide);
return [`the page must be scrolled sideways at ${wide} pixels` + over.map((e) => `\n    ${name(e)}`).join('')];
";

/// What was found, and in which looks of the page.
#[derive(Default)]
pub(super) struct Findings(BTreeMap<String, Vec<String>>);

impl Findings {
    /// Looks for violations in the page as it is shown now.
    pub(super) async fn look_for_violations(&mut self, client: &Client, axe: &str, look: &str) {
        let loaded = client.execute("return typeof axe === 'object'", vec![]).await.expect("a page");
        if loaded != true {
            client.execute(axe, vec![]).await.expect("axe-core loads");
        }
        let found = client.execute_async(RUN, vec![json!(TAGS)]).await.expect("axe-core answers");
        self.add(&found, look);
    }

    /// Looks for what makes the page wider than its window.
    pub(super) async fn look_sideways(&mut self, client: &Client, look: &str) {
        let found = client.execute(SIDEWAYS, vec![]).await.expect("a page");
        self.add(&found, look);
    }

    fn add(&mut self, found: &Value, look: &str) {
        for found in found.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.0.entry(found.to_owned()).or_default().push(look.to_owned());
        }
    }

    /// All of it, readable; empty when there is none.
    pub(super) fn told(&self) -> String {
        let told = self.0.iter().map(|(found, looks)| format!("- {found}\n    in: {}\n", looks.join(", ")));
        told.collect()
    }
}

/// The program; none where it is not installed.
pub(super) fn source() -> Option<&'static str> {
    static SOURCE: OnceLock<Option<String>> = OnceLock::new();
    SOURCE.get_or_init(read).as_deref()
}

#[expect(clippy::disallowed_methods, reason = "the tests' own settings, not the server's configuration")]
fn read() -> Option<String> {
    let path = match std::env::var_os("CONSENT_TEST_AXE") {
        Some(path) => path.into(),
        None => crate::target_folder().join("axe/node_modules/axe-core/axe.min.js"),
    };
    let source = fs::read_to_string(&path).ok();
    assert!(source.is_some() || !crate::is_required("browser"), "{}", missing(&path));
    source
}

fn missing(path: &Path) -> String {
    format!(
        "CONSENT_TEST_REQUIRE lists browser, but there is no axe-core at {}: README.md says how to install it, or \
         name another place in CONSENT_TEST_AXE",
        path.display()
    )
}
