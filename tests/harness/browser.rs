//! A browser: a real Chromium, in the hands of whoever the story is about.

mod axe;
mod driver;
mod keyboard;
mod visits;

use std::{
    fmt::Write,
    path::Path,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose};
use consent_client::Url;
pub use fantoccini::cookies::Cookie;
use fantoccini::{
    Client, Locator,
    actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
    wd::WindowHandle,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::TestPlatform;
use axe::Findings;
use driver::Order;
pub use keyboard::Key;

/// So long a page may take to show what it must.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a person can press.
const PRESSABLE: &str = "button, a[href], summary, input[type=submit], input[type=button]";
/// What a person can fill in, tick or choose.
const FIELDS: &str = "input:not([type=hidden], [type=submit], [type=button]), textarea, select";

/// Whether pressing something leads to another page; if so, marks this one as old.
const LEADS_ON: &str = r"
const pressed = arguments[0], link = pressed.closest('a[href]'), form = pressed.form;
const elsewhere = () => !link.target && !link.hasAttribute('download') && !link.getAttribute('href').startsWith('#');
const complete = () => form.noValidate || pressed.formNoValidate || form.checkValidity();
const leadsOn = link ? elsewhere() : Boolean(form) && pressed.type === 'submit' && complete();
if (leadsOn) window.isOld = true;
return leadsOn;
";

/// A phone's page, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);
/// A desktop's.
const DESKTOP: (u32, u32) = (1280, 900);
/// The least width at which WCAG wants no scrolling sideways.
const NARROW: (u32, u32) = (320, 640);

/// More browsers at once than this make each other slow.
static SEATS: Semaphore = Semaphore::const_new(2);

/// A browser with a fresh profile; closed when it is dropped.
///
/// It shows pages at desktop size, in light colours and with scripts off: a story that needs one says so. Commands wait
/// until a page that they lead to has loaded.
pub struct Browser {
    base: String,
    client: Client,
    look: Mutex<Look>,
    tabs: Mutex<Vec<WindowHandle>>,
    seat: Option<SemaphorePermit<'static>>,
}

/// Which colours a person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// How pages are shown.
#[derive(Debug, Clone, Copy)]
struct Look {
    scheme: Scheme,
    size: (u32, u32),
    script: bool,
}

/// Opening, and looking around.
impl Browser {
    /// A browser whose paths are those of this platform; none, with a word on it, where Chromium is not installed.
    pub async fn at(platform: &TestPlatform) -> Option<Self> {
        let seat = SEATS.acquire().await.expect("seats are never taken away");
        let browser = Self::open(&platform.url, Some(seat)).await;
        if browser.is_none() {
            println!("skipped: no Chromium with its chromedriver was found");
        }
        browser
    }

    /// The browser of somebody else, who shares nothing with this one.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn another(&self) -> Self {
        // Without a seat: two stories that wait for each other's would wait for ever.
        Self::open(&self.base, None).await.expect("where there is one, there is another")
    }

    async fn open(base: &str, seat: Option<SemaphorePermit<'static>>) -> Option<Self> {
        let client = driver::open().await?;
        let look = Look { scheme: Scheme::Light, size: DESKTOP, script: false };
        let tabs = vec![client.window().await.expect("a first tab")];
        let (base, look, tabs) = (base.to_owned(), Mutex::new(look), Mutex::new(tabs));
        let browser = Self { base, client, look, tabs, seat };
        browser.applies().await;
        Some(browser)
    }

    /// Opens a path of the platform, or any URL.
    pub async fn opens(&self, path_or_url: impl AsRef<str>) {
        let target = path_or_url.as_ref();
        let url = if target.starts_with('/') { format!("{}{target}", self.base) } else { target.to_owned() };
        self.client.goto(&url).await.unwrap_or_else(|error| panic!("{url} does not open: {error}"));
    }

    /// The URL of the page.
    pub async fn url(&self) -> Url {
        self.client.current_url().await.expect("a page")
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.url().await.path().to_owned()
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.client.title().await.expect("a page")
    }

    /// The HTTP status that the page came with.
    pub async fn status(&self) -> u64 {
        let status = self.runs("return performance.getEntriesByType('navigation')[0].responseStatus").await;
        status.as_u64().expect("a status")
    }

    /// What the page says where it matters: the text that can be seen in `main`, or else everywhere.
    pub async fn reads(&self) -> String {
        let text =
            self.runs("return (document.querySelector('main') ?? document.body)?.innerText ?? ''").await;
        text.as_str().expect("text").to_owned()
    }

    /// Whether a text can be seen anywhere on the page; how it is broken into lines does not matter.
    pub async fn sees(&self, text: &str) -> bool {
        let all = self.runs("return document.body?.innerText ?? ''").await;
        plain(all.as_str().expect("text")).contains(&plain(text))
    }

    /// Waits until a text can be seen on the page.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub async fn must_see(&self, text: &str) {
        let started = Instant::now();
        while !self.sees(text).await {
            let in_time = started.elapsed() < PATIENCE;
            assert!(in_time, "there is no {text:?} to be seen{}", self.described().await);
        }
    }

    /// Sees that a text is nowhere on the page.
    ///
    /// # Panics
    ///
    /// When it is there.
    pub async fn must_not_see(&self, text: &str) {
        assert!(!self.sees(text).await, "{text:?} is to be seen{}", self.described().await);
    }

    /// The cookies that go with the page.
    pub async fn cookies(&self) -> Vec<Cookie<'static>> {
        self.client.get_all_cookies().await.expect("cookies")
    }

    /// Forgets the cookies that go with the page.
    pub async fn forgets_cookies(&self) {
        self.client.delete_all_cookies().await.expect("cookies can be forgotten");
    }

    /// What the console complained about since it was last asked: what a policy has blocked, what did not load. For
    /// an icon browsers look without being told to, and their hints to developers are no complaints.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = Order::console().to(&self.client).await;
        let entries = entries.as_array().into_iter().flatten().filter(|entry| entry["level"] != "DEBUG");
        let said = entries.filter_map(|entry| entry["message"].as_str());
        said.filter(|said| !said.contains("/favicon.ico ")).map(str::to_owned).collect()
    }

    /// The page in words, for whoever reads why a story failed.
    async fn described(&self) -> String {
        let (url, title, text) = (self.url().await, self.title().await, self.reads().await);
        format!("\n--- {url}\n--- {title}\n{text}\n---")
    }

    async fn runs(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }
}

