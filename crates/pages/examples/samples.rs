//! Writes every sample as a file into the folder given, beside the style sheet, for whoever works on the looks:
//! `cargo run -p consent-pages --example samples -- /tmp/looks`.

use std::{error::Error, fs, path::Path};

use consent_pages::{
    AddData, Choice, Confirm, Consent, Console, FilePage, Home, ICON, Library, Message, Onboard, Page,
    Receipt, Recover, RecoveryCode, RenewAccount, STYLE, Security, SignIn, SignUp,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    fs::write(folder.join("assets/style.css"), STYLE)?;
    fs::write(folder.join("assets/icon.svg"), ICON)?;
    write::<AddData>(folder, "add-data")?;
    write::<Choice>(folder, "choice")?;
    write::<Confirm>(folder, "confirm")?;
    write::<Consent>(folder, "consent")?;
    write::<Console>(folder, "console")?;
    write::<FilePage>(folder, "file")?;
    write::<Home>(folder, "home")?;
    write::<Library>(folder, "library")?;
    write::<Message>(folder, "message")?;
    write::<Onboard>(folder, "onboard")?;
    write::<Receipt>(folder, "receipt")?;
    write::<Recover>(folder, "recover")?;
    write::<RecoveryCode>(folder, "recovery-code")?;
    write::<RenewAccount>(folder, "renew-account")?;
    write::<Security>(folder, "security")?;
    write::<SignIn>(folder, "sign-in")?;
    write::<SignUp>(folder, "sign-up")?;
    Ok(())
}

/// Every sample of one page, as `<page>-<sample>.html`.
fn write<P: Page>(folder: &Path, page: &str) -> Result<(), Box<dyn Error>> {
    for (sample, view) in P::samples() {
        let html = view.html()?.replace("\"/assets/", "\"assets/");
        fs::write(folder.join(format!("{page}-{sample}.html")), html)?;
    }
    Ok(())
}
