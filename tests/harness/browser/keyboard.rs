//! A person without a mouse.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};

use super::{Browser, Order, plain};

/// So many times somebody presses the tabulator key until she gives up.
const PATIENCE: usize = 200;

/// A key that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Goes to the next thing that can be used.
    Tab,
    /// Ticks, or presses.
    Space,
    /// Presses, follows, or sends a form.
    Enter,
}

impl Browser {
    /// Hits a key, wherever the focus is.
    pub async fn hits(&self, key: Key) {
        let value = fantoccini::key::Key::from(key).into();
        let keys = KeyActions::new("keyboard".to_owned());
        let keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }

    /// Goes on with the tabulator key until the focus is on what a screen reader calls by this name, or by one that
    /// begins so.
    ///
    /// # Panics
    ///
    /// When it does not get there.
    pub async fn tabs_to(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..PATIENCE {
            self.hits(Key::Tab).await;
            let focused = self.client.active_element().await.expect("a page");
            let called = Order::name_of(&focused.element_id()).to(&self.client).await;
            let called = plain(called.as_str().unwrap_or_default());
            if called.starts_with(&plain(name)) {
                return;
            }
            passed.push(called);
        }
        panic!("the focus does not get to {name:?}, only to {passed:?}{}", self.described().await);
    }
}

impl From<Key> for fantoccini::key::Key {
    fn from(key: Key) -> Self {
        match key {
            Key::Tab => Self::Tab,
            Key::Space => Self::Space,
            Key::Enter => Self::Enter,
        }
    }
}
