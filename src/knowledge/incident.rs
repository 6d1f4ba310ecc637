//! `incident.yaml`: the facts of this crisis, and how long each of them holds.

mod reading;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    moment::Moment,
    problem::{Problem, Source, did_you_mean},
    service,
    texts::{Languages, Texts},
    wording,
};
use crate::reading::Language;

pub struct Incident {
    pub languages: Languages,
    zone: TimeZone,
    company: Option<Entry>,
    name: Option<Entry>,
    reason: Option<Entry>,
    started: Option<Dated>,
    next_update: Option<Dated>,
    contacts: BTreeMap<String, Entry>,
    facts: BTreeMap<String, Fact>,
    /// What the service's settings say; None: everything is kept, and no text may promise a time.
    pub keep_days: Option<u32>,
    /// What is there but cannot be read, such as `reason`, `facts` or `facts.crews`; `None`: nothing is known, the file is missing or broken.
    broken: Option<BTreeSet<String>>,
    /// Whether this is the sample, whose facts nobody checks.
    pub is_sample: bool,
}

/// A text and where it stands.
pub struct Entry {
    pub texts: Texts,
    pub range: Range<usize>,
}

struct Dated {
    moment: Moment,
    range: Range<usize>,
}

struct Fact {
    value: Entry,
    as_of: Dated,
    holds: Holds,
}

enum Holds {
    For(SignedDuration),
    /// Until the first such moment after the check.
    Until(Moment),
}

/// What a `{{ … }}` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    Company,
    Name,
    Reason,
    Started,
    NextUpdate,
    Contact(String),
    Fact(String),
    /// When a fact was last checked.
    AsOf(String),
    Desk(Desk),
    /// For how long conversations are kept, as the service's settings have it.
    KeptFor,
}

/// As [`Placeholder::KeptFor`] is written in a text.
pub const KEPT_FOR: &str = "service.kept_for";

impl Placeholder {
    /// How long one usually waits for a person, in the admins' words: they stand while no time can be told from the queue.
    pub fn person_wait() -> Self {
        Self::Contact("person_wait".to_owned())
    }
}

/// What only the desk knows: filled in where a phrase is said, and there alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// The name of the agent.
    Agent,
    /// By when a person answers.
    By,
    /// When somebody is back.
    Opens,
}

impl Desk {
    pub const ALL: [Self; 3] = [Self::Agent, Self::By, Self::Opens];

    /// As it is written in a text.
    pub fn path(self) -> &'static str {
        match self {
            Self::Agent => "desk.agent",
            Self::By => "desk.by",
            Self::Opens => "desk.opens",
        }
    }
}

/// The longest name of an agent that lengths are checked with, in characters.
const LONG_NAME: usize = 60;

/// What is known of the words in a `{{ … }}`.
pub enum Found {
    Placeholder(Placeholder),
    /// It is there but cannot be read, which is reported where it stands.
    Broken,
    Unknown,
}

/// Why a placeholder has nothing to say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    Stale,
    Unfilled,
}

/// What all placeholders begin with.
const FRONT: &str = "incident.";
impl Incident {
    /// Whether the file could be read, if only in parts.
    pub fn is_known(&self) -> bool {
        self.broken.is_some()
    }

    /// Where the clocks of the crisis stand.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The day in the incident's timezone.
    pub fn today(&self, now: Timestamp) -> jiff::civil::Date {
        now.to_zoned(self.zone.clone()).date()
    }

    /// Finds what `incident.…` stands for.
    pub fn find(&self, path: &str) -> Found {
        if let Some(desk) = Desk::ALL.into_iter().find(|desk| desk.path() == path) {
            return Found::Placeholder(Placeholder::Desk(desk));
        }
        if path == KEPT_FOR {
            return Found::Placeholder(Placeholder::KeptFor);
        }
        let Some(broken) = &self.broken else { return Found::Broken };
        let Some(path) = path.strip_prefix(FRONT) else { return Found::Unknown };
        let parts: Vec<&str> = path.split('.').collect();
        let placeholder = match parts.as_slice() {
            ["company"] => Placeholder::Company,
            ["name"] => Placeholder::Name,
            ["reason"] => Placeholder::Reason,
            ["started"] => Placeholder::Started,
            ["next_update"] => Placeholder::NextUpdate,
            ["contacts", name] if self.contacts.contains_key(*name) => Placeholder::Contact((*name).to_owned()),
            ["facts", name] if self.facts.contains_key(*name) => Placeholder::Fact((*name).to_owned()),
            ["facts", name, "as_of"] if self.facts.contains_key(*name) => Placeholder::AsOf((*name).to_owned()),
            [group @ ("contacts" | "facts"), name, ..] if broken.contains(&format!("{group}.{name}")) => {
                return Found::Broken;
            }
            ["contacts" | "facts", ..] if broken.contains(parts[0]) => return Found::Broken,
            _ => return Found::Unknown,
        };
        if parts.len() == 1 && broken.contains(parts[0]) { Found::Broken } else { Found::Placeholder(placeholder) }
    }

