//! The numbers that matter, each with its unit and reason.

use std::time::Duration;

use serde::Deserialize;

/// How the responder decides and how long it listens. Admins set it under `[policy]` in `evenkeel.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Of all answers that the bot gives on its own, at most this share may be wrong (0 to 0.5).
    pub max_wrong: f64,
    /// How long a customer must be quiet before their messages are read as one turn, in milliseconds. People split a
    /// thought over several lines; 1.5 s catches most of that and is hardly felt.
    pub quiet_ms: u64,
    /// The longest a turn is put off by further messages, in milliseconds: who types without pause is answered too.
    pub patience_ms: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_wrong: 0.05, quiet_ms: 1_500, patience_ms: 8_000 }
    }
}

impl Policy {
    #[must_use]
    pub fn quiet(&self) -> Duration {
        Duration::from_millis(self.quiet_ms)
    }

    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}

/// N-grams alone are held to this part of [`Policy::max_wrong`]. They see words, not what is meant: a near question that no intent covers looks to
/// them like one that is covered, and cross-validation, which knows of such questions only by intents it leaves out, flatters them. Held to the
/// whole they gave twice as many wrong answers as promised where half of the messages were of the same trade but not covered.
pub const N_GRAMS_PART: f64 = 0.5;

/// The longest text that the engine reads, in characters: what is longer is cut for reading (agents see all of what was accepted).
/// Ten times the longest message that people type by hand; keeps a pasted novel from costing more than a question.
pub const MAX_READ_CHARS: usize = 4_000;

/// The longest text that a door accepts, in bytes: four times Telegram's limit of 4,096 characters in UTF-8.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// At most this many questions of one message are answered together: more is a wall of text that nobody in a crisis reads.
pub const MAX_ANSWERS: usize = 3;

/// At most this many intents are offered as choices (plus "talk to a person").
pub const MAX_CHOICES: usize = 3;

/// The bot asks back when it is at least this probable that one of the intents it can offer is meant. A question back costs far less than
/// a wrong answer (each has "talk to a person" as its last choice), so it needs no more than an even chance; below that a person is
/// quicker for everyone.
pub const ASK_BACK: f64 = 0.5;

/// A choice that is this much less probable than the first is none: it would only be noise on the screen.
pub const CHOICE_SHARE: f64 = 0.1;

/// How many of the intents that may be offered are, by their falling probabilities; 0: nothing is asked back.
#[must_use]
pub fn choices(probabilities: impl Iterator<Item = f64>) -> usize {
    let mut first = None;
    let worth = |probability: &f64| *probability >= CHOICE_SHARE * *first.get_or_insert(*probability);
    let offered: Vec<f64> = probabilities.take(MAX_CHOICES).take_while(worth).collect();
    if offered.iter().sum::<f64>() < ASK_BACK { 0 } else { offered.len() }
}

/// From this probability on an agent is told that a customer may want it: below one in ten it misleads.
pub const LIKELY: f64 = 0.1;

/// Clarifying questions asked in a row before a person takes over: two misses mean that we do not understand.
pub const MAX_CLARIFICATIONS: u8 = 2;

/// The same question within this time of its answer counts as asked again; later, the facts may be new.
pub const SAME_QUESTION: jiff::SignedDuration = jiff::SignedDuration::from_hours(2);

/// After this long without a word a conversation starts afresh: the bot introduces itself again.
pub const FRESH_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// What a door takes from one visitor: bursts of 20 messages, then one each 3 s.
pub const VISITOR_BURST: u32 = 20;
/// See [`VISITOR_BURST`].
pub const VISITOR_REFILL: Duration = Duration::from_secs(3);

/// New visitors that one address may bring at once (an office or a mobile carrier shares one), then one a second.
pub const ADDRESS_BURST: u32 = 200;

/// N-grams alone decide when turns have waited for a free place this long without a pause. With the places that turns have, a customer
/// then waits some three seconds more than the quiet window, which is about what people bear before they write again.
pub const OVERLOAD_AFTER: Duration = Duration::from_secs(2);

/// The sentence model decides again when no turn has waited for this long: longer than it took to notice, so that it does not flutter.
pub const CALM_AFTER: Duration = Duration::from_secs(10);

/// Of each budget for sending, and of the places where turns are taken, one in so many is kept for danger (rounded up, where there is more than
/// one): a crowd that asks is slowed by a quarter at first and not at all in the long run, and emergency help finds a place at once.
pub const KEPT_FOR_DANGER: usize = 4;

