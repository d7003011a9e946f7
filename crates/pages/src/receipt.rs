//! A consent receipt, to look at and to print.

use std::fmt::Write as _;

use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use crate::{Frame, page::page, samples};

/// One receipt of hers (`/console/receipts/{id}`).
#[derive(Debug, Template)]
#[template(path = "receipt.html")]
pub struct Receipt {
    /// What stands around it.
    pub frame: Frame,
    /// Path of the grant's page, or of all receipts.
    pub back: String,
    /// What happened in a few words, as in "You said yes to Tidemark".
    pub title: String,
    /// What happened, in a sentence.
    pub said: String,
    /// When, what, under which contract: words and values.
    pub facts: Vec<(String, String)>,
    /// What it was about, the main purpose first.
    pub purposes: Vec<ReceiptPurpose>,
    /// Who answers for the data: words and values.
    pub controller: Vec<(String, String)>,
    /// What the app answered to her wish to be forgotten.
    pub erasure: Option<ReceiptErasure>,
    /// How it is proved: ids, hashes, keys.
    pub proof: Vec<(String, String)>,
    /// The address where anybody may ask what holds now, drawn as a QR code too.
    pub status_url: String,
    /// In which forms it can be kept: words and paths, as in "Download the signed receipt".
    pub downloads: Vec<(String, String)>,
}

/// A purpose that she agreed to or refused.
#[derive(Debug, Clone)]
pub struct ReceiptPurpose {
    /// What for.
    pub text: String,
    /// Whether she agreed.
    pub is_given: bool,
    /// Categories of data.
    pub data: Vec<String>,
    /// When it ends, and how long data is kept.
    pub ends: String,
    /// Who else gets it; absent when nobody does.
    pub shared_with: Option<String>,
}

/// What an app answered to her wish to be forgotten.
#[derive(Debug, Clone)]
pub struct ReceiptErasure {
    /// When she asked, when it answered, and what it says it did.
    pub said: String,
    /// The app's key and the hash of its report: words and values.
    pub facts: Vec<(String, String)>,
    /// What it says it removed, line by line.
    pub removed: Vec<String>,
    /// What it says it keeps, and why.
    pub kept: Vec<String>,
}

page!(Receipt, samples::receipt::receipt());

/// A QR code as a drawing: dark squares in a light one.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    /// Squares on a side, the light margin included.
    side: usize,
    /// The dark squares as the path of an SVG, a run of them at a time.
    path: String,
}

/// Squares that have to stay light around a code (ISO/IEC 18004).
const MARGIN: usize = 4;

impl Receipt {
    /// The address of the status as a QR code; none when it is too long for one.
    fn code(&self) -> Option<Code> {
        let code = QrCode::with_error_correction_level(&self.status_url, EcLevel::M).ok()?;
        let width = code.width();
        let squares = code.to_colors();
        let mut path = String::new();
        for (row, squares) in squares.chunks(width).enumerate() {
            let mut column = 0;
            for run in squares.chunk_by(|one, next| one == next) {
                if run[0] == Color::Dark {
                    let (x, y, length) = (column + MARGIN, row + MARGIN, run.len());
                    write!(path, "M{x} {y}h{length}v1h-{length}z").ok()?;
                }
                column += run.len();
            }
        }
        Some(Code { side: width + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Page as _;

    fn page() -> Receipt {
        Receipt::samples().remove(0).1
    }

    /// How many squares the path darkens in each row.
    fn drawn(code: &Code) -> usize {
        let runs = code.path.split('h').skip(1).step_by(2);
        runs.map(|run| run.split('v').next().unwrap().parse::<usize>().unwrap()).sum()
    }

    #[test]
    fn the_drawing_has_every_dark_square_of_the_code() {
        let page = page();
        let code = QrCode::with_error_correction_level(&page.status_url, EcLevel::M).unwrap();
        let dark = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        let drawing = page.code().unwrap();
        assert_eq!((drawn(&drawing), drawing.side), (dark, code.width() + 8));
        assert!(drawing.path.starts_with("M4 4h7v1h-7z"), "the corner that scanners look for");
    }

    #[test]
    fn an_address_that_no_code_can_hold_is_only_written() {
        let page = Receipt { status_url: "x".repeat(3000), ..page() };
        assert_eq!(page.code(), None);
        assert!(!page.html().unwrap().contains("<svg class=\"qr\""));
    }
}
