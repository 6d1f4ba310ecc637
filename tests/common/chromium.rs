//! A headless Chromium for tests, driven through chromedriver.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    ops::Deref,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, WebElement};

/// A browser window. Dropping it ends the browser and its driver.
pub struct Chromium {
    pub driver: WebDriver,
    address: String,
    process: Child,
    _profile: TempDir,
}

impl Deref for Chromium {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.driver
    }
}

/// A phone of the smaller kind, in CSS pixels.
pub const PHONE: (u32, u32) = (360, 640);

impl Chromium {
    /// Starts a browser, with the screen of a phone if a size is given. Without chromedriver the test fails in CI; elsewhere it is
    /// skipped and says so.
    pub async fn start(phone: Option<(u32, u32)>) -> Option<Self> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) if std::env::var_os("CI").is_some() => panic!("chromedriver is needed in CI: {error}"),
            Err(error) => {
                eprintln!(
                    "\n*** SKIPPED: this browser test needs chromedriver (Debian: chromium, chromium-driver): {error} ***\n"
                );
                return None;
            }
        };
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let port: u16 = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver ended before it said its port");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').parse().unwrap();
            }
        };
        let address = format!("http://127.0.0.1:{port}");
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en-US",
            "--window-size=1200,1040",
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            wanted.add_arg(argument).unwrap();
        }
        if let Some((width, height)) = phone {
            let screen =
                json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0, "touch": true } });
            wanted.add_experimental_option("mobileEmulation", screen).unwrap();
        }
        let driver = WebDriver::new(&address, wanted).await.expect("chromedriver could not start Chromium");
        Some(Self { driver, address, process, _profile: profile })
    }

    pub async fn css(&self, selector: &str) -> WebElement {
        eventually(selector, async || self.driver.find(By::Css(selector)).await.ok()).await
    }

    /// Waits until a script's expression is true.
    pub async fn until(&self, expression: &str) {
        eventually(expression, async || (self.value(expression).await == true).then_some(())).await;
    }

    /// Waits until the page shows these words.
    pub async fn sees(&self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words))).await;
    }

    /// A picture for people to look at, where `EVENKEEL_SCREENSHOTS` names a folder for them.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("EVENKEEL_SCREENSHOTS") else { return };
        // After the short fade of new lines.
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&std::path::Path::new(&folder).join(format!("{name}.png"))).await.unwrap();
    }

    /// The value of a script's expression.
    pub async fn value(&self, expression: &str) -> Value {
        self.driver.execute(format!("return ({expression})"), vec![]).await.unwrap().json().clone()
    }

    /// Speaks Chromium's own protocol, for what the driver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        let session = self.driver.session_id().to_string();
        let address = format!("{}/session/{session}/goog/cdp/execute", self.address);
        let body = json!({ "cmd": command, "params": parameters });
        let answer = reqwest::Client::new().post(address).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Ends the browser in good order.
    pub async fn quit(self) {
        self.driver.clone().quit().await.unwrap();
    }
}

impl Drop for Chromium {
    /// A test that fails ends its browser too: the driver takes it along only when asked, and what is left would slow all other tests.
    fn drop(&mut self) {
        // Otherwise it would wait two minutes for an answer that the blocked test cannot read.
        let _ = self.driver.clone().leak();
        let host = self.address.trim_start_matches("http://");
        if let Ok(mut driver) = TcpStream::connect(host) {
            let _ = driver.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(driver, "GET /shutdown HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let _ = driver.read(&mut [0; 64]);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks again until there is a value, for at most 15 s.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(value) = ask().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 15 s in vain for: {what}");
}
