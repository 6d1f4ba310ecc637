//! The decision: answer, clarify, or a person.

use jiff::Timestamp;

use super::{
    WISH_INTENT,
    asked::{Asked, asked, asked_beside, is_around, is_worrying},
    burst::Message,
    choice, cues,
};
use crate::{
    conversation::{Decision, Escalation, Memory, Promise, Reason, Standing, Urgency},
    desk::waiting::{Expected, Outlook},
    knowledge::{CannotSay, Intent, Knowledge, Phrase, Said},
    message::Choice,
    policy,
    reading::{Danger, Language, Mood, Ranked, Reading},
};

/// What a decision is made against.
pub(super) struct Scene<'a> {
    pub knowledge: &'a Knowledge,
    /// The probability from which an intent is answered.
    pub threshold: f64,
    /// The languages that an intent has examples in.
    pub understood: &'a [Language],
    /// The customer's language.
    pub language: Language,
    /// What to expect of the desk.
    pub outlook: &'a Outlook,
    pub now: Timestamp,
}

/// What is to be done and said.
pub(super) struct Plan {
    pub decision: Decision,
    pub say: Vec<Say>,
    pub offered: Vec<Choice>,
    pub escalation: Option<Escalation>,
    /// Intents whose question was asked now, so that asking again is noticed.
    pub answered: Vec<String>,
    /// Intents whose responses are said.
    pub said: Vec<String>,
}

/// One paragraph of a reply.
pub(super) enum Say {
    Answer(Said),
    Phrase(Phrase),
}

/// From this probability on an intent with `danger` counts as meant without a sign in the words: an even chance, well below what an answer
/// needs, because a needless emergency text costs a moment and a missed danger may cost a life. Below it the text frightens more
/// people than it helps ("are you going to cut me off" is read as self-harm at 0.39).
const DANGER_PROBABILITY: f64 = policy::ASK_BACK;

/// From this probability on the same intent calls a person before others, and the customer is told whom to call first.
pub(super) const WORRY_PROBABILITY: f64 = 0.35;

/// From this probability on the wish for a person counts as meant. It costs nobody a wrong answer, and to be refused a person is what
/// angers people most.
const WISH_PROBABILITY: f64 = 0.35;

/// So many intents are named to agents.
const MAX_LIKELY: usize = 3;

impl Plan {
    fn new(decision: Decision, say: Vec<Say>) -> Self {
        Self { decision, say, offered: Vec::new(), escalation: None, answered: Vec::new(), said: Vec::new() }
    }
}

impl Plan {
    /// A person, whatever was written; silence where an agent has the conversation already.
    pub(super) fn last_resort(standing: Standing) -> Self {
        let (reason, urgency) = (Reason::Unsure, Urgency::High);
        let say = match standing {
            Standing::Bot => vec![Say::Phrase(Phrase::HandOver(reason))],
            Standing::Waiting => vec![Say::Phrase(Phrase::Waiting)],
            Standing::Agent => return Self::new(Decision::Silent, Vec::new()),
        };
        let escalation = Some(asked_for(reason, urgency, Vec::new()));
        Self { escalation, ..Self::new(Decision::Escalate(reason), say) }
    }
}

/// A hand-over; by when it is answered is not known yet (see [`Scene::expected`]).
fn asked_for(reason: Reason, urgency: Urgency, intents: Vec<String>) -> Escalation {
    Escalation { reason, urgency, intents, due_at: None, look_at: None }
}