/// Times that were written down are of the future only where the clock was set back since. So much two looks at it may differ.
pub const CLOCK_SLACK: Duration = Duration::from_secs(1);

/// An answer of the bot that could not be delivered for this long is not said any more: its facts may have changed since. A person is told.
pub const ANSWER_TOO_OLD: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// A desk session ends when it was not used for this long: longer than a meal and a meeting, shorter than the night that a forgotten browser
/// stands open.
pub const SESSION_IDLE: jiff::SignedDuration = jiff::SignedDuration::from_hours(4);

/// A desk session ends this long after the sign-in, however much it is used: the longest shift fits, and a stolen cookie is worthless the next day.
pub const SESSION_LONGEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(16);

/// A browser in which somebody signed in is known as theirs for this long after the last time: longer than a holiday and a long illness.
pub const DEVICE_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(180 * 24);

/// Browsers of one user that are known: what somebody has at hand, with some that they deleted the cookies of.
pub const DEVICES_KEPT: u32 = 20;

/// Sign-ins that may wait for a password to be hashed, from browsers that nobody knows: with some 30 ms each the last one waits a few seconds. More
/// are told to come again, and known browsers have a place of their own.
pub const SIGN_INS_WAITING: usize = 40;

/// So many refused sign-ins within [`SIGN_INS_WATCHED`] are told on `/health`: more than a shift of forgetful people makes.
pub const SIGN_INS_REFUSED: u64 = 20;

/// How long refused sign-ins are counted together, and how often one account's are written into the audit trail.
pub const SIGN_INS_WATCHED: std::time::Duration = std::time::Duration::from_mins(15);

/// How long a link to set a password is good: over a weekend.
pub const INVITATION_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(72);

/// The shortest password, in characters. Length is what counts against guessing; NIST SP 800-63B asks for 8 and recommends 15, and sign-ins are limited.
pub const MIN_PASSWORD_CHARS: usize = 12;

/// The longest password, in bytes: a passphrase in any script fits, and nobody makes us hash megabytes.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Passwords that are hashed at the same time: each takes 19 MiB and some 30 ms of a core, which customers' turns need too.
pub const HASHES_AT_ONCE: usize = 2;
/// A claim whose customer waits this long for words goes back to the queue, in minutes: time to read a long conversation and to ask a
/// colleague, and less than people bear who were told that somebody is with them.
pub const CLAIM_MINUTES: u32 = 15;

/// First answers of the last so many hours tell how long one waits now: older ones are of another hour of the crisis.
pub const ANSWERS_OF: jiff::SignedDuration = jiff::SignedDuration::from_hours(4);

/// At most so many of the latest first answers count.
pub const LATEST_ANSWERS: u32 = 50;

/// With fewer first answers than this, nothing true can be said about the next one.
pub const LEAST_ANSWERS: usize = 3;

/// An agent who did something at the desk within this time counts as there.
pub const AGENT_ACTIVE: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// Of ten customers, so many waited no longer than what the next one is told: told the average, half would be disappointed.
pub const IN_TIME_OF_TEN: usize = 8;

/// A customer who still waits is told so this long before the time that was named: late enough to be needed, early enough to be before.
pub const BEFORE_DUE: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);

/// Where no time could be named, a customer is told after so much working time that they still wait.
pub const STILL_WAITING_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// How often one customer is told that they still wait, each time with a new time. After that only the truth is left: it takes longer.
pub const MAX_STILL_WAITING: u32 = 3;

/// Who wrote of danger and has nobody after this long is told again where help is at once.
pub const DANGER_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// That an agent is there is not said again within this time: claimed, released and claimed once more is one arrival.
pub const JOINED_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// The owner of a promise is reminded this long before it falls due, or at half of its time where that is later.
pub const REMIND_BEFORE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// When what is older than `[store] keep_days` is deleted, in the incident's timezone: people are asleep then.
pub const FORGET_AT: jiff::civil::Time = jiff::civil::time(3, 0, 0, 0);

/// The store's disk is told to be short of room when less than this share of it is free and less than [`SHORT_BYTES`] as well.
pub const SHORT_SHARE: f64 = 0.1;
/// See [`SHORT_SHARE`]. In a crisis an hour's messages of a large company, with their answers, take some hundred megabytes: time for somebody to act.
pub const SHORT_BYTES: u64 = 20_000_000_000;
