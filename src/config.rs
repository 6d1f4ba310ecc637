//! `evenkeel.toml`: how the service runs. Every value has a default, so the file is optional.

mod reading;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::bail;
use serde::Deserialize;

#[cfg(feature = "x")]
use crate::channels::x;
use crate::{
    channels::{discord, telegram},
    desk,
    embedding::{Backend, Device, EmbedError},
    knowledge::Problem,
    policy::Policy,
    web::Embedding,
    workers::webhooks,
};

/// The name of the file, beside `intents/` and `responses/`.
pub const FILE: &str = "evenkeel.toml";

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub web: Web,
    pub store: StoreFile,
    pub model: Model,
    pub policy: Policy,
    pub desk: desk::settings::Settings,
    pub webhooks: Vec<webhooks::Settings>,
    pub telegram: telegram::Settings,
    pub discord: discord::Settings,
    #[cfg(feature = "x")]
    pub x: x::Settings,
}

/// `[web]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Where the service listens. Put a TLS proxy in front of it to serve the world.
    pub listen: SocketAddr,
    /// Origins of the sites that may embed the chat, such as `https://www.harborlight.example`; `*` is any.
    pub embed_origins: Vec<String>,
    /// Whether a reverse proxy stands in front: then visitors' addresses come from `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// An address of their own for `/health`, `/ready` and `/metrics`, which the world has no business with; without it they are on `listen`.
    pub probes: Option<SocketAddr>,
    /// Messages that one visitor may send at once; afterwards one each three seconds.
    pub visitor_burst: u32,
    /// New visitors that one address may bring at once; afterwards one a second.
    pub address_burst: u32,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            embed_origins: vec!["*".to_owned()],
            behind_proxy: false,
            probes: None,
            visitor_burst: crate::policy::VISITOR_BURST,
            address_burst: crate::policy::ADDRESS_BURST,
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreFile {
    /// The SQLite file; a relative path counts from the folder of `evenkeel.toml`.
    pub path: PathBuf,
    /// After so many days what is settled is deleted, conversation by conversation; unset, everything is kept. Texts say it as `{{ service.kept_for }}`.
    pub keep_days: Option<u32>,
}

/// The longest time that can be promised, in days: ten years.
const MAX_KEEP_DAYS: u32 = 3_653;

impl Default for StoreFile {
    fn default() -> Self {
        Self { path: PathBuf::from("evenkeel.db"), keep_days: None }
    }
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// The folder of a sentence encoder; a relative path counts from the folder of `evenkeel.toml`. Without it the default one is fetched into the
    /// user's cache folder. `EVENKEEL_MODEL` overrules it.
    pub path: Option<PathBuf>,
    /// Whether the service fetches the default one when it is missing.
    pub fetch: bool,
    /// The folder for what was learnt, so that the next start need not learn it again; a relative path counts from the folder of
    /// `evenkeel.toml`. Without it, it is in the user's cache folder. `EVENKEEL_TRAINED` overrules it.
    pub trained: Option<PathBuf>,
    /// What computes the embeddings.
    pub backend: Backend,
    /// Where it computes them; `cuda` wants the backend `rust-bert`.
    pub device: Device,
}

impl Default for Model {
    fn default() -> Self {
        Self { path: None, fetch: true, trained: None, backend: Backend::default(), device: Device::default() }
    }
}

impl Config {
    /// Reads `evenkeel.toml` in `dir`, or takes the defaults if there is none.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its line.
    pub fn load(dir: &Path) -> anyhow::Result<Self> {
        let (config, problems) = Self::check(dir);
        if problems.is_empty() {
            return Ok(config);
        }
        let told: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
        bail!("{} cannot be used as it is\n\n{}", dir.join(FILE).display(), told.join("\n\n"))
    }

