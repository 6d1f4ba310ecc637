//! Which escalations ask the same. Pure: what is compared with what, and from where on two count as the same question.
//!
//! A wrong member of a group would be given a wrong answer, so it is better to leave two questions apart than to join them wrongly. The
//! bars were chosen on labelled questions (docs/benchmarks.md, "Groups").

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    classifier::{Background, Likeness, Nearness},
    conversation::{EscalationId, Reason, Urgency},
    reading::Language,
};

/// What groups mean to an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouped {
    /// It is a person's matter and is in no group.
    Never,
    /// It is in a group, so that an agent can answer it with the others; what was answered before is not given to it without an agent.
    ByAgents,
    /// Who joins an answered group gets the answer at once.
    Served,
}

/// Whether an escalation is put into a group.
#[must_use]
pub fn grouped(reason: Reason, urgency: Urgency, words: Option<&str>) -> Grouped {
    if urgency == Urgency::Danger || !words.is_some_and(|words| words.chars().any(char::is_alphabetic)) {
        return Grouped::Never;
    }
    match reason {
        // What they need is not an answer.
        Reason::Danger(_)
        | Reason::Wish
        | Reason::Attachment
        | Reason::Undelivered
        | Reason::Private
        | Reason::Promise => Grouped::Never,
        // The admins want a person to look, and who was not helped by an answer is not helped by another one that nobody chose for them.
        Reason::Always | Reason::Repeated => Grouped::ByAgents,
        Reason::Unsure | Reason::Unclear | Reason::Stale | Reason::Language => Grouped::Served,
    }
}

/// From where on two texts ask the same.
struct Bars {
    /// Of the cosine of meanings.
    plain: f32,
    /// Of the same without what all have in common.
    own: f32,
    /// Of the same for an answer that no agent looks at before it goes out.
    own_to_serve: f32,
}

/// Chosen on `covidq_class` (train and val): much of what is joined wrongly by its labels is the same question to a reader.
const ENGLISH: Bars = Bars { plain: 0.75, own: 0.65, own_to_serve: 0.75 };
/// The sentence model knows English best; in other languages it sees likeness where there is little. Chosen on the sample's Spanish
/// examples, of which the bars for English joined as many across intents as within.
const OTHER_LANGUAGES: Bars = Bars { plain: 0.8, own: 0.75, own_to_serve: 0.8 };
/// Without a sentence model: the same words, hardly more.
const WORDS: f32 = 0.65;
const WORDS_TO_SERVE: f32 = 0.75;
/// Every member that is looked at must be this near, below the bar that their mean must pass: chains of neighbours are no group.
const SLACK: f32 = 0.15;

/// A customer's words, ready to be compared.
#[derive(Debug)]
pub struct Question {
    language: Option<Language>,
    likeness: Likeness,
    numbers: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Question {
    #[must_use]
    pub fn new(words: &str, language: Option<Language>, likeness: Likeness) -> Self {
        Self { language, likeness, numbers: numbers(words), names: names(words) }
    }

    /// Whether they could ask the same by what can be told for sure: one language, no other number, no other name.
    fn may_be(&self, other: &Self) -> bool {
        let differ = |a: &BTreeSet<String>, b: &BTreeSet<String>| !a.is_empty() && !b.is_empty() && a != b;
        self.language == other.language && self.numbers == other.numbers && !differ(&self.names, &other.names)
    }
}

/// The numbers of a text: "bus 12" and "bus 21" are two questions.
fn numbers(words: &str) -> BTreeSet<String> {
    let parts = words.split(|c: char| !c.is_ascii_digit());
    parts.filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
}

/// Words written with a capital inside a sentence, where the writer writes others without: most are places and names.
fn names(words: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut small, mut starts) = (false, true);
    for word in words.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let mut chars = bare.chars();
        let capital = chars.next().is_some_and(char::is_uppercase);
        small |= !capital && bare.chars().any(char::is_alphabetic);
        // "I" is no name.
        if capital && !starts && chars.next().is_some_and(char::is_alphabetic) {
            names.insert(bare.to_lowercase());
        }
        starts = word.ends_with(['.', '!', '?', ':', '¿', '¡']);
    }
    if small { names } else { BTreeSet::new() }
}

