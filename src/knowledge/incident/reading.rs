//! How `incident.yaml` is read: what is broken is reported once, where it stands, and left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{Dated, Entry, Fact, Holds, Incident};
use crate::knowledge::{
    language_codes, leftovers,
    moment::{self, Moment},
    problem::{Problem, Source, did_you_mean},
    texts::{Languages, Texts, not_a_code},
    yaml::{self, Fields, Node, Value},
};

const KEYS: [&str; 10] =
    ["sample", "company", "name", "timezone", "languages", "reason", "started", "next_update", "contacts", "facts"];
const FACT_KEYS: [&str; 4] = ["value", "as_of", "valid_for", "until"];

/// Names of timezones that keep no summer time, though the places that people mean by them do, and such a place.
const FIXED_ZONES: [(&str, &str); 5] = [
    ("EST", "America/New_York"),
    ("MST", "America/Denver"),
    ("HST", "Pacific/Honolulu"),
    ("ETC/GMT", "Europe/London"),
    ("GMT", "Europe/London"),
];
/// What people call a timezone that has another name in the database.
const OTHER_NAMES: [(&str, &str); 13] = [
    ("EDT", "America/New_York"),
    ("ET", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("CT", "America/Chicago"),
    ("MDT", "America/Denver"),
    ("MT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("PT", "America/Los_Angeles"),
    ("BST", "Europe/London"),
    ("CEST", "Europe/Berlin"),
    ("EEST", "Europe/Athens"),
];

impl Incident {
    /// Reads the file; `None` stands for one that is missing or cannot be read.
    pub fn read(source: Option<&Arc<Source>>, problems: &mut Vec<Problem>) -> Self {
        let mut incident = Self {
            languages: Languages::default(),
            zone: TimeZone::UTC,
            company: None,
            name: None,
            reason: None,
            started: None,
            next_update: None,
            contacts: BTreeMap::new(),
            facts: BTreeMap::new(),
            keep_days: None,
            broken: None,
            is_sample: false,
        };
        let Some(source) = source else { return incident };
        let Some(node) = yaml::parse(source, 0..source.text.len(), problems) else { return incident };
        let Some(fields) = Fields::new(source, &node, "the incident", &KEYS, problems) else { return incident };
        incident.is_sample = fields.get("sample").is_some_and(|node| yaml::truth(source, node, "sample", problems));
        let read_languages = fields.need("languages", "for example `languages: [en]`, the default first", problems);
        // Whether the list is empty, broken or misspelt: then nobody knows which languages are meant.
        incident.languages.open = read_languages.is_none();
        if let Some(node) = read_languages {
            incident.languages = languages(source, node, problems);
        }
        if let Some(node) = fields.need("timezone", "for example `timezone: America/New_York`", problems) {
            incident.zone = timezone(source, node, problems).unwrap_or(TimeZone::UTC);
        }
        let mut reader = Reader {
            source,
            languages: &incident.languages,
            zone: &incident.zone,
            is_sample: incident.is_sample,
            broken: BTreeSet::new(),
            problems,
        };
        if let Some(node) = fields.need("company", "the name that customers know you by", reader.problems) {
            incident.company = reader.entry("company", node, "the company");
        }
        incident.name = fields.get("name").and_then(|node| reader.entry("name", node, "the name"));
        incident.reason = fields.get("reason").and_then(|node| reader.entry("reason", node, "the reason"));
        incident.started = fields.get("started").and_then(|node| reader.dated("started", node));
        if let Some(dated) = &incident.started {
            reader.check_start(dated);
        }
        incident.next_update = fields.get("next_update").and_then(|node| reader.dated("next_update", node));
        if let Some(node) = fields.get("contacts") {
            for (name, value) in reader.group("contacts", node) {
                let entry = reader.entry(&format!("contacts.{name}"), value, &format!("the contact `{name}`"));
                incident.contacts.extend(entry.map(|entry| (name.to_owned(), entry)));
            }
        }
        if let Some(node) = fields.get("facts") {
            for (name, value) in reader.group("facts", node) {
                match reader.fact(name, value) {
                    Some(fact) => drop(incident.facts.insert(name.to_owned(), fact)),
                    None => drop(reader.broken.insert(format!("facts.{name}"))),
                }
            }
        }
        let mut broken = reader.broken;
        // What a misspelt key was to hold is there, too.
        broken.extend(KEYS.into_iter().filter(|key| fields.is_meant(key)).map(str::to_owned));
        incident.broken = Some(broken);
        incident
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    languages: &'a Languages,
    zone: &'a TimeZone,
    is_sample: bool,
    broken: BTreeSet<String>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn entry(&mut self, path: &str, node: &Node, what: &str) -> Option<Entry> {
        let texts = Texts::read(self.source, node, what, self.languages, self.problems);
        let Some(texts) = texts else {
            self.broken.insert(path.to_owned());
            return None;
        };
        leftovers::in_value(self.source, node, what, self.problems);
        Some(Entry { texts, range: node.range.clone() })
    }

    fn group<'n>(&mut self, key: &str, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let entries = yaml::entries(self.source, node, &format!("`{key}`"), self.problems);
        if entries.is_none() {
            self.broken.insert(key.to_owned());
        }
        entries.unwrap_or_default().into_iter().map(|(key, value)| (key.name.as_str(), value)).collect()
    }

    fn dated(&mut self, path: &str, node: &Node) -> Option<Dated> {
        let dated = dated(self.source, node, self.zone, self.problems);
        if dated.is_none() {
            self.broken.insert(path.to_owned());
        }
        dated
    }

    fn check_start(&mut self, started: &Dated) {
        if started.moment.recurs() && !self.is_sample {
            let message = "`started` comes again and again: customers read that it began only now";
            let problem = Problem::warning("recurring-start", self.source, started.range.clone(), message);
            self.problems.push(problem.suggest("write the moment at which it began, such as `2026-11-14 02:40`"));
        }
    }

    fn fact(&mut self, name: &str, node: &Node) -> Option<Fact> {
        let undated = |missing: &str, source: &Arc<Source>| {
            let message = format!("the fact `{name}` does not say {missing}");
            Problem::error("undated-fact", source, node.range.clone(), message).suggest(
                "write `value`, `as_of` (when it was checked) and `valid_for` (such as `26h`) or `until`; what never goes stale \
                 belongs to `contacts`",
            )
        };
        if !matches!(node.value, Value::Map(_)) {
            self.problems.push(undated("when it was checked and how long it holds", self.source));
            return None;
        }
        let what = format!("the fact `{name}`");
        let fields = Fields::new(self.source, node, &what, &FACT_KEYS, self.problems)?;
        let value = fields.need("value", "what is said", self.problems);
        let value = value.and_then(|value| self.entry(&format!("facts.{name}"), value, &what));
        if !fields.mentions("as_of") {
            self.problems.push(undated("when it was checked (`as_of`)", self.source));
        }
        let as_of = fields.get("as_of").and_then(|node| dated(self.source, node, self.zone, self.problems));
        let holds = match (fields.get("valid_for"), fields.get("until")) {
            (Some(node), None) => self.duration(node).map(Holds::For),
            (None, Some(node)) => {
                dated(self.source, node, self.zone, self.problems).map(|dated| Holds::Until(dated.moment))
            }
            (None, None) => {
                if !fields.mentions("valid_for") && !fields.mentions("until") {
                    self.problems.push(undated("how long it holds (`valid_for` or `until`)", self.source));
                }
                None
            }
            (Some(_), Some(node)) => {
                let message = format!("the fact `{name}` has both `valid_for` and `until`");
                let problem = Problem::error("undated-fact", self.source, node.range.clone(), message);
                self.problems.push(problem.suggest("keep one of the two"));
                None
            }
        };
        let fact = Fact { value: value?, as_of: as_of?, holds: holds? };
        if fact.as_of.moment.recurs() && !self.is_sample {
            let message = format!(
                "the fact `{name}` is taken for checked whenever the clock says so, though nobody has checked it"
            );
            let problem = Problem::warning("unchecked-fact", self.source, fact.as_of.range.clone(), message);
            self.problems
                .push(problem.suggest("write the moment at which somebody checked it, such as `2026-11-14 07:00`"));
        }
        Some(fact)
    }

    fn duration(&mut self, node: &Node) -> Option<jiff::SignedDuration> {
        let text = yaml::text(self.source, node, "a duration", self.problems)?;
        let duration = moment::duration(text);
        if duration.is_none() {
            let message = format!("`{text}` is not a duration");
            let problem = Problem::error("bad-duration", self.source, node.range.clone(), message);
            self.problems.push(problem.suggest(moment::suggest_duration(text)));
        }
        duration
    }
}

fn languages(source: &Arc<Source>, node: &Node, problems: &mut Vec<Problem>) -> Languages {
    let mut languages = Languages::default();
    let items = yaml::list(source, node, "`languages`", problems);
    languages.open = items.is_none();
    for item in items.unwrap_or_default() {
        let name = yaml::text(source, item, "a language", problems);
        match name.and_then(|name| name.parse().ok()).filter(|language| language_codes::is_one(*language)) {
            Some(language) if languages.known.contains(&language) => {
                let message = format!("`{language}` stands here a second time");
                problems.push(Problem::error("duplicate-language", source, item.range.clone(), message));
            }
            Some(language) => languages.known.push(language),
            None => {
                problems.extend(name.map(|name| not_a_code(source, item.range.clone(), name)));
                languages.open = true;
            }
        }
    }
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        let problem = Problem::error("missing-key", source, node.range.clone(), "`languages` names no language");
        problems.push(problem.suggest("for example `languages: [en]`, the default first"));
        languages.open = true;
    }
    languages
}

fn timezone(source: &Arc<Source>, node: &Node, problems: &mut Vec<Problem>) -> Option<TimeZone> {
    let name = yaml::text(source, node, "the timezone", problems)?;
    let known_as = |names: &[(&str, &'static str)]| {
        names.iter().find(|(other, _)| name.eq_ignore_ascii_case(other)).map(|(_, place)| *place)
    };
    let Ok(zone) = TimeZone::get(name) else {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let suggestion = known_as(&OTHER_NAMES)
            .map(|place| format!("did you mean `{place}`?"))
            .or_else(|| did_you_mean(name, known.iter().map(String::as_str)))
            .unwrap_or_else(|| "write a name such as `America/New_York` or `Europe/Madrid`".to_owned());
        let message = format!("`{name}` is not a known timezone");
        problems.push(Problem::error("unknown-timezone", source, node.range.clone(), message).suggest(suggestion));
        return None;
    };
    let fixed = known_as(&FIXED_ZONES);
    if fixed.is_some() || name.to_ascii_uppercase().starts_with("ETC/GMT") {
        let message =
            format!("the timezone `{name}` has no summer time: where clocks change, times are off by an hour");
        let place = fixed.unwrap_or("America/New_York");
        let problem = Problem::warning("fixed-timezone", source, node.range.clone(), message);
        problems.push(problem.suggest(format!("write a place, such as `{place}`")));
    }
    Some(zone)
}

fn dated(source: &Arc<Source>, node: &Node, zone: &TimeZone, problems: &mut Vec<Problem>) -> Option<Dated> {
    let text = yaml::text(source, node, "a moment", problems)?;
    match text.parse() {
        Ok(moment) => {
            problems.extend(clock_change(source, &node.range, &moment, zone));
            Some(Dated { moment, range: node.range.clone() })
        }
        Err(error) => {
            let problem = Problem::error("bad-moment", source, node.range.clone(), format!("{error}"));
            problems.push(problem.suggest(moment::suggest(text)));
            None
        }
    }
}

/// A moment that the clock skips, or shows twice.
fn clock_change(source: &Arc<Source>, range: &Range<usize>, moment: &Moment, zone: &TimeZone) -> Option<Problem> {
    let Moment::Fixed(clock) = moment else { return None };
    let written = clock.strftime("%Y-%m-%d %H:%M");
    let (message, suggestion) = match zone.to_ambiguous_timestamp(*clock).offset() {
        AmbiguousOffset::Unambiguous { .. } => return None,
        AmbiguousOffset::Gap { .. } => {
            let meant = moment::instant(*clock, zone)?.to_zoned(zone.clone());
            (
                format!("the clock never shows `{written}`: it is put forward then"),
                format!("it is read as `{}`: write that", meant.strftime("%Y-%m-%d %H:%M")),
            )
        }
        AmbiguousOffset::Fold { .. } => (
            format!("the clock shows `{written}` twice: it is put back then"),
            "the first of the two is taken: write a time before or after that hour".to_owned(),
        ),
    };
    Some(Problem::warning("clock-change", source, range.clone(), message).suggest(suggestion))
}
