//! What the staff ask for in a thread: words for the customer, or a command.

use crate::{
    message::StaffMessage,
    store::{StaffOrder, StaffOutcome},
};

/// What a message asks for. What looks like a command and is none is not sent: it was hardly meant for the customer.
#[must_use]
pub fn order(message: &StaffMessage) -> StaffOrder {
    let text = message.text.trim();
    if message.edits.is_some() {
        return StaffOrder::Tell(StaffOutcome::Edited);
    }
    if message.author.trim().is_empty() {
        return StaffOrder::Tell(StaffOutcome::Nameless);
    }
    if message.files {
        return StaffOrder::Tell(StaffOutcome::Files);
    }
    if text.is_empty() {
        return StaffOrder::Tell(StaffOutcome::Hidden);
    }
    let Some(command) = text.strip_prefix(['!', '/']) else { return StaffOrder::Say(text.to_owned()) };
    let (name, words) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    // Telegram's menu adds the bot's name: "/claim@HarborlightBot".
    let name = name.split('@').next().unwrap_or_default();
    let words = words.trim().to_owned();
    match name.to_lowercase().as_str() {
        "note" => StaffOrder::Note(words),
        "claim" => StaffOrder::Claim,
        "takeover" => StaffOrder::TakeOver,
        "release" => StaffOrder::Release,
        "resolve" => StaffOrder::Resolve { note: Some(words).filter(|words| !words.is_empty()) },
        "help" | "start" => StaffOrder::Tell(StaffOutcome::Help),
        _ => StaffOrder::Tell(StaffOutcome::Unknown(name.chars().take(40).collect())),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn message(text: &str) -> StaffMessage {
        StaffMessage {
            thread: "5".into(),
            message_id: "1".into(),
            edits: None,
            author: "Dana".into(),
            text: text.into(),
            files: false,
        }
    }

    fn say(text: &str) -> StaffOrder {
        StaffOrder::Say(text.into())
    }

    fn unknown(name: &str) -> StaffOrder {
        StaffOrder::Tell(StaffOutcome::Unknown(name.into()))
    }

    #[rstest]
    #[case("A crew is on its way.", say("A crew is on its way."))]
    #[case("  two\nlines ", say("two\nlines"))]
    #[case("Wow! note this", say("Wow! note this"))]
    #[case("note: not a command", say("note: not a command"))]
    #[case("!note line 4 is broken", StaffOrder::Note("line 4 is broken".into()))]
    #[case("!NOTE\ntwo\nlines", StaffOrder::Note("two\nlines".into()))]
    #[case("!note", StaffOrder::Note(String::new()))]
    #[case("!claim", StaffOrder::Claim)]
    #[case(" !Claim please", StaffOrder::Claim)]
    #[case("/claim@HarborlightBot", StaffOrder::Claim)]
    #[case("!takeover", StaffOrder::TakeOver)]
    #[case("!release", StaffOrder::Release)]
    #[case("!resolve", StaffOrder::Resolve { note: None })]
    #[case("!resolve line repaired", StaffOrder::Resolve { note: Some("line repaired".into()) })]
    #[case("/help", StaffOrder::Tell(StaffOutcome::Help))]
    #[case("!resovle", unknown("resovle"))]
    #[case("! claim", unknown(""))]
    #[case("!!! urgent", unknown("!!"))]
    #[case("/stop", unknown("stop"))]
    #[case(" \n ", StaffOrder::Tell(StaffOutcome::Hidden))]
    fn each_message_is_words_or_a_command(#[case] text: &str, #[case] expected: StaffOrder) {
        assert_eq!(order(&message(text)), expected);
    }

    #[test]
    fn what_cannot_reach_a_customer_as_it_is_does_not() {
        let edited = StaffMessage { edits: Some("0".into()), ..message("!resolve") };
        assert_eq!(order(&edited), StaffOrder::Tell(StaffOutcome::Edited));
        assert_eq!(order(&StaffMessage { files: true, ..message("see here") }), StaffOrder::Tell(StaffOutcome::Files));
        let nameless = StaffMessage { author: " ".into(), ..message("hi") };
        assert_eq!(order(&nameless), StaffOrder::Tell(StaffOutcome::Nameless));
    }
}