impl Scene<'_> {
    /// The hand-over with what can be expected of the desk. Who is asked to write in private is promised nothing here.
    pub(super) fn expected(&self, escalation: Escalation) -> Escalation {
        if escalation.reason == Reason::Private {
            return escalation;
        }
        let Expected { due_at, look_at } = self.outlook.expect(escalation.urgency, self.now, self.knowledge.zone());
        Escalation { due_at, look_at, ..escalation }
    }

    /// When somebody is back, if nobody is there.
    pub(super) fn opens(&self) -> Option<Timestamp> {
        self.outlook.opens(self.now, self.knowledge.zone())
    }

    /// What the responses of a plan promise.
    pub(super) fn promises(&self, plan: &Plan) -> Vec<Promise> {
        let promise = |intent: &String| {
            let due_at = self.knowledge.promise(intent, self.language, self.now)?;
            let words = self.knowledge.title(intent, self.knowledge.default_language()).to_owned();
            Some(Promise { intent: intent.clone(), words, due_at })
        };
        plan.said.iter().filter_map(promise).collect()
    }

    fn intent(&self, name: &str) -> Option<&Intent> {
        self.knowledge.intents.get(name)
    }

    /// The intent that a reading gives with enough probability to act on it. One that a person takes anyway needs no more than asking
    /// back does: it gives no answer that could be wrong.
    pub(super) fn sure<'r>(&self, reading: &'r Reading) -> Option<&'r str> {
        let best = reading.best()?;
        let to_a_person = self.intent(&best.intent).is_some_and(|intent| intent.escalate);
        let enough = if to_a_person { self.threshold.min(policy::ASK_BACK) } else { self.threshold };
        (best.probability >= enough).then_some(best.intent.as_str())
    }

    pub(super) fn is_danger(&self, name: &str) -> bool {
        self.intent(name).is_some_and(|intent| intent.danger.is_some())
    }

    /// Greetings and thanks (a negative priority): answered only when nothing else is asked.
    pub(super) fn is_courtesy(&self, name: &str) -> bool {
        self.intent(name).is_some_and(|intent| intent.priority < 0)
    }

    fn choice(&self, intent: &str) -> Choice {
        choice::intent_choice(intent, self.knowledge.title(intent, self.language))
    }

    pub(super) fn phrase_choice(&self, id: &str, phrase: Phrase) -> Choice {
        Choice { id: id.to_owned(), label: self.knowledge.phrase(phrase, self.language, self.now).text }
    }
}

/// Decides, from the most to the least urgent: danger, an agent who has the conversation, a picked choice, a message without words,
/// questions we are sure of, a language that no intent has examples in, questions we may ask back about, and a person for all else. Who is
/// surely understood is answered in whatever language they seem to write: it may have been misread, and a multilingual encoder
/// understands more than the examples say.
pub(super) fn decide(scene: &Scene<'_>, memory: &Memory, public: bool, message: &Message) -> Plan {
    if let Some(danger) = danger(scene, message) {
        return emergency(scene, memory, danger);
    }
    if memory.standing == Standing::Agent {
        return Plan::new(Decision::Silent, Vec::new());
    }
    let settle = Settle { scene, memory, public, message };
    if let Some(picked) = &message.picked {
        let alone = message.parts.is_empty();
        match picked.id.as_str() {
            Choice::PERSON => return settle.hand_over(Reason::Wish, Vec::new(), Vec::new()),
            Choice::HELP if alone => return courtesy(Phrase::Welcome),
            choice::KEEP_BOT if alone => return courtesy(Phrase::KeptBot),
            _ => {}
        }
        if let Some(intent) = choice::intent_of(picked) {
            let Asked { sure, open } = asked_beside(scene, message, intent);
            return settle.intents(sure, &open);
        }
    }
    if message.declined {
        return settle.declined();
    }
    if !message.has_words {
        return settle.wordless();
    }
    if wishes_for_a_person(message) {
        return settle.hand_over(Reason::Wish, Vec::new(), Vec::new());
    }
    if let Some(plan) = settle.by_cue() {
        return plan;
    }
    let Asked { sure, open } = asked(scene, message);
    if sure.is_empty() { settle.unsure(&open) } else { settle.intents(sure, &open) }
}

/// Nothing was asked that needs an answer.
fn courtesy(phrase: Phrase) -> Plan {
    Plan::new(Decision::Acknowledge, vec![Say::Phrase(phrase)])
}

/// The gravest danger that the message speaks of, by its words or by its intent.
fn danger(scene: &Scene<'_>, message: &Message) -> Option<Danger> {
    let by_words = message.readings().filter_map(|reading| reading.danger.as_ref()).map(|sign| sign.danger);
    let by_intent = message
        .readings()
        .filter_map(|reading| reading.best().filter(|best| best.probability >= DANGER_PROBABILITY))
        .map(|best| best.intent.as_str());
    let by_choice = message.picked.as_ref().and_then(choice::intent_of);
    by_words
        .chain(message.quoted_danger)
        .chain(by_intent.chain(by_choice).filter_map(|name| scene.intent(name)?.danger))
        .min()
}

