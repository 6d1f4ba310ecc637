//! What X costs, counted for each UTC day, and the cap on it.

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Mutex, SetOnce},
    time::timeout,
};
use tracing::warn;

use super::place::newer;
use crate::{
    channels::{Door, SendError},
    store::StoreError,
};

// Prices of docs.x.com/x-api/getting-started/pricing as of August 2026, in force since 20 April 2026. Reads are charged for each thing
// returned, once a day; writes for each request that succeeds. The Developer Console has the last word.

/// A post that mentions us ("owned read").
pub const READ_MENTION: Usd = Usd(1_000);
/// An event of a direct message, ours included. They are not on the list of owned reads.
pub const READ_DIRECT: Usd = Usd(10_000);
/// A user: ourselves, once a day.
pub const READ_USER: Usd = Usd(10_000);
/// A reply to someone who mentioned us.
pub const SUMMONED_REPLY: Usd = Usd(10_000);
/// Any other post.
pub const POST: Usd = Usd(15_000);
/// A post with a link, whatever it replies to.
pub const POST_WITH_LINK: Usd = Usd(200_000);
/// A direct message.
pub const DIRECT_MESSAGE: Usd = Usd(15_000);

/// Under this key the day's account is kept.
const NOTE: &str = "spent";

/// How long a message waits for the account to be opened at the start.
const OPENING: Duration = Duration::from_secs(5);

/// Money, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Usd(u64);

impl Usd {
    pub const fn from_cents(cents: u64) -> Self {
        Self(cents * 10_000)
    }

    fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} USD", self.dollars())
    }
}

/// In settings money is a number of dollars.
impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        if (0.0..=1e6).contains(&dollars) {
            Ok(Self((dollars * 1e6).round() as u64))
        } else {
            Err(serde::de::Error::custom(format!("{dollars} is not a sum in US dollars, such as 5.00")))
        }
    }
}

/// What is read and charged by the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    Mentions,
    Direct,
    Users,
}

impl Read {
    fn price(self) -> Usd {
        match self {
            Self::Mentions => READ_MENTION,
            Self::Direct => READ_DIRECT,
            Self::Users => READ_USER,
        }
    }
}

/// The account of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    day: Date,
    micros: u64,
    /// The newest thing of each kind that was charged today: what is older was charged as well.
    read: BTreeMap<Read, String>,
}

impl Account {
    fn of(day: Date) -> Self {
        Self { day, micros: 0, read: BTreeMap::new() }
    }

    /// A new day begins with nothing spent; all that is read again is charged again.
    fn turn_to(&mut self, day: Date) {
        if self.day != day {
            *self = Self::of(day);
        }
    }

    /// Charges what was returned, and was not charged today.
    fn read<'i>(&mut self, kind: Read, ids: impl Iterator<Item = &'i str>) -> bool {
        let before = self.read.get(&kind).cloned().unwrap_or_default();
        let mut newest = before.clone();
        let mut count = 0;
        for id in ids.filter(|id| newer(id, &before)) {
            count += 1;
            if newer(id, &newest) {
                id.clone_into(&mut newest);
            }
        }
        self.micros += count * kind.price().0;
        self.read.insert(kind, newest);
        count > 0
    }
}

/// Counts what we spend and keeps the account in the store.
pub struct Meter {
    cap: Usd,
    /// Set when listening starts.
    door: SetOnce<Door>,
    account: Mutex<Account>,
}

impl Meter {
    pub fn new(cap: Usd) -> Self {
        Self { cap, door: SetOnce::new(), account: Mutex::new(Account::of(today())) }
    }

    /// Takes up the account where the last run left it.
    ///
    /// # Errors
    /// The store cannot be read now: try again.
    pub async fn open(&self, door: &Door) -> Result<(), StoreError> {
        let note = door.note(NOTE).await?;
        let mut account = self.account.lock().await;
        if let Some(kept) = note.and_then(|note| serde_json::from_str(&note).ok()) {
            *account = kept;
        }
        account.turn_to(today());
        show(&account);
        // It is opened once.
        let _ = self.door.set(door.clone());
        Ok(())
    }