    /// Like `load`, with the problems apart; what they touch is at its default.
    pub fn check(dir: &Path) -> (Self, Vec<Problem>) {
        let (mut config, problems) = reading::read(dir);
        config.store.path = dir.join(&config.store.path);
        config.model.path = config.model.path.map(|path| dir.join(path));
        config.model.trained = config.model.trained.map(|path| dir.join(path));
        (config, problems)
    }

    /// Where links to the desk begin, for a service that listens on `address`.
    pub fn desk_url(&self, address: SocketAddr) -> String {
        self.desk.url.clone().unwrap_or_else(|| {
            // What listens everywhere is here too; a link to 0.0.0.0 leads nowhere.
            let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { host(address) };
            format!("http://{host}:{}", address.port())
        })
    }

    /// What makes no sense, each message beginning with the setting that it is about.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let Policy { max_wrong, quiet_ms, patience_ms } = self.policy;
        if !(0.001..=0.5).contains(&max_wrong) {
            wrong.push(format!(
                "policy.max_wrong is {max_wrong}: a share between 0.001 and 0.5 is expected, such as 0.05 for 5 in 100"
            ));
        }
        if quiet_ms > 60_000 {
            wrong.push(format!(
                "policy.quiet_ms is {quiet_ms}: nobody should wait longer than 60000 ms for an answer to begin"
            ));
        }
        if patience_ms < quiet_ms {
            wrong.push(format!(
                "policy.patience_ms ({patience_ms}) is below policy.quiet_ms ({quiet_ms}): it bounds the quiet window from above"
            ));
        }
        for (key, burst) in [("visitor_burst", self.web.visitor_burst), ("address_burst", self.web.address_burst)] {
            if burst == 0 {
                wrong.push(format!("web.{key} must be at least 1"));
            }
        }
        if let Some(days) = self.store.keep_days
            && !(1..=MAX_KEEP_DAYS).contains(&days)
        {
            wrong.push(format!(
                "store.keep_days is {days}: 1 to {MAX_KEEP_DAYS} days are expected; without the key everything is kept"
            ));
        }
        for origin in self.web.embed_origins.iter().filter(|origin| *origin != "*") {
            if let Err(error) = Embedding::only(&[origin]) {
                wrong.push(format!("web.embed_origins: {error}"));
            }
        }
        wrong.extend(self.desk.verify().err().map(|error| format!("{error}")));
        wrong.extend(webhooks::Settings::verify(&self.webhooks).err());
        if self.model.backend == Backend::RustBert && !cfg!(feature = "rust-bert") {
            wrong.push(format!("model.backend: {}", EmbedError::NotBuilt));
        }
        if self.model.backend == Backend::BuiltIn && self.model.device == Device::Cuda {
            wrong.push("model.device is \"cuda\": only `backend = \"rust-bert\"` computes on a GPU".to_owned());
        }
        wrong
    }
}

