//! What holds for every page, and how each sample looks.

use std::collections::HashSet;

use consent_pages::{
    Activity, AddData, Agreed, Choice, Confirm, Consent, Console, ContractChange, Deed, FilePage, GrantPage,
    History, Home, Library, Message, Messages, Onboard, Page, Receipt, Receipts, Recover, RecoveryCode,
    RenewAccount, RevokeEverything, Security, Shorten, SignIn, SignUp, Verified,
};

/// A test per page: each of its samples keeps the rules and looks as its snapshot says.
macro_rules! pages {
    ($($test:ident: $page:ty,)*) => {$(
        #[test]
        fn $test() {
            for (sample, view) in <$page>::samples() {
                let html = view.html().unwrap();
                keeps_the_rules(&html, &format!("{}, {sample}", stringify!($page)));
                insta::assert_snapshot!(format!("{}-{sample}", stringify!($test)), html);
            }
        }
    )*};
}

pages! {
    activity: Activity,
    add_data: AddData,
    agreed: Agreed,
    choice: Choice,
    confirm: Confirm,
    consent: Consent,
    console: Console,
    deed: Deed,
    contract_change: ContractChange,
    file: FilePage,
    grant: GrantPage,
    history: History,
    home: Home,
    library: Library,
    message: Message,
    messages: Messages,
    onboard: Onboard,
    receipt: Receipt,
    receipts: Receipts,
    recover: Recover,
    recovery_code: RecoveryCode,
    renew_account: RenewAccount,
    revoke_everything: RevokeEverything,
    security: Security,
    shorten: Shorten,
    sign_in: SignIn,
    sign_up: SignUp,
    verified: Verified,
}

fn keeps_the_rules(html: &str, page: &str) {
    assert!(html.starts_with("<!doctype html>"), "{page}: does not start as a document");
    let tags = tags(html, page);
    let named = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    assert_eq!((named("h1"), named("main"), named("title")), (1, 1, 1), "{page}: one heading, one main part");
    for forbidden in ["script", "style", "iframe", "object", "base"] {
        assert_eq!(named(forbidden), 0, "{page}: <{forbidden}>");
    }
    for tag in &tags {
        own_origin_alone(tag, page);
    }
    ids_fit(&tags, page);
    headings_in_order(&tags, page);
    forms_carry_the_token(&tags, page);
}

/// No inline style, no handlers, and nothing from elsewhere but links that open beside the page.
fn own_origin_alone(tag: &Tag, page: &str) {
    for (name, value) in &tag.attributes {
        assert!(name != "style" && !name.starts_with("on"), "{page}: {name} in <{}>", tag.name);
        let loads = ["href", "src", "action", "formaction"].contains(&name.as_str());
        if loads && !value.starts_with(['/', '#']) {
            assert!(tag.name == "a" && value.starts_with("https://"), "{page}: {name}={value}");
            assert_eq!(tag.get("rel"), Some("noopener noreferrer"), "{page}: {value}");
        }
    }
}

/// No id comes twice, and what points to one finds it.
fn ids_fit(tags: &[Tag], page: &str) {
    let mut ids = HashSet::new();
    for id in tags.iter().filter_map(|tag| tag.get("id")) {
        assert!(ids.insert(id), "{page}: #{id} comes twice");
    }
    for tag in tags {
        let fragment = tag.get("href").and_then(|href| href.strip_prefix('#'));
        let lists = ["aria-describedby", "aria-labelledby"].into_iter().filter_map(|name| tag.get(name));
        for id in fragment.into_iter().chain(tag.get("for")).chain(lists.flat_map(str::split_whitespace)) {
            assert!(ids.contains(id), "{page}: nothing is #{id}");
        }
    }
}

/// No level of headings is left out on the way down.
fn headings_in_order(tags: &[Tag], page: &str) {
    let level = |tag: &Tag| ["h1", "h2", "h3", "h4"].iter().position(|name| *name == tag.name);
    let levels: Vec<_> = tags.iter().filter_map(level).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{page}: headings {levels:?}");
}

