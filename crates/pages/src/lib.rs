#![doc = include_str!("../README.md")]

use askama::Template;

/// The one style sheet.
pub const STYLE: &str = include_str!("../assets/style.css");

/// A page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be rendered")]
pub struct PageError(#[source] askama::Error);

/// A page.
pub trait Page {
    /// The whole document.
    fn html(&self) -> Result<String, PageError>;

    /// Some examples of it, for tests.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// What this server is.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct Home {
    /// Whether it runs in sandbox mode.
    pub sandbox: bool,
}

/// Says one thing.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub struct Message {
    /// In a few words.
    pub title: String,
    /// In a sentence or two.
    pub text: String,
}

impl Page for Home {
    fn html(&self) -> Result<String, PageError> {
        self.render().map_err(PageError)
    }

    fn samples() -> Vec<Self> {
        vec![Self { sandbox: true }, Self { sandbox: false }]
    }
}

impl Page for Message {
    fn html(&self) -> Result<String, PageError> {
        self.render().map_err(PageError)
    }

    fn samples() -> Vec<Self> {
        vec![Self {
            title: "This link does not work".into(),
            text: "Go back to the app <b>and</b> start again.".into(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds<P: Page>() {
        for page in P::samples() {
            let html = page.html().unwrap();
            assert!(html.starts_with("<!doctype html>") && html.contains("<title>"));
            for forbidden in ["<script", "style=", "<b>and", "http://", "https://"] {
                assert!(!html.contains(forbidden), "{forbidden}");
            }
        }
    }

    #[test]
    fn every_page_renders_its_samples_without_script_style_or_foreign_origin() {
        holds::<Home>();
        holds::<Message>();
    }
}