/// Doing something on the page. Everything is called by the name that a screen reader says; when nothing has exactly
/// that name, by how its name begins. When nothing or more than one thing is called so, the story fails.
impl Browser {
    /// Presses a button, or follows a link, and waits for the page that comes of it, if one does.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn presses(&self, name: &str) {
        let element = self.finds(PRESSABLE, name).await;
        let target = vec![serde_json::to_value(&element).expect("an element")];
        let leads_on = self.client.execute(LEADS_ON, target).await.expect("a page");
        self.clicks(&element, name).await;
        if leads_on == true {
            self.has_left(name).await;
        }
    }

    /// Presses a button twice, faster than its page can be answered, and waits for the page that comes of it.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn double_clicks(&self, name: &str) {
        let element = self.finds(PRESSABLE, name).await;
        let target = vec![serde_json::to_value(&element).expect("an element")];
        let scrolled = self.client.execute("arguments[0].scrollIntoView({ block: 'center' })", target).await;
        scrolled.expect("a page that scrolls");
        let to = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let (down, up) = (
            PointerAction::Down { button: MOUSE_BUTTON_LEFT },
            PointerAction::Up { button: MOUSE_BUTTON_LEFT },
        );
        let mouse = MouseActions::new("mouse".to_owned()).then(to);
        let mouse = mouse.then(down.clone()).then(up.clone()).then(down).then(up);
        self.runs("window.isOld = true").await;
        self.client.perform_actions(mouse).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        self.has_left(name).await;
    }

    /// Waits until there is another page than the one that was marked as old.
    async fn has_left(&self, name: &str) {
        let (started, new) =
            (Instant::now(), "return window.isOld !== true && document.readyState === 'complete'");
        // Between two pages a browser may refuse to answer.
        while !self.client.execute(new, vec![]).await.is_ok_and(|new| new == true) {
            assert!(started.elapsed() < PATIENCE, "{name} leads nowhere{}", self.described().await);
        }
    }

    /// Types into a field, in place of what was there.
    pub async fn types(&self, label: &str, text: &str) {
        let field = self.finds(FIELDS, label).await;
        field.clear().await.unwrap_or_else(|error| panic!("{label} is not emptied: {error}"));
        self.types_into(&field, label, text).await;
    }

    /// What is in a field.
    pub async fn has_typed(&self, label: &str) -> String {
        self.value(&self.finds(FIELDS, label).await).await
    }

    /// Ticks a box, or picks one of several choices; a ticked one stays so.
    pub async fn ticks(&self, label: &str) {
        self.leaves_ticked(label, true).await;
    }

    /// Takes the tick from a box; a box without one stays so.
    pub async fn unticks(&self, label: &str) {
        self.leaves_ticked(label, false).await;
    }

    /// Whether a box is ticked, or a choice picked.
    pub async fn is_ticked(&self, label: &str) -> bool {
        self.finds(FIELDS, label).await.is_selected().await.expect("a box")
    }

    /// Picks an option of a list by what it says.
    pub async fn selects(&self, label: &str, option: &str) {
        let list = self.finds(FIELDS, label).await;
        list.select_by_label(option).await.unwrap_or_else(|error| panic!("{option} of {label}: {error}"));
    }

    /// Chooses files to upload.
    pub async fn chooses_file(&self, label: &str, files: &[&Path]) {
        let field = self.finds(FIELDS, label).await;
        let paths: Vec<&str> = files.iter().map(|path| path.to_str().expect("a plain path")).collect();
        self.types_into(&field, label, &paths.join("\n")).await;
    }

    /// Types a date, given as in `2027-01-31`, the way the field wants it.
    ///
    /// # Panics
    ///
    /// When the field then has another.
    pub async fn chooses_date(&self, label: &str, date: &str) {
        let field = self.finds(FIELDS, label).await;
        let parts: Vec<&str> = date.split('-').collect();
        let [year, month, day] = parts.as_slice() else { panic!("{date} is no date as in 2027-01-31") };
        field.clear().await.unwrap_or_else(|error| panic!("{label} is not emptied: {error}"));
        // Browsers here speak American English, see their keeper.
        self.types_into(&field, label, &format!("{month}{day}{year}")).await;
        assert_eq!(self.value(&field).await, date, "the date in {label}");
    }

    /// Goes back to the page before.
    pub async fn goes_back(&self) {
        self.client.back().await.expect("a page before");
    }

    /// Loads the page again.
    pub async fn reloads(&self) {
        self.client.refresh().await.expect("a page");
    }

    /// Opens an empty tab and looks at it.
    pub async fn new_tab(&self) {
        let tab = self.client.new_window(true).await.expect("a tab").handle;
        self.client.switch_to_window(tab.clone()).await.expect("the new tab");
        locked(&self.tabs).push(tab);
        self.applies().await;
    }

    /// Looks at a tab: 0 is the first, and those that pages have opened follow.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    pub async fn in_tab(&self, number: usize) {
        let open = self.client.windows().await.expect("tabs");
        let tab = {
            let mut tabs = locked(&self.tabs);
            tabs.retain(|tab| open.contains(tab));
            let new: Vec<_> = open.into_iter().filter(|tab| !tabs.contains(tab)).collect();
            tabs.extend(new);
            tabs.get(number).unwrap_or_else(|| panic!("there are {} tabs", tabs.len())).clone()
        };
        self.client.switch_to_window(tab).await.expect("an open tab");
        self.applies().await;
    }

    async fn clicks(&self, element: &Element, name: &str) {
        if let Err(error) = element.click().await {
            panic!("{name} cannot be pressed: {error}{}", self.described().await);
        }
    }

    async fn types_into(&self, field: &Element, label: &str, text: &str) {
        if let Err(error) = field.send_keys(text).await {
            panic!("nothing can be typed into {label}: {error}{}", self.described().await);
        }
    }

    async fn value(&self, field: &Element) -> String {
        field.prop("value").await.expect("a field").unwrap_or_default()
    }

    async fn leaves_ticked(&self, label: &str, ticked: bool) {
        let found = self.finds(FIELDS, label).await;
        if found.is_selected().await.expect("a box") != ticked {
            self.clicks(&found, label).await;
        }
    }

    /// The one thing of a kind that has a name; waits until there is one.
    async fn finds(&self, kind: &str, name: &str) -> Element {
        let (started, wanted) = (Instant::now(), plain(name));
        loop {
            let named = self.named(kind).await.unwrap_or_default();
            let mut fitting: Vec<_> = named.iter().filter(|(called, _)| *called == wanted).collect();
            if fitting.is_empty() {
                fitting = named.iter().filter(|(called, _)| called.starts_with(&wanted)).collect();
            }
            if let [(_, element)] = fitting.as_slice() {
                return element.clone();
            }
            if started.elapsed() > PATIENCE {
                let mut there = String::new();
                for (called, _) in &named {
                    let _ = write!(there, " {called:?}");
                }
                let how_many = if fitting.is_empty() { "nothing" } else { "more than one thing" };
                panic!("{how_many} is called {name:?}; there is:{there}{}", self.described().await);
            }
        }
    }

    /// Everything of a kind with its name; none while one page gives way to another.
    async fn named(&self, kind: &str) -> Option<Vec<(String, Element)>> {
        let mut named = Vec::new();
        for element in self.client.find_all(Locator::Css(kind)).await.ok()? {
            let called = Order::name_of(&element.element_id()).attempt(&self.client).await?;
            named.push((plain(called.as_str().unwrap_or_default()), element));
        }
        Some(named)
    }
}