/// The whole message or one of its sentences asks for a person.
fn wishes_for_a_person(message: &Message) -> bool {
    message
        .readings()
        .filter_map(Reading::best)
        .any(|best| best.intent == WISH_INTENT && best.probability >= WISH_PROBABILITY)
}

/// Emergency help at once, and a person. Said once for each danger while the escalation is open.
fn emergency(scene: &Scene<'_>, memory: &Memory, danger: Danger) -> Plan {
    let intent = scene.knowledge.danger_intent(danger);
    let help = intent.and_then(|intent| scene.knowledge.answer_what_holds(&intent.name, scene.language, scene.now));
    // Help in a language that the customer may not read follows a line in their own.
    let help = match help {
        Some(help) if help.language == scene.language => vec![Say::Answer(help)],
        Some(help) => vec![Say::Phrase(Phrase::Danger), Say::Answer(help)],
        None => vec![Say::Phrase(Phrase::Danger)],
    };
    let say = match (memory.warned.contains(&danger), memory.standing) {
        (false, _) | (true, Standing::Bot) => help,
        (true, Standing::Waiting) => vec![Say::Phrase(Phrase::Waiting)],
        (true, Standing::Agent) => return Plan::new(Decision::Silent, Vec::new()),
    };
    Plan {
        escalation: Some(asked_for(
            Reason::Danger(danger),
            Urgency::Danger,
            intent.map(|intent| intent.name.clone()).into_iter().collect(),
        )),
        ..Plan::new(Decision::Escalate(Reason::Danger(danger)), say)
    }
}

/// Turns intents into answers, with the reasons that call for a person instead.
struct Settle<'a> {
    scene: &'a Scene<'a>,
    memory: &'a Memory,
    public: bool,
    message: &'a Message,
}

