//! What every page is.

/// The one style sheet.
pub const STYLE: &str = include_str!("../assets/style.css");

/// The sign in the browser's tab and beside the name; served as `image/svg+xml`.
pub const ICON: &str = include_str!("../assets/icon.svg");

/// A page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be rendered")]
pub struct PageError(#[source] pub(crate) askama::Error);

/// A page.
pub trait Page {
    /// The whole document.
    fn html(&self) -> Result<String, PageError>;

    /// Some examples of it, each with a name, for tests and for whoever works on its looks.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// A page is what its template renders to.
macro_rules! page {
    ($name:ident, $samples:expr) => {
        impl $crate::Page for $name {
            fn html(&self) -> Result<String, $crate::PageError> {
                askama::Template::render(self).map_err($crate::page::PageError)
            }

            fn samples() -> Vec<(&'static str, Self)> {
                $samples
            }
        }
    };
}
pub(crate) use page;