    /// The placeholder that somebody probably meant.
    pub fn suggest(&self, path: &str) -> Option<String> {
        let fixed = ["company", "name", "reason", "started", "next_update"].map(|key| format!("{FRONT}{key}"));
        let contacts = self.contacts.keys().map(|name| format!("{FRONT}contacts.{name}"));
        let facts =
            self.facts.keys().flat_map(|name| [format!("{FRONT}facts.{name}"), format!("{FRONT}facts.{name}.as_of")]);
        let known: Vec<String> = fixed.into_iter().chain(contacts).chain(facts).chain([KEPT_FOR.to_owned()]).collect();
        // People forget the group, or the whole front: compare the last word first.
        let last = path.rsplit('.').next().unwrap_or(path);
        if let Some(exact) = known.iter().find(|known| known.rsplit('.').next() == Some(last) && last != "as_of") {
            return Some(format!("did you mean `{exact}`?"));
        }
        did_you_mean(path, known.iter().map(String::as_str))
    }

    /// What stands in a placeholder's place at `now`.
    pub fn value(&self, placeholder: &Placeholder, language: Language, now: Timestamp) -> Result<String, WhyNot> {
        let moment = match placeholder {
            Placeholder::Started => self.started.as_ref().and_then(|dated| dated.moment.latest(now, &self.zone)),
            Placeholder::NextUpdate => {
                let dated = self.next_update.as_ref().ok_or(WhyNot::Unfilled)?;
                Some(dated.moment.next(now, &self.zone).ok_or(WhyNot::Stale)?)
            }
            Placeholder::Fact(name) | Placeholder::AsOf(name) => {
                let fact = self.facts.get(name).ok_or(WhyNot::Unfilled)?;
                let checked = self.holds_since(fact, now).ok_or(WhyNot::Stale)?;
                matches!(placeholder, Placeholder::AsOf(_)).then_some(checked)
            }
            _ => None,
        };
        if *placeholder == Placeholder::KeptFor {
            return self.keep_days.map(|days| service::days(days, language)).ok_or(WhyNot::Unfilled);
        }
        match (self.entry(placeholder), moment) {
            (Some(entry), _) => entry.texts.get(language).map(str::to_owned).ok_or(WhyNot::Unfilled),
            (None, Some(moment)) => Ok(wording::say(moment, now, &self.zone, language)),
            (None, None) => Err(WhyNot::Unfilled),
        }
    }

    /// The longest text that can stand in a placeholder's place, whatever the day; None if it has no value.
    pub fn longest(&self, placeholder: &Placeholder, language: Language) -> Option<String> {
        match self.entry(placeholder) {
            _ if *placeholder == Placeholder::KeptFor => self.keep_days.map(|days| service::days(days, language)),
            _ if *placeholder == Placeholder::Desk(Desk::Agent) => Some("n".repeat(LONG_NAME)),
            Some(entry) => entry.texts.get(language).map(str::to_owned),
            None => self.is_near(placeholder).map(|near| wording::longest(language, near)),
        }
    }

    /// Whether a placeholder tells when a fact was checked that is taken for checked again and again, by nobody.
    pub fn invents_a_check(&self, placeholder: &Placeholder) -> bool {
        let Placeholder::AsOf(name) = placeholder else { return false };
        !self.is_sample && self.facts.get(name).is_some_and(|fact| fact.as_of.moment.recurs())
    }

