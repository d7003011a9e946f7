//! Looks for secrets in a heap of bytes, in every spelling that bytes have.

use std::collections::{BTreeSet, HashMap};

use consent_crypto::digest::{base64, base64url, base64url_decode, hex};

/// What is looked for: all its spellings, by how they begin.
#[derive(Default)]
pub struct Needles {
    by_start: HashMap<[u8; START], Vec<(String, Vec<u8>)>>,
    count: usize,
}

/// No spelling is shorter.
const START: usize = 8;

impl Needles {
    /// Text that nobody is to find.
    pub fn text(&mut self, name: &str, text: &str) {
        self.bytes(name, text.as_bytes());
    }

    /// A token: the whole text, and the bytes that it stands for.
    pub fn token(&mut self, name: &str, token: &str) {
        self.text(name, token);
        if let Some((_, random)) = token.split_once('_') {
            self.text(name, random);
            self.bytes(name, &base64url_decode(random).expect("base64url behind the prefix"));
        }
    }

    /// A key in PEM: each of its lines, and what they stand for.
    pub fn pem(&mut self, name: &str, pem: &str) {
        for line in pem.lines().filter(|line| line.len() == 64) {
            self.text(name, line);
            let bytes = base64url_decode(&line.replace('+', "-").replace('/', "_")).expect("base64");
            self.bytes(name, &bytes);
        }
    }

    /// Bytes that nobody is to find: as they are, in hexadecimal and decimal digits, in base64 wherever they may begin
    /// in it.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.count += 1;
        self.add(name, bytes.to_vec());
        self.add(name, hex(bytes).into_bytes());
        self.add(name, hex(bytes).to_uppercase().into_bytes());
        let decimal: Vec<_> = bytes.iter().map(ToString::to_string).collect();
        self.add(name, decimal.join(", ").into_bytes());
        for before in 0..3 {
            let shifted = [&[0; 3][..before], bytes].concat();
            // Only the characters that stand for these bytes and nothing else.
            let own = (before * 8).div_ceil(6)..shifted.len() * 8 / 6;
            for text in [base64(&shifted), base64url(&shifted)] {
                self.add(name, text.as_bytes()[own.clone()].to_vec());
            }
        }
    }

    fn add(&mut self, name: &str, spelling: Vec<u8>) {
        let start = *spelling.first_chunk().unwrap_or_else(|| panic!("{name} is too short to be looked for"));
        self.by_start.entry(start).or_default().push((name.to_owned(), spelling));
    }

    /// How many things are looked for.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The names of all that is there.
    pub fn found_in(&self, heap: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, start) in heap.windows(START).enumerate() {
            let start: &[u8; START] = start.try_into().expect("as long as it is");
            for (name, spelling) in self.by_start.get(start).into_iter().flatten() {
                if heap[at..].starts_with(spelling) {
                    found.insert(name.clone());
                }
            }
        }
        found
    }
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let mut needles = Needles::default();
    needles.text("it", "planted text");
    let all = [&b"planted text"[..], b"a, planted text!"].map(|text| {
        [
            text.to_vec(),
            hex(text).into(),
            base64(text).into(),
            base64url(text).into(),
            base64(&[b"x", text].concat()).into(),
        ]
    });
    for heap in all.into_iter().flatten() {
        assert_eq!(needles.found_in(&heap).len(), 1, "{}", String::from_utf8_lossy(&heap));
    }
    assert_eq!(
        needles.found_in(b"planted texts are fine, planted tex is not it, plan ted text neither").len(),
        1
    );
    assert!(needles.found_in(b"planted tex").is_empty());
}