impl Settle<'_> {
    /// Answers what may be answered; a person takes the rest.
    fn intents(&self, mut names: Vec<String>, open: &[&Reading]) -> Plan {
        names.sort_by_key(|name| std::cmp::Reverse(self.scene.intent(name).map_or(0, |intent| intent.priority)));
        let too_many = names.len() > policy::MAX_ANSWERS;
        names.truncate(policy::MAX_ANSWERS);

        let mut answers = Vec::new();
        let mut answered = Vec::new();
        let mut repeated = Vec::new();
        let mut said = Vec::new();
        let mut person: Option<(Reason, Option<Say>)> =
            (too_many || !open.is_empty()).then_some((self.not_understood(), None));
        for name in names {
            match self.one(&name) {
                One::Answer(answer) => {
                    answers.push(Say::Answer(answer));
                    said.push(name.clone());
                    answered.push(name);
                }
                One::Offer => repeated.push(name),
                One::Person(reason, line) => {
                    said.extend(line.is_some().then_some(name));
                    person = Some((reason, line.map(Say::Answer)));
                }
            }
        }

        if let Some((reason, line)) = person {
            answers.extend(line);
            return Plan { said, ..self.hand_over_with(reason, answers, answered, open) };
        }
        if repeated.is_empty() {
            return Plan { answered: answered.clone(), said, ..Plan::new(Decision::Answer(answered), answers) };
        }
        // Where something new is answered in the same breath, the offer only follows it.
        let decision =
            if answered.is_empty() { Decision::Clarify(repeated.clone()) } else { Decision::Answer(answered.clone()) };
        answers.push(Say::Phrase(Phrase::AlreadySaid));
        answered.extend(repeated);
        Plan {
            offered: vec![
                self.scene.phrase_choice(Choice::PERSON, Phrase::Person),
                self.scene.phrase_choice(choice::KEEP_BOT, Phrase::KeepBot),
            ],
            answered,
            said,
            ..Plan::new(decision, answers)
        }
    }

    /// What becomes of one intent.
    fn one(&self, name: &str) -> One {
        let Scene { knowledge, language, now, .. } = *self.scene;
        let Some(intent) = self.scene.intent(name) else { return One::Person(Reason::Unsure, None) };
        if name == WISH_INTENT {
            return One::Person(Reason::Wish, None);
        }
        if intent.private && self.public {
            return One::Person(Reason::Private, None);
        }
        if intent.escalate {
            return One::Person(Reason::Always, knowledge.answer_what_holds(name, language, now));
        }
        if intent.priority >= 0 {
            match self.memory.answered.iter().filter(|answered| answered.intent == name).count() {
                0 => {}
                1 => return One::Offer,
                _ => return One::Person(Reason::Repeated, None),
            }
        }
        match knowledge.answer(name, language, now) {
            Ok(said) => One::Answer(said),
            Err(CannotSay::AgentsOnly) => One::Person(Reason::Always, None),
            Err(CannotSay::NoResponse) => One::Person(Reason::Unsure, None),
            Err(CannotSay::Stale { .. } | CannotSay::Unfilled { .. }) => One::Person(Reason::Stale, None),
        }
    }

    /// Why a question that no intent surely fits goes to a person.
    fn not_understood(&self) -> Reason {
        if self.scene.understood.contains(&self.scene.language) { Reason::Unsure } else { Reason::Language }
    }

    /// No intent is sure: ask back where it is likely enough that one of a few is meant, otherwise a person.
    fn unsure(&self, open: &[&Reading]) -> Plan {
        let hand_over = |reason| self.hand_over_with(reason, Vec::new(), Vec::new(), open);
        let reason = self.not_understood();
        let person =
            self.memory.standing == Standing::Waiting || self.message.cut || is_worrying(self.scene, self.message);
        if person || reason == Reason::Language {
            return hand_over(reason);
        }
        let candidates = match open {
            [one] => candidates(self.scene, one),
            _ => candidates(self.scene, &self.message.whole),
        };
        // One question back about several things must not drop one of them.
        let drops = open.len() > 1 && open.iter().any(|one| !is_around(one, candidates.iter().copied()));
        if candidates.is_empty() || drops {
            return hand_over(Reason::Unsure);
        }
        if self.memory.clarifications >= policy::MAX_CLARIFICATIONS {
            return hand_over(Reason::Unclear);
        }
        let mut offered: Vec<Choice> =
            candidates.iter().filter(|name| **name != WISH_INTENT).map(|name| self.scene.choice(name)).collect();
        offered.push(self.scene.phrase_choice(Choice::PERSON, Phrase::Person));
        let decision = Decision::Clarify(candidates.into_iter().map(str::to_owned).collect());
        Plan { offered, ..Plan::new(decision, vec![Say::Phrase(Phrase::Clarify)]) }
    }

    /// None of the choices is meant: it is asked for in words, and a person is offered.
    fn declined(&self) -> Plan {
        if self.memory.clarifications >= policy::MAX_CLARIFICATIONS {
            return self.hand_over(Reason::Unclear, Vec::new(), Vec::new());
        }
        Plan {
            offered: vec![self.scene.phrase_choice(Choice::PERSON, Phrase::Person)],
            ..Plan::new(Decision::Clarify(Vec::new()), vec![Say::Phrase(Phrase::Welcome)])
        }
    }

    /// A short line whose meaning depends on where the conversation stands.
    fn by_cue(&self) -> Option<Plan> {
        let says = |lines| cues::is_among(lines, &self.message.text);
        match self.memory.standing {
            Standing::Waiting if says(cues::STILL_THERE) => Some(self.still_waiting()),
            Standing::Waiting if says(cues::WHAT_NOW) => {
                self.help_again().map(|help| Plan::new(Decision::Acknowledge, vec![help]))
            }
            Standing::Bot if says(cues::NEVER_MIND) => Some(courtesy(Phrase::KeptBot)),
            _ => None,
        }
    }

    /// Who waits hears that they do, and by when somebody answers, as far as it is known. In danger the help comes first.
    fn still_waiting(&self) -> Plan {
        let mut say: Vec<Say> = self.help_again().into_iter().collect();
        let known = self.scene.knowledge.languages().contains(&self.scene.language);
        say.push(Say::Phrase(match () {
            () if !known => Phrase::Waiting,
            () if self.is_closed() && say.is_empty() => Phrase::Nobody,
            () => Phrase::StillWaiting,
        }));
        Plan::new(Decision::Acknowledge, say)
    }

    /// The help for the danger that the customer wrote of last, in short.
    fn help_again(&self) -> Option<Say> {
        let danger = *self.memory.warned.last()?;
        self.scene.knowledge.help_in_short(danger, self.scene.language, self.scene.now).map(Say::Answer)
    }

    /// Nothing that can be read: files go to a person, all else is asked for in words.
    fn wordless(&self) -> Plan {
        if self.message.has_attachments {
            return self.hand_over(Reason::Attachment, Vec::new(), Vec::new());
        }
        if is_worrying(self.scene, self.message) {
            return self.hand_over(Reason::Unsure, Vec::new(), Vec::new());
        }
        if self.memory.standing == Standing::Waiting {
            return Plan::new(Decision::Acknowledge, vec![Say::Phrase(Phrase::Waiting)]);
        }
        if self.memory.clarifications >= policy::MAX_CLARIFICATIONS {
            return self.hand_over(Reason::Unclear, Vec::new(), Vec::new());
        }
        Plan::new(Decision::Clarify(Vec::new()), vec![Say::Phrase(Phrase::NoWords)])
    }

    /// Whether to say that nobody is there, which the files can say in their own languages only.
    fn is_closed(&self) -> bool {
        self.scene.opens().is_some() && self.scene.knowledge.languages().contains(&self.scene.language)
    }

    /// A person takes over. What can be answered is said first. Who already waits hears only that this was added.
    fn hand_over(&self, reason: Reason, say: Vec<Say>, answered: Vec<String>) -> Plan {
        self.hand_over_with(reason, say, answered, &[&self.message.whole])
    }

    /// The same; `open` is what the person is to read.
    fn hand_over_with(&self, reason: Reason, mut say: Vec<Say>, answered: Vec<String>, open: &[&Reading]) -> Plan {
        let worrying = is_worrying(self.scene, self.message);
        let urgency = match reason {
            Reason::Danger(_) => Urgency::Danger,
            Reason::Wish | Reason::Undelivered => Urgency::High,
            _ if worrying || self.message.whole.mood == Mood::Angry => Urgency::High,
            _ => Urgency::Normal,
        };
        if worrying {
            say.insert(0, Say::Phrase(Phrase::Urgent));
        }
        let spoken_for =
            reason == Reason::Always && say.iter().filter(|say| matches!(say, Say::Answer(_))).count() > answered.len();
        if self.memory.standing == Standing::Waiting {
            say.push(Say::Phrase(Phrase::Waiting));
        } else if reason == Reason::Private {
            say.push(Say::Phrase(Phrase::Private));
        } else if self.is_closed() {
            say.push(Say::Phrase(Phrase::Nobody));
        } else if !spoken_for {
            say.push(Say::Phrase(Phrase::HandOver(reason)));
        }
        Plan {
            escalation: Some(asked_for(reason, urgency, likely(self.scene, open))),
            answered,
            ..Plan::new(Decision::Escalate(reason), say)
        }
    }
}

