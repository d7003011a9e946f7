//! Lists come in pages, continued by a cursor.

/// Where the next page starts: the id of the last entry of the one before, and how many entries to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Entries after this id; from the start when absent.
    pub after: Option<String>,
    /// At most this many entries, 1 to 200.
    pub limit: u64,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { after: None, limit: 50 }
    }
}

impl Cursor {
    /// A cursor with the limit brought between 1 and 200.
    #[must_use]
    pub fn new(after: Option<String>, limit: Option<u64>) -> Self {
        Self { after, limit: limit.unwrap_or(50).clamp(1, 200) }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, oldest first.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; absent on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `items`, of which one more than the limit was asked for, to a page.
    #[must_use]
    pub fn cut(mut items: Vec<T>, cursor: &Cursor, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(cursor.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }

    /// The same page with other entries.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