/// How the page is shown.
impl Browser {
    /// Shows pages in another size, in CSS pixels; below 600 as a phone does.
    pub async fn resizes(&self, width: u32, height: u32) {
        let look = Look { size: (width, height), ..self.look() };
        self.shows(look).await;
    }

    /// Prefers light or dark colours.
    pub async fn prefers(&self, scheme: Scheme) {
        let look = Look { scheme, ..self.look() };
        self.shows(look).await;
    }

    /// Lets scripts run, in pages that are opened from now on.
    pub async fn with_script(&self) {
        let look = Look { script: true, ..self.look() };
        self.shows(look).await;
    }

    /// Lets no script run; as it is when a browser starts.
    pub async fn without_script(&self) {
        let look = Look { script: false, ..self.look() };
        self.shows(look).await;
    }

    /// Keeps a picture of the whole page, as PNG.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub async fn screenshot(&self, path: &Path) {
        let metrics = Order::devtools("Page.getLayoutMetrics", &json!({})).to(&self.client).await;
        let height = metrics["cssContentSize"]["height"].as_f64().expect("a height");
        let height = height.max(f64::from(self.look().size.1));
        let clip = json!({ "x": 0, "y": 0, "width": self.look().size.0, "height": height, "scale": 1 });
        let picture = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = Order::devtools("Page.captureScreenshot", &picture).to(&self.client).await;
        let picture = general_purpose::STANDARD.decode(picture["data"].as_str().expect("a picture"));
        let written = std::fs::write(path, picture.expect("base64"));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Keeps pictures of the whole page in every look: `<name>-<phone|desktop>-<light|dark>.png`.
    pub async fn screenshots(&self, folder: &Path, name: &str) {
        let before = self.look();
        for (look, called) in looks(before.script) {
            self.shows(look).await;
            self.screenshot(&folder.join(format!("{name}-{called}.png"))).await;
        }
        self.shows(before).await;
    }

