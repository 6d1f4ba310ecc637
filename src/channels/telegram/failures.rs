//! What a failed call means: for a message that was to be sent, and for the operator.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::client::{CallError, Refusal};
use crate::channels::SendError;

/// What the operator reads when the token is wrong.
pub(super) const WRONG_TOKEN: &str = "Telegram does not accept the token: check EVENKEEL_TELEGRAM_TOKEN, or ask @BotFather for the token of \
                                      the bot with /token";

/// The longest reason of the platform that is passed on, in characters.
const MAX_REASON: usize = 80;

/// What to do about a message that was not accepted.
pub(super) fn sending(error: &CallError, chat: i64, crowd: &Crowd) -> SendError {
    match error {
        CallError::NotSent(why) => SendError::Unreachable(why.clone()),
        CallError::NoAnswer(why) => SendError::Uncertain(why.clone()),
        CallError::Foreign { status, retry_after } => foreign(*status, *retry_after),
        CallError::Refused(refusal) => refused(refusal, chat, crowd),
    }
}

/// An answer that is not of the Bot API comes from something in front of it. Whether the request passed it, the status tells at best.
fn foreign(status: u16, retry_after: Option<Duration>) -> SendError {
    let why = format!("status {status}, and the answer is not one of the Bot API");
    match status {
        429 => SendError::Limited { after: retry_after, everywhere: true },
        300..=499 | 503 => SendError::Unreachable(why),
        _ => SendError::Uncertain(why),
    }
}

fn refused(refusal: &Refusal, chat: i64, crowd: &Crowd) -> SendError {
    let why = reason(&refusal.description);
    let says = |texts: &[&str]| {
        let description = refusal.description.to_lowercase();
        texts.iter().any(|text| description.contains(text))
    };
    match refusal.code {
        // 404: the token has not even the form of one.
        401 | 404 => SendError::Unauthorized(WRONG_TOKEN.to_owned()),
        403 if says(&["blocked", "deactivated", "kicked", "not a member", "deleted", "can't initiate"]) => {
            SendError::Gone(why)
        }
        400 if has_no_topic(refusal) => SendError::Gone(why),
        400 if says(&["chat not found", "deactivated", "peer_id_invalid", "user not found"]) => SendError::Gone(why),
        400 if says(&["not enough rights", "no rights", "forbidden", "restricted", "topic_closed", "topic closed"]) => {
            SendError::Forbidden(why)
        }
        403 => SendError::Forbidden(why),
        420 | 429 => {
            let after = refusal.retry_after;
            SendError::Limited { after, everywhere: crowd.limited(chat, after, Instant::now()) }
        }
        503 => SendError::Unreachable(why),
        500.. => SendError::Uncertain(why),
        _ => SendError::Malformed(why),
    }
}

/// The topic that a message was for is not there.
pub(super) fn has_no_topic(refusal: &Refusal) -> bool {
    let description = refusal.description.to_lowercase();
    refusal.code == 400
        && ["thread not found", "topic_deleted", "topic deleted", "topic_id_invalid"]
            .iter()
            .any(|text| description.contains(text))
}

/// The part of a description that never quotes our text: "Bad Request: can't parse entities: …" becomes "can't parse entities".
pub(super) fn reason(description: &str) -> String {
    let known = ["Bad Request: ", "Forbidden: ", "Conflict: ", "Unauthorized: "];
    let rest = known.iter().find_map(|prefix| description.strip_prefix(prefix)).unwrap_or(description);
    let end = rest.find([':', '"', '\n']).unwrap_or(rest.len());
    rest[..end].chars().take(MAX_REASON).collect()
}

/// Why Telegram does not tell us what customers write, and how long to wait if it says so.
pub(super) fn receiving(error: &CallError) -> (String, Option<Duration>) {
    match error {
        CallError::NotSent(why) => (format!("Telegram cannot be reached: {why}"), None),
        CallError::NoAnswer(why) => (format!("Telegram does not answer: {why}"), None),
        CallError::Foreign { status, retry_after } => {
            (format!("status {status}, and the answer is not one of the Bot API: check telegram.api_url"), *retry_after)
        }
        CallError::Refused(refusal) => match refusal.code {
            401 | 404 => (WRONG_TOKEN.to_owned(), Some(Duration::from_mins(1))),
            409 => (
                "another program reads this bot's messages: stop it, or make a bot for Evenkeel alone".to_owned(),
                refusal.retry_after,
            ),
            429 => ("Telegram asks us to wait".to_owned(), refusal.retry_after),
            code => (format!("Telegram refuses ({code}): {}", reason(&refusal.description)), refusal.retry_after),
        },
    }
}

/// Telegram limits a chat and all chats with the same words. When a second chat meets a limit while the first one's lasts, it is for all.
#[derive(Default)]
pub(super) struct Crowd(Mutex<Option<(i64, Instant)>>);