/// The first field of each form that posts is the hidden token, and it is not empty; a search changes nothing, and a
/// token would end up in its address.
fn forms_carry_the_token(tags: &[Tag], page: &str) {
    for (at, form) in tags.iter().enumerate().filter(|(_, tag)| tag.name == "form") {
        if form.get("role") == Some("search") {
            assert_eq!(form.get("method"), Some("get"), "{page}: a search that posts");
            let next =
                tags[at + 1..].iter().position(|tag| tag.name == "form").unwrap_or(tags.len() - at - 1);
            let fields = &tags[at + 1..=at + next];
            assert!(fields.iter().all(|tag| tag.name == "form" || tag.get("name") != Some("csrf")), "{page}");
            continue;
        }
        assert_eq!(form.get("method"), Some("post"), "{page}: a form that does not post");
        let field = tags[at..].iter().find(|tag| ["input", "button", "select"].contains(&tag.name.as_str()));
        let field = field.unwrap_or_else(|| panic!("{page}: a form without fields"));
        assert_eq!((field.get("name"), field.get("type")), (Some("csrf"), Some("hidden")), "{page}");
        assert!(field.get("value").is_some_and(|value| !value.is_empty()), "{page}: an empty token");
    }
}

#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The opening tags of a document, read strictly: whatever is not spelled as the templates spell it fails, and so does
/// text that got out of its place.
fn tags(html: &str, page: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("{page}: <{piece}"));
        assert!(!text.contains('>'), "{page}: a stray > in {text}");
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{page}: </{name}>");
            continue;
        }
        let tag = parse(tag, page);
        if !["meta", "link", "input", "img", "br", "path", "circle"].contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "{page}: not closed: {open:?}");
    tags
}

fn parse(tag: &str, page: &str) -> Tag {
    let tag = tag.trim_end_matches('/');
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    assert!(
        name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()),
        "{page}: <{tag}>"
    );
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(after) => after.split_once('"').unwrap_or_else(|| panic!("{page}: <{tag}>")),
            None => ("", after),
        };
        attributes.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    Tag { name: name.to_owned(), attributes }
}

/// The texts that try to break out are in place, escaped.
#[test]
fn hostile_text_stays_text() {
    let samples = Consent::samples();
    let (_, hostile) = samples.iter().find(|(name, _)| *name == "hostile").unwrap();
    let html = hostile.html().unwrap();
    assert!(html.contains("&#60;b&#62;and&#60;/b&#62;") && html.contains("&#38; &#39;ticks&#39;"));
    assert!(!html.contains("<b>and") && !html.contains("<script"));
}

/// What the contract says stands on the page in full, and outside of what has to be opened first.
#[test]
fn every_text_of_the_contract_is_shown() {
    for (sample, page) in Consent::samples().into_iter().filter(|(name, _)| *name != "hostile") {
        let html = page.html().unwrap();
        let shown: String =
            html.split("<details").map(|piece| piece.rsplit("</details>").next().unwrap()).collect();
        let contract = &page.contract;
        let lists = [&contract.details, &contract.will, &contract.will_not, &contract.sharing.recipients];
        let links = [Some(&contract.policy), contract.terms.as_ref(), contract.website.as_ref()]
            .into_iter()
            .flatten();
        let single = [
            &contract.summary,
            &contract.contact,
            &page.duration.text,
            &contract.retention.period,
            &contract.retention.text,
            &contract.sharing.text,
            &contract.right_to_be_forgotten.text,
            &contract.lawful_basis,
            &contract.jurisdiction,
            &contract.text_hash,
        ];
        let texts = lists.into_iter().flatten().chain(single).chain(&contract.description).chain(&page.tally);
        for text in texts.chain(links.flat_map(|link| [&link.text, &link.url])) {
            let escaped = text.replace('&', "&#38;").replace('\'', "&#39;");
            assert!(shown.contains(&escaped), "{sample}: {text}");
        }
    }
}

/// Yes and no are the same button, and no works whatever the fields say.
#[test]
fn declining_is_as_easy_as_accepting() {
    for (sample, page) in Consent::samples() {
        let tags = tags(&page.html().unwrap(), sample);
        let answer =
            |value| tags.iter().find(|tag| tag.name == "button" && tag.get("value") == Some(value)).unwrap();
        let (accept, decline) = (answer("accept"), answer("decline"));
        assert_eq!(accept.get("class"), decline.get("class"), "{sample}");
        assert_eq!(
            (accept.get("formnovalidate"), decline.get("formnovalidate")),
            (None, Some("")),
            "{sample}"
        );
    }
}

/// A page that came again by itself would drop what she has typed or chosen.
#[test]
fn pages_that_wait_say_so_and_stay_as_they_are() {
    let waits = |html: &str| html.contains("Look again</a>");
    assert!(Library::samples().iter().all(|(_, page)| waits(&page.html().unwrap()) == page.reading));
    assert!(AddData::samples().iter().any(|(_, page)| waits(&page.html().unwrap())));
    assert!(!Library::samples().iter().any(|(_, page)| page.html().unwrap().contains("http-equiv")));
}
