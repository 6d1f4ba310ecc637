//! The real binary, started on a free port over a copy of the sample crisis, and a visitor who talks to it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub mod chat_server;
pub mod chromium;
pub mod desk;
pub mod engine;
pub mod house;

pub const BINARY: &str = env!("CARGO_BIN_EXE_evenkeel");

/// What the tests' services learnt, theirs alone: the sample is learnt once and not by each.
pub const TRAINED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/trained");

/// Generous: a busy machine is slow, and a promise that is kept late is still kept.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The folder of the sample crisis.
pub fn sample() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a copy of the sample crisis, settings for tests, and a store of its own.
pub struct Home {
    pub dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["intents", "responses"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            for entry in fs::read_dir(sample().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                fs::copy(&path, dir.path().join(folder).join(path.file_name().unwrap())).unwrap();
            }
        }
        fs::copy(sample().join("incident.yaml"), dir.path().join("incident.yaml")).unwrap();
        let home = Self { dir };
        home.settings("[policy]\nquiet_ms = 20\n[web]\nvisitor_burst = 100\naddress_burst = 100000\n");
        home
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn settings(&self, toml: &str) {
        fs::write(self.path().join("evenkeel.toml"), toml).unwrap();
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("--knowledge").arg(self.path()).env_remove("EVENKEEL_LOG");
        // The same on every machine, whether or not a model was fetched there.
        command.env("EVENKEEL_MODEL", self.path().join("no-model"));
        command.env("EVENKEEL_TRAINED", TRAINED);
        command
    }

    /// Runs a subcommand to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// Starts the service and waits until it takes messages.
    pub fn start(&self) -> Service {
        self.start_with(&[])
    }

    pub fn start_with(&self, args: &[&str]) -> Service {
        start(self.command(), args)
    }

    /// Leaves only these intents and their responses.
    pub fn only(&self, intents: &[&str]) {
        for folder in ["intents", "responses"] {
            for entry in fs::read_dir(self.path().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
                if name != "phrases" && !intents.contains(&name.as_str()) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }
}

/// Starts the service by a command (see [`Home::command`]) and waits until it takes messages.
pub fn start(mut command: Command, args: &[&str]) -> Service {
    let mut child = command
        .args(["run", "--listen", "127.0.0.1:0"])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    let mut first_admin = None;
    let url = loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "the service ended before it listened:\n{seen}");
        seen.push_str(&line);
        if line.contains("/desk/invitation/") {
            first_admin = Some(line.trim().to_owned());
        }
        if let Some((_, address)) = line.split_once("listening on ") {
            break address.split_whitespace().next().unwrap().to_owned();
        }
    };
    let log = std::thread::spawn(move || {
        let mut rest = seen;
        let _ = std::io::Read::read_to_string(&mut stderr, &mut rest);
        rest
    });
    Service { child, url, first_admin, log: Some(log), http: reqwest::Client::new() }
}

/// A running service. Dropping it kills it.
pub struct Service {
    child: Child,
    pub url: String,
    /// The link to make the first admin's account with, if the service printed one.
    pub first_admin: Option<String>,
    log: Option<std::thread::JoinHandle<String>>,
    pub http: reqwest::Client,
}

impl Service {
    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and what it logged until it ended.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the service did not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        let log = self.log.take().unwrap().join().unwrap();
        (status, log)
    }

    pub async fn visitor(&self) -> Visitor {
        let answer = self.http.post(format!("{}/api/chat/visitors", self.url)).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}");
        let key = answer.json::<Value>().await.unwrap()["visitor"].as_str().unwrap().to_owned();
        Visitor { http: self.http.clone(), url: self.url.clone(), key }
    }

    /// A visitor who was here before, perhaps with an earlier process.
    pub fn returning(&self, key: String) -> Visitor {
        Visitor { http: self.http.clone(), url: self.url.clone(), key }
    }

    pub async fn health(&self) -> Value {
        self.http.get(format!("{}/health", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until no message waits for its turn, and no reply waits for its delivery or is on its way.
    pub async fn settled(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let health = self.health().await;
            let left = &health["store"];
            if ["inbox_pending", "outbox_queued", "outbox_leased"].iter().all(|count| left[*count] == 0) {
                return;
            }
            assert!(Instant::now() < deadline, "work is left: {health}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One customer on the web chat.
#[derive(Clone)]
pub struct Visitor {
    http: reqwest::Client,
    pub url: String,
    pub key: String,
}

impl Visitor {
    pub async fn post(&self, body: &Value) -> reqwest::Result<reqwest::Response> {
        self.http.post(format!("{}/api/chat/messages", self.url)).bearer_auth(&self.key).json(body).send().await
    }

    /// Sends words that must be accepted.
    pub async fn says(&self, id: &str, text: &str) {
        let answer = self.post(&json!({ "id": id, "text": text })).await.unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
    }

    pub async fn lines(&self) -> Vec<Value> {
        history(&self.http, &self.url, &self.key).await.unwrap()
    }

    /// What was said to the visitor so far.
    pub async fn replies(&self) -> Vec<Value> {
        self.lines().await.into_iter().filter(|line| line["author"] != "customer").collect()
    }

    /// Waits for the reply number `n` (from 1).
    pub async fn reply(&self, n: usize) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.replies().await.into_iter().nth(n - 1) {
                return line;
            }
            assert!(Instant::now() < deadline, "reply {n} did not come; so far: {:?}", self.lines().await);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// All that was said so far to the visitor with this key. Who looks too often waits as long as they are told to, as a page does.
pub async fn history(http: &reqwest::Client, service: &str, key: &str) -> reqwest::Result<Vec<Value>> {
    loop {
        let answer = http.get(format!("{service}/api/chat/messages")).bearer_auth(key).send().await?;
        if answer.status() == 429 {
            let wait = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            tokio::time::sleep(Duration::from_secs(wait)).await;
            continue;
        }
        let history: Value = answer.error_for_status()?.json().await?;
        return Ok(history["lines"].as_array().unwrap().clone());
    }
}

pub fn text(line: &Value) -> &str {
    line["text"].as_str().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes a file below a folder, with its parents.
pub fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}