    /// Takes the price of something that is about to be sent, or says that the day's money is spent. Nothing is sent before the account
    /// is open and has it: a crash may count too much, never too little.
    pub async fn reserve(&self, price: Usd) -> Result<(), SendError> {
        let opening = || SendError::Unreachable("the day's account is not open yet".to_owned());
        let door = timeout(OPENING, self.door.wait()).await.map_err(|_| opening())?;
        let mut account = self.account.lock().await;
        account.turn_to(today());
        if account.micros + price.0 > self.cap.0 {
            return Err(SendError::Spent(format!("{} a day, `x.daily_cap_usd`", self.cap)));
        }
        account.micros += price.0;
        if let Err(error) = keep(&account, door).await {
            account.micros -= price.0;
            return Err(SendError::Unreachable(format!("the day's account could not be kept: {error}")));
        }
        Ok(())
    }

    /// It was not sent, so it cost nothing.
    pub async fn give_back(&self, price: Usd) {
        let mut account = self.account.lock().await;
        account.micros = account.micros.saturating_sub(price.0);
        self.save(&account).await;
    }

    /// Charges what a look returned. Looking is never refused: nothing is to be lost.
    pub async fn read<'i>(&self, kind: Read, ids: impl Iterator<Item = &'i str>) {
        let mut account = self.account.lock().await;
        account.turn_to(today());
        if account.read(kind, ids) {
            self.save(&account).await;
        }
    }

    /// In words, when not even a reply can be paid for any more today.
    pub async fn exhausted(&self) -> Option<String> {
        let mut account = self.account.lock().await;
        account.turn_to(today());
        (account.micros + POST.0 > self.cap.0).then(|| {
            format!(
                "{} of the {} that may be spent today (`x.daily_cap_usd`) are spent: until 00:00 UTC replies are left to people, \
                 and X is looked at less often",
                Usd(account.micros),
                self.cap
            )
        })
    }

    async fn save(&self, account: &Account) {
        if let Some(door) = self.door.get()
            && let Err(error) = keep(account, door).await
        {
            warn!(%error, "what X cost was not written down; it is with the next call");
        }
    }
}

async fn keep(account: &Account, door: &Door) -> Result<(), StoreError> {
    show(account);
    // A map of strings and numbers has a JSON form.
    door.write_note(NOTE, &serde_json::to_string(account).unwrap_or_default()).await
}

fn show(account: &Account) {
    metrics::gauge!("evenkeel_x_spent_usd").set(Usd(account.micros).dollars());
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_thing_is_charged_once_a_day() {
        let mut account = Account::of(date(2026, 11, 22));
        assert!(account.read(Read::Direct, ["9", "10", "8"].into_iter()));
        assert_eq!(account.micros, 30_000);
        assert!(!account.read(Read::Direct, ["10", "9"].into_iter()));
        assert!(account.read(Read::Direct, ["11", "10"].into_iter()));
        assert!(account.read(Read::Mentions, ["10"].into_iter()));
        assert_eq!(Usd(account.micros), Usd(41_000));

        account.turn_to(date(2026, 11, 23));
        assert_eq!(account.micros, 0);
        assert!(account.read(Read::Direct, ["11"].into_iter()), "another day, another charge");
    }

    #[test]
    fn an_account_survives_its_note() {
        let mut account = Account::of(date(2026, 11, 22));
        account.read(Read::Users, ["7"].into_iter());
        let note = serde_json::to_string(&account).unwrap();
        assert_eq!(note, r#"{"day":"2026-11-22","micros":10000,"read":{"users":"7"}}"#);
        assert_eq!(serde_json::from_str::<Account>(&note).unwrap(), account);
    }
}