/// The host of an address as it stands in a URL.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join(FILE), text)?;
        Config::load(dir.path())
    }

    #[test]
    fn without_a_file_the_defaults_hold() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::load(dir.path()).unwrap();
        assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.store.path, dir.path().join("evenkeel.db"));
    }

    #[test]
    fn an_unknown_key_names_its_line() {
        let error = format!("{:#}", parse("[policy]\nmax_wrang = 0.1\n").unwrap_err());
        assert!(error.contains("toml:2:") && error.contains("max_wrang") && error.contains("max_wrong"), "{error}");
    }

    #[test]
    fn every_slip_is_told_at_once_with_what_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let toml = "top = 1\n\n[web]\nlisten = \"localhost:8080\"\nembed_origins = [\"www.example.com\"]\nbehind_proxy = \"true\"\n\n[polcy]\nmax_wrong = 0.1\n\n\
                    [policy]\nmax_wrong = \"5%\"\n\n[desk]\nclaim_minutes = 0\nurl = 7\nhour = \"always\"\n\n[[webhooks]]\nname = \"a\"\n\n\
                    [[webhooks]]\nname = \"b\"\nurl = \"https://b.example\"\nevents = [\"opend\"]\n";
        std::fs::write(dir.path().join(FILE), toml).unwrap();
        let (_, problems) = Config::check(dir.path());
        let told: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
        insta::assert_snapshot!(told.join("\n\n"));
    }

    #[test]
    fn what_would_stop_the_service_is_told_at_its_line() {
        let told = |toml: &str| format!("{:#}", parse(toml).unwrap_err());
        let origins = told("[web]\nembed_origins = [\"https://a.example\", \"www.example.com\"]\n");
        assert!(origins.contains("toml:2:1") && origins.contains("`www.example.com` is not an origin"), "{origins}");
        let promise = told("[policy]\nmax_wrong = 5\n");
        assert!(promise.contains("toml:2:1") && promise.contains("0.05 for 5 in 100"), "{promise}");
        assert!(told("[policy\nmax_wrong = 0.1\n").contains("this is not TOML"));
    }

    #[test]
    fn a_promise_that_cannot_be_meant_is_refused() {
        assert!(parse("[policy]\nmax_wrong = 5\n").is_err());
        assert!(parse("[policy]\nmax_wrong = 0.1\n").is_ok());
    }

    #[test]
    fn links_to_the_desk_begin_where_browsers_find_it() {
        let link = |toml: &str, listen: &str| parse(toml).unwrap().desk_url(listen.parse().unwrap());
        assert_eq!(link("", "127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(link("", "0.0.0.0:80"), "http://localhost:80");
        assert_eq!(link("", "[::1]:8080"), "http://[::1]:8080");
        assert_eq!(link("[desk]\nurl = \"https://desk.example\"\n", "127.0.0.1:8080"), "https://desk.example");
        for url in [
            "desk.example",
            "https://desk.example/",
            "https://desk.example/desk",
            "ftp://desk.example",
            "https://a@b.example",
            "",
        ] {
            assert!(parse(&format!("[desk]\nurl = {url:?}\n")).is_err(), "{url}");
        }
    }

    #[test]
    fn hours_are_read_and_a_slip_in_them_names_its_line() {
        let desk =
            parse("[desk]\nhours = [\"weekdays 08:00-20:00\", \"sat 09:00-13:00\"]\nclaim_minutes = 5\n").unwrap().desk;
        assert!(!desk.hours.are_always() && desk.claim_minutes == 5);
        assert!(parse("[desk]\nhours = \"always\"\n").unwrap().desk.hours.are_always());
        let error = format!("{:#}", parse("[desk]\nhours = [\"weekdays 8-20\"]\n").unwrap_err());
        assert!(
            error.contains("toml:2:") && error.contains("`weekdays 8-20`") && error.contains("08:00-20:00"),
            "{error}"
        );
        assert!(parse("[desk]\nclaim_minutes = 0\n").is_err());
        assert!(format!("{:#}", parse("[desk]\nhour = \"always\"\n").unwrap_err()).contains("`hours`"));
    }

    #[test]
    fn a_backend_that_cannot_be_had_is_refused_with_what_to_do() {
        let error = format!("{:#}", parse("[model]\ndevice = \"cuda\"\n").unwrap_err());
        assert!(error.contains("backend = \"rust-bert\""), "{error}");

        let error = format!("{:#}", parse("[model]\nbackend = \"rustbert\"\n").unwrap_err());
        assert!(error.contains("toml:2:") && error.contains("`rust-bert`"), "{error}");

        let parsed = parse("[model]\nbackend = \"rust-bert\"\ndevice = \"cuda\"\n");
        if cfg!(feature = "rust-bert") {
            let model = parsed.unwrap().model;
            assert_eq!((model.backend, model.device), (Backend::RustBert, Device::Cuda));
        } else {
            let error = format!("{:#}", parsed.unwrap_err());
            assert!(error.contains("cargo build --release --features rust-bert"), "{error}");
        }
    }
}