/// The groups that newcomers are compared with.
#[derive(Debug)]
pub struct Groups {
    background: Background,
    /// The members of each that are looked at.
    groups: Vec<Vec<(EscalationId, Arc<Question>)>>,
}

/// The group that a newcomer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// Its place in [`Groups`].
    pub place: usize,
    /// A member of it.
    pub member: EscalationId,
    /// Whether it is near enough for an answer that no agent looks at before.
    pub serve: bool,
}

impl Groups {
    /// No groups yet; `background` is what texts have in common.
    #[must_use]
    pub fn new(background: Background) -> Self {
        Self { background, groups: Vec::new() }
    }

    /// A group of its own.
    pub fn open(&mut self, id: EscalationId, question: Arc<Question>) -> usize {
        // Each question counts once in what is common, however many ask it.
        self.background.add(&question.likeness);
        self.groups.push(vec![(id, question)]);
        self.groups.len() - 1
    }

    /// One more member of a group.
    pub fn join(&mut self, place: usize, id: EscalationId, question: Arc<Question>) {
        if let Some(group) = self.groups.get_mut(place) {
            group.push((id, question));
        }
    }

    /// The group that a question belongs to, if it belongs to one.
    #[must_use]
    pub fn nearest(&self, question: &Question) -> Option<Near> {
        let fits = self.groups.iter().enumerate().filter_map(|(place, group)| {
            let (member, _) = group.first()?;
            let (near, serve) = self.fit(question, group)?;
            Some((near, Near { place, member: *member, serve }))
        });
        fits.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, near)| near)
    }

    /// How near a question is to a group on average, if it belongs there, and whether near enough to be served.
    fn fit(&self, question: &Question, group: &[(EscalationId, Arc<Question>)]) -> Option<(f32, bool)> {
        let bars = if question.language.is_none_or(|language| language == Language::ENGLISH) {
            &ENGLISH
        } else {
            &OTHER_LANGUAGES
        };
        let (mut plain_sum, mut own_sum, mut words_sum, mut with_meaning) = (0.0, 0.0, 0.0, 0_usize);
        for (_, other) in group {
            if !question.may_be(other) {
                return None;
            }
            match self.background.nearness(&question.likeness, &other.likeness) {
                Nearness::Meaning { plain, own } if own >= bars.own - SLACK => {
                    plain_sum += plain;
                    own_sum += own;
                    with_meaning += 1;
                }
                Nearness::Words(words) if words >= WORDS - SLACK => words_sum += words,
                _ => return None,
            }
        }
        let count = group.len() as f32;
        if with_meaning == group.len() {
            let (plain, own) = (plain_sum / count, own_sum / count);
            (plain >= bars.plain && own >= bars.own).then_some((own, own >= bars.own_to_serve))
        } else if with_meaning == 0 {
            let words = words_sum / count;
            (words >= WORDS).then_some((words, words >= WORDS_TO_SERVE))
        } else {
            None
        }
    }
}