/// What the customer probably wants, most probable first. A danger is not among it: without a sign of it nobody is in danger.
fn likely(scene: &Scene<'_>, open: &[&Reading]) -> Vec<String> {
    let mut ranked: Vec<&Ranked> = open.iter().flat_map(|reading| &reading.ranked).collect();
    ranked.retain(|ranked| ranked.probability >= policy::LIKELY && !scene.is_danger(&ranked.intent));
    ranked.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    let mut likely: Vec<String> = Vec::new();
    for ranked in ranked {
        if !likely.contains(&ranked.intent) {
            likely.push(ranked.intent.clone());
        }
    }
    likely.truncate(MAX_LIKELY);
    likely
}

enum One {
    Answer(Said),
    /// Said lately: a person is offered instead of the same words.
    Offer,
    /// A person, with the intent's own line if it has one.
    Person(Reason, Option<Said>),
}

/// The intents to offer, most probable first; none where it is not probable enough that one of them is meant. Courtesies are no
/// choices, and a button about self-harm under a question about the fridge would be cruel.
fn candidates<'r>(scene: &Scene<'_>, reading: &'r Reading) -> Vec<&'r str> {
    let may_be_offered = |ranked: &&Ranked| !scene.is_courtesy(&ranked.intent) && !scene.is_danger(&ranked.intent);
    let offered = policy::choices(reading.ranked.iter().filter(may_be_offered).map(|ranked| ranked.probability));
    let names = reading.ranked.iter().filter(may_be_offered).map(|ranked| ranked.intent.as_str());
    names.take(offered).collect()
}