    /// Whether a placeholder that has a value now has one for ever.
    pub fn lasts(&self, placeholder: &Placeholder) -> bool {
        match placeholder {
            Placeholder::Fact(_) | Placeholder::AsOf(_) | Placeholder::Desk(Desk::By | Desk::Opens) => false,
            Placeholder::NextUpdate => self.next_update.as_ref().is_some_and(|dated| dated.moment.recurs()),
            _ => true,
        }
    }

    /// The text behind a placeholder, if it is one.
    pub fn entry(&self, placeholder: &Placeholder) -> Option<&Entry> {
        match placeholder {
            Placeholder::Company => self.company.as_ref(),
            Placeholder::Name => self.name.as_ref(),
            Placeholder::Reason => self.reason.as_ref(),
            Placeholder::Contact(name) => self.contacts.get(name),
            Placeholder::Fact(name) => self.facts.get(name).map(|fact| &fact.value),
            Placeholder::Started
            | Placeholder::NextUpdate
            | Placeholder::AsOf(_)
            | Placeholder::Desk(_)
            | Placeholder::KeptFor => None,
        }
    }

    /// Whether the moment behind a placeholder is at most six days away whenever it is said; None if it is no moment.
    fn is_near(&self, placeholder: &Placeholder) -> Option<bool> {
        match placeholder {
            Placeholder::Started => self.started.as_ref().map(|dated| dated.moment.is_always_near()),
            Placeholder::NextUpdate => self.next_update.as_ref().map(|dated| dated.moment.is_always_near()),
            Placeholder::Desk(_) => Some(false),
            Placeholder::AsOf(name) => self.facts.get(name).map(|fact| {
                let short =
                    matches!(fact.holds, Holds::For(duration) if duration <= SignedDuration::from_hours(6 * 24));
                short || fact.as_of.moment.is_always_near()
            }),
            _ => None,
        }
    }

    /// When a fact was last checked, if that still holds.
    fn holds_since(&self, fact: &Fact, now: Timestamp) -> Option<Timestamp> {
        let checked = fact.as_of.moment.latest(now, &self.zone)?;
        let holds = match &fact.holds {
            Holds::For(duration) => now < checked.checked_add(*duration).ok()?,
            Holds::Until(moment) => moment.next(checked, &self.zone).is_some_and(|end| now < end),
        };
        holds.then_some(checked)
    }

    /// One problem for each fact that may not be said at `now`; `used` names the files that a placeholder stands in.
    pub fn stale_facts(
        &self,
        source: &Arc<Source>,
        used: &BTreeMap<String, BTreeSet<String>>,
        now: Timestamp,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, fact) in &self.facts {
            if self.holds_since(fact, now).is_some() {
                continue;
            }
            let path = format!("{FRONT}facts.{name}");
            let message = match fact.as_of.moment.latest(now, &self.zone) {
                Some(_) => format!("the fact `{name}` is out of date and is not said: {}", who_needs(used, &path)),
                None => {
                    format!("the fact `{name}` was checked in the future and is not said: {}", who_needs(used, &path))
                }
            };
            let problem = Problem::error("stale-fact", source, fact.as_of.range.clone(), message);
            problems.push(problem.suggest("check the fact, then write the moment of the check to `as_of`"));
        }
        if let Some(dated) = &self.next_update
            && dated.moment.next(now, &self.zone).is_none()
        {
            let message =
                format!("`next_update` has passed and is not said: {}", who_needs(used, "incident.next_update"));
            let problem = Problem::error("stale-fact", source, dated.range.clone(), message);
            problems.push(problem.suggest("write when the next update comes"));
        }
        problems
    }
}

fn who_needs(used: &BTreeMap<String, BTreeSet<String>>, path: &str) -> String {
    let mut files = BTreeSet::new();
    for (placeholder, in_files) in used {
        if placeholder == path || placeholder.strip_prefix(path).is_some_and(|rest| rest == ".as_of") {
            files.extend(in_files);
        }
    }
    let named: Vec<&str> = files.iter().take(3).map(|file| file.as_str()).collect();
    match files.len() {
        0 => "no text uses it".to_owned(),
        1..=3 => format!("customers who need {} get a person", named.join(", ")),
        more => format!("customers who need {} or {} other files get a person", named.join(", "), more - 3),
    }
}