/// The places of texts, the most typical first: those that are nearest to all others.
#[must_use]
pub fn most_typical_first(background: &Background, texts: &[Likeness]) -> Vec<usize> {
    let near = |a: &Likeness, b: &Likeness| match background.nearness(a, b) {
        Nearness::Meaning { own, .. } => own,
        Nearness::Words(words) => words,
    };
    let mut order: Vec<(f32, usize)> = texts
        .iter()
        .enumerate()
        .map(|(place, text)| (texts.iter().map(|other| near(text, other)).sum(), place))
        .collect();
    order.sort_by(|(a, i), (b, j)| b.total_cmp(a).then(i.cmp(j)));
    order.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{classifier::Classifier, reading::Danger};

    #[rstest]
    #[case::unsure(Reason::Unsure, Urgency::Normal, "is the zoo open", Grouped::Served)]
    #[case::angry(Reason::Unsure, Urgency::High, "is the zoo open or what", Grouped::Served)]
    #[case::unclear(Reason::Unclear, Urgency::Normal, "zoo?", Grouped::Served)]
    #[case::stale(Reason::Stale, Urgency::Normal, "how many", Grouped::Served)]
    #[case::foreign(Reason::Language, Urgency::Normal, "動物園は", Grouped::Served)]
    #[case::always(Reason::Always, Urgency::Normal, "I sue you", Grouped::ByAgents)]
    #[case::repeated(Reason::Repeated, Urgency::Normal, "again: when", Grouped::ByAgents)]
    #[case::danger(Reason::Danger(Danger::Gas), Urgency::Danger, "gas", Grouped::Never)]
    #[case::raised(Reason::Unsure, Urgency::Danger, "help", Grouped::Never)]
    #[case::wish(Reason::Wish, Urgency::High, "a person", Grouped::Never)]
    #[case::private(Reason::Private, Urgency::Normal, "my bill", Grouped::Never)]
    #[case::file(Reason::Attachment, Urgency::Normal, "see", Grouped::Never)]
    #[case::lost(Reason::Undelivered, Urgency::Normal, "x", Grouped::Never)]
    #[case::no_words(Reason::Unsure, Urgency::Normal, "??? 12", Grouped::Never)]
    fn only_questions_that_one_answer_can_settle_are_grouped(
        #[case] reason: Reason,
        #[case] urgency: Urgency,
        #[case] words: &str,
        #[case] expected: Grouped,
    ) {
        assert_eq!(grouped(reason, urgency, Some(words)), expected);
        assert_eq!(grouped(reason, urgency, None), Grouped::Never);
    }

    fn join_all(lines: &[(&str, &str)]) -> Vec<Option<usize>> {
        let classifier = Classifier::train(&[], None);
        let mut groups = Groups::new(classifier.background());
        lines
            .iter()
            .zip(1..)
            .map(|((words, language), id)| {
                let likeness = classifier.likeness(&[words]).remove(0);
                let question = Arc::new(Question::new(words, language.parse().ok(), likeness));
                let near = groups.nearest(&question);
                match near {
                    Some(near) => groups.join(near.place, EscalationId(id), question),
                    None => drop(groups.open(EscalationId(id), question)),
                }
                near.map(|near| near.place)
            })
            .collect()
    }

    #[test]
    fn the_same_words_join_and_others_do_not() {
        let joined = join_all(&[
            ("is the city zoo open today", "en"),
            ("Is the city zoo open today??", "en"),
            ("can I park on the bridge", "en"),
        ]);
        assert_eq!(joined, [None, Some(0), None]);
    }

    #[rstest]
    #[case::number(("does bus 12 run today", "en"), ("does bus 21 run today", "en"))]
    #[case::number_or_none(("does bus 12 run today", "en"), ("does the bus run today", "en"))]
    #[case::place(("is the bridge in Oakdale open now", "en"), ("is the bridge in Fairview open now", "en"))]
    #[case::language(("hotel internet bus taxi", "en"), ("hotel internet bus taxi", "es"))]
    fn what_surely_differs_stays_apart(#[case] one: (&str, &str), #[case] other: (&str, &str)) {
        assert_eq!(join_all(&[one, other]), [None, None]);
    }

    #[test]
    fn names_are_capitals_where_others_are_small() {
        let of = |words| names(words).into_iter().collect::<Vec<_>>();
        assert_eq!(of("Is the bridge in Oakdale open? When will I know"), ["oakdale"]);
        assert!(of("IS THE BRIDGE IN OAKDALE OPEN").is_empty());
        assert!(of("Oakdale bridge. Open?").is_empty());
    }
}