impl Crowd {
    /// A chat met a limit; whether it holds everywhere.
    fn limited(&self, chat: i64, after: Option<Duration>, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let everywhere = last.is_some_and(|(other, until)| other != chat && now < until);
        *last = Some((chat, now + after.unwrap_or(Duration::from_secs(1))));
        everywhere
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn says(code: u16, description: &str) -> CallError {
        CallError::Refused(Refusal { code, description: description.into(), ..Refusal::default() })
    }

    fn foreign(status: u16) -> CallError {
        CallError::Foreign { status, retry_after: None }
    }

    /// The name of the variant.
    fn sent(error: &CallError) -> String {
        let error = sending(error, 7, &Crowd::default());
        format!("{error:?}").split([' ', '(', '{']).next().unwrap().to_owned()
    }

    #[rstest]
    #[case::blocked(says(403, "Forbidden: bot was blocked by the user"), "Gone")]
    #[case::account_deleted(says(403, "Forbidden: user is deactivated"), "Gone")]
    #[case::thrown_out(says(403, "Forbidden: bot was kicked from the supergroup chat"), "Gone")]
    #[case::left(says(403, "Forbidden: bot is not a member of the supergroup chat"), "Gone")]
    #[case::never_wrote(says(403, "Forbidden: bot can't initiate conversation with a user"), "Gone")]
    #[case::no_chat(says(400, "Bad Request: chat not found"), "Gone")]
    #[case::no_topic(says(400, "Bad Request: message thread not found"), "Gone")]
    #[case::closed_topic(says(400, "Bad Request: TOPIC_CLOSED"), "Forbidden")]
    #[case::muted(says(400, "Bad Request: not enough rights to send text messages to the chat"), "Forbidden")]
    #[case::bots(says(403, "Forbidden: bot can't send messages to bots"), "Forbidden")]
    #[case::too_long(says(400, "Bad Request: message is too long"), "Malformed")]
    #[case::markup(says(400, "Bad Request: can't parse entities: Unsupported start tag"), "Malformed")]
    #[case::wrong_token(says(401, "Unauthorized"), "Unauthorized")]
    #[case::no_token(says(404, "Not Found"), "Unauthorized")]
    #[case::limited(says(429, "Too Many Requests: retry after 8"), "Limited")]
    #[case::broken(says(500, "Internal Server Error"), "Uncertain")]
    #[case::gateway(says(502, "Bad Gateway"), "Uncertain")]
    #[case::restarting(says(503, "Service Unavailable"), "Unreachable")]
    #[case::limited_by_a_proxy(foreign(429), "Limited")]
    #[case::page_502(foreign(502), "Uncertain")]
    #[case::page_503(foreign(503), "Unreachable")]
    #[case::page_403(foreign(403), "Unreachable")]
    #[case::redirect(foreign(302), "Unreachable")]
    #[case::unreadable(foreign(200), "Uncertain")]
    #[case::no_connection(CallError::NotSent("connection refused".into()), "Unreachable")]
    #[case::cut_off(CallError::NoAnswer("connection reset".into()), "Uncertain")]
    fn each_failure_is_what_it_is(#[case] error: CallError, #[case] expected: &str) {
        assert_eq!(sent(&error), expected);
    }

    #[test]
    fn a_limit_is_of_its_chat_until_a_second_chat_meets_it_too() {
        let (crowd, now) = (Crowd::default(), Instant::now());
        let delay = Some(Duration::from_secs(10));
        assert!(!crowd.limited(1, delay, now));
        assert!(!crowd.limited(1, delay, now), "the same chat again");
        assert!(crowd.limited(2, delay, now + Duration::from_secs(3)));
        assert!(!crowd.limited(3, delay, now + Duration::from_mins(2)), "the first ones are over");
    }

    #[test]
    fn a_reason_never_quotes_our_text() {
        assert_eq!(
            reason("Bad Request: can't parse entities: Unsupported start tag \"x\" at 3"),
            "can't parse entities"
        );
        assert_eq!(reason("Forbidden: bot was blocked by the user"), "bot was blocked by the user");
        assert_eq!(reason(&"é".repeat(500)).chars().count(), MAX_REASON);
    }

    #[test]
    fn the_operator_reads_what_to_do() {
        let told = [
            says(401, "Unauthorized"),
            says(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            ),
            says(429, "Too Many Requests: retry after 8"),
            says(500, "Internal Server Error"),
            foreign(200),
            CallError::NotSent("connection refused".into()),
            CallError::NoAnswer("no answer in time".into()),
        ]
        .map(|error| receiving(&error).0);
        insta::assert_snapshot!(told.join("\n"), @r#"
        Telegram does not accept the token: check EVENKEEL_TELEGRAM_TOKEN, or ask @BotFather for the token of the bot with /token
        another program reads this bot's messages: stop it, or make a bot for Evenkeel alone
        Telegram asks us to wait
        Telegram refuses (500): Internal Server Error
        status 200, and the answer is not one of the Bot API: check telegram.api_url
        Telegram cannot be reached: connection refused
        Telegram does not answer: no answer in time
        "#);
    }
}