    /// Sees that the page can be used by everyone, as far as a program can tell: axe-core finds nothing in light or dark
    /// colours, on a phone or a desktop, and no window is too narrow. Without axe-core it says `skipped`.
    ///
    /// # Panics
    ///
    /// When something is found; says what, where, and in which look.
    pub async fn is_accessible(&self) {
        let told = self.barriers().await;
        assert!(told.is_empty(), "the page is not accessible:\n{told}{}", self.described().await);
    }

    /// What keeps somebody from using the page, in every look as for [`Self::is_accessible`]; empty if nothing does.
    pub async fn barriers(&self) -> String {
        let Some(axe) = axe::source() else {
            println!("skipped: no axe-core was found");
            return String::new();
        };
        let before = self.look();
        let mut findings = Findings::default();
        for (look, called) in looks(true) {
            self.shows(look).await;
            findings.look_for_violations(&self.client, axe, &called).await;
        }
        self.shows(Look { size: NARROW, ..before }).await;
        findings.look_sideways(&self.client, "narrow").await;
        self.shows(before).await;
        findings.told()
    }

    fn look(&self) -> Look {
        *locked(&self.look)
    }

    async fn shows(&self, look: Look) {
        *locked(&self.look) = look;
        self.applies().await;
    }

    /// Tells the tab how to show its pages.
    async fn applies(&self) {
        let Look { scheme, size: (width, height), script } = self.look();
        let scheme = if scheme == Scheme::Dark { "dark" } else { "light" };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        let preferences = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", preferences),
            ("Emulation.setScriptExecutionDisabled", json!({ "value": !script })),
        ] {
            Order::devtools(command, &parameters).to(&self.client).await;
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        driver::close(self.client.clone(), self.seat.take());
    }
}

/// Every look that a page must be fine in.
fn looks(script: bool) -> impl Iterator<Item = (Look, String)> {
    let sizes = [("phone", PHONE), ("desktop", DESKTOP)];
    sizes.into_iter().flat_map(move |(device, size)| {
        [("light", Scheme::Light), ("dark", Scheme::Dark)]
            .map(|(colours, scheme)| (Look { scheme, size, script }, format!("{device}-{colours}")))
    })
}

/// A text without regard to how it is broken into lines.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it")
}
