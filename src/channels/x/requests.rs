//! What we say, as a request to the platform. Pure.

use serde_json::{Value, json};

use super::{
    formatting::{MAX_DIRECT, MAX_POST, Manner, harmless, has_link, plain, weight},
    meter::{DIRECT_MESSAGE, POST, POST_WITH_LINK, SUMMONED_REPLY, Usd},
    names,
    place::{Place, is_id},
};
use crate::{
    channels::{Parcel, SendError, split},
    message::{Author, Choice, Outgoing},
};

/// A request that is ready but for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub body: Value,
    /// What it costs if the platform accepts it.
    pub price: Usd,
}

/// Whether a text (Markdown) fits into a post as the bot writes it, links left out.
#[must_use]
pub fn fits(text: &str) -> bool {
    weight(&plain(text, post(&Author::Bot, false))) <= MAX_POST
}

/// The pieces of a message. The bot has one post for each interaction, so in public its messages are one piece, whatever their length;
/// an agent may write a thread.
pub fn pieces(place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
    match (Place::parse(place), &outgoing.author) {
        (Some(Place::Direct { .. }), _) => {
            split(outgoing, |text| plain(text, direct(outgoing)).chars().count() <= MAX_DIRECT)
        }
        (_, Author::Bot) => vec![outgoing.clone()],
        (_, author) => split(outgoing, |text| weight(&plain(text, post(author, true))) <= MAX_POST),
    }
}

/// The request for a piece. `after` is the post of ours that it continues, if there is one; `links` whether the bot's posts keep theirs.
///
/// # Errors
/// It cannot be said on X: nothing of it fits, or there is nothing to reply to.
pub fn request(parcel: &Parcel, after: Option<&str>, links: bool) -> Result<Request, SendError> {
    let message = &parcel.message;
    match Place::parse(&parcel.place) {
        Some(Place::Direct { customer }) => Ok(Request {
            path: format!("/2/dm_conversations/with/{customer}/messages"),
            body: json!({ "text": direct_text(message) }),
            price: DIRECT_MESSAGE,
        }),
        Some(Place::Thread { .. }) => {
            let answers = after.or(parcel.reply_to.as_deref()).filter(|id| is_id(id));
            let answers = answers.ok_or_else(|| SendError::Malformed("there is no post to reply to".to_owned()))?;
            let text = post_text(message, links)?;
            let price = match (has_link(&text), after) {
                (true, _) => POST_WITH_LINK,
                (false, None) => SUMMONED_REPLY,
                (false, Some(_)) => POST,
            };
            let body = json!({ "text": text, "reply": { (names::IN_REPLY_TO): answers } });
            Ok(Request { path: "/2/tweets".to_owned(), body, price })
        }
        None => Err(SendError::Malformed("the place is none of X's".to_owned())),
    }
}

fn direct_text(message: &Outgoing) -> String {
    let manner = direct(message);
    with_choices(plain(&message.text, manner), &message.choices, true, manner)
}

/// The whole text if it fits, else the short one; both with their choices, of which "talk to a person" is the first to go. Nothing is cut:
/// half an answer can be a wrong one.
fn post_text(message: &Outgoing, links: bool) -> Result<String, SendError> {
    let manner = post(&message.author, links);
    let texts = || std::iter::once(&message.text).chain(&message.short).map(|text| plain(text, manner));
    let candidates = [true, false].into_iter().flat_map(|person| texts().map(move |text| (text, person)));
    candidates
        .map(|(text, person)| with_choices(text, &message.choices, person, manner))
        .find(|text| weight(text) <= MAX_POST)
        .ok_or_else(|| {
            SendError::Malformed(format!("neither the text nor its `short` fits into {MAX_POST} characters"))
        })
}

/// X has no buttons: what can be chosen is written as a numbered list, and the customer answers with a number or in words. "Talk to a
/// person" alone is left out: it can be said at any time. The numbers are those that the engine counts.
fn with_choices(mut text: String, choices: &[Choice], person: bool, manner: Manner) -> String {
    let is_person = |choice: &Choice| choice.id == Choice::PERSON;
    if !choices.iter().all(is_person) {
        for (index, choice) in choices.iter().enumerate().filter(|(_, choice)| person || !is_person(choice)) {
            text.push_str(&harmless(&format!("\n{}) {}", index + 1, choice.label), manner));
        }
    }
    text
}

/// The bot's public words call nobody and, by default, hold no link; an agent decides on links.
fn post(author: &Author, links: bool) -> Manner {
    let agent = matches!(author, Author::Agent(_));
    Manner { links: links || agent, names: false, breaks: agent }
}

fn direct(message: &Outgoing) -> Manner {
    Manner { links: true, names: true, breaks: matches!(message.author, Author::Agent(_)) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{message::OutgoingId, reading::Language};

    fn bot(text: &str, short: Option<&str>, choices: &[(&str, &str)]) -> Outgoing {
        let choice = |(id, label): &(&str, &str)| Choice { id: (*id).into(), label: (*label).into() };
        Outgoing {
            text: text.into(),
            short: short.map(Into::into),
            choices: choices.iter().map(choice).collect(),
            author: Author::Bot,
            language: Language::ENGLISH,
        }
    }

    fn agent(text: &str) -> Outgoing {
        Outgoing { author: Author::Agent("Kim".into()), ..bot(text, None, &[]) }
    }

    fn parcel(place: &str, message: Outgoing) -> Parcel {
        let reply_to = place.starts_with("post").then(|| "1800000000000000123".to_owned());
        Parcel { id: OutgoingId::new(), piece: 0, place: place.into(), reply_to, follows: None, message }
    }

    const THREAD: &str = "post:1800000000000000001:9007199254740993";
    const DIRECT: &str = "dm:9007199254740993";
    const PERSON: (&str, &str) = (Choice::PERSON, "Talk to a person");

    fn said(place: &str, message: Outgoing) -> Result<String, SendError> {
        Ok(request(&parcel(place, message), None, false)?.body["text"].as_str().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_reply_and_a_direct_message_look_so() {
        let answer = bot("Yes, **safe**. Map: https://harborlight.example/map", None, &[PERSON]);
        let posted = request(&parcel(THREAD, answer.clone()), None, false).unwrap();
        assert_eq!(posted.price, SUMMONED_REPLY);
        let told = request(&parcel(DIRECT, answer), None, false).unwrap();
        let written =
            [posted, told].map(|request| format!("{} {}", request.path, request.body).replace('\u{2060}', "|"));
        insta::assert_snapshot!(written.join("\n"), @r#"
        /2/tweets {"text":"Yes, safe. Map: harborlight.|example/map","reply":{"in_reply_to_tweet_id":"1800000000000000123"}}
        /2/dm_conversations/with/9007199254740993/messages {"text":"Yes, safe. Map: https://harborlight.example/map"}
        "#);
    }

    #[test]
    fn the_whole_text_if_it_fits_else_the_short_one_and_never_a_part() {
        let long = "word ".repeat(80);
        assert_eq!(said(THREAD, bot("All of it.", Some("Short."), &[])).unwrap(), "All of it.");
        assert_eq!(said(THREAD, bot(&long, Some("Short."), &[])).unwrap(), "Short.");
        assert!(matches!(said(THREAD, bot(&long, Some(&long), &[])), Err(SendError::Malformed(_))));
        assert!(matches!(said(THREAD, bot(&long, None, &[])), Err(SendError::Malformed(_))));
        assert_eq!(pieces(THREAD, &bot(&long, None, &[])).len(), 1, "one interaction, one automated reply");
        assert!(fits("Short.") && !fits(&long));
        assert_eq!(said(DIRECT, bot(&long, Some("Short."), &[])).unwrap(), long.trim(), "direct messages are long");
    }

    #[rstest]
    #[case(&[PERSON], "Which?")]
    #[case(&[("a", "Outage map"), ("b", "Refund @us"), PERSON], "Which?\n1) Outage map\n2) Refund @\u{2060}us\n3) Talk to a person")]
    #[case(&[PERSON, ("keep_bot", "No, that is all")], "Which?\n1) Talk to a person\n2) No, that is all")]
    fn choices_are_a_numbered_list(#[case] choices: &[(&str, &str)], #[case] expected: &str) {
        assert_eq!(said(THREAD, bot("Which?", None, choices)).unwrap(), expected);
    }

    #[test]
    fn a_person_is_the_first_choice_to_go_and_numbers_stay() {
        let question = format!("{}?", "w".repeat(241));
        let choices = [PERSON, ("keep_bot", "No, that is all")];
        assert_eq!(said(THREAD, bot(&question, None, &choices)).unwrap(), format!("{question}\n2) No, that is all"));
    }

    #[test]
    fn an_agent_may_write_a_thread_with_links() {
        let text = "This sentence is one of several. ".repeat(20) + "https://harborlight.com/map";
        let pieces = pieces(THREAD, &agent(&text));
        assert!(pieces.len() > 2);
        let first = request(&parcel(THREAD, pieces[0].clone()), None, false).unwrap();
        assert_eq!(
            (first.price, &first.body["reply"][names::IN_REPLY_TO]),
            (SUMMONED_REPLY, &json!("1800000000000000123"))
        );
        let next = request(&parcel(THREAD, pieces[1].clone()), Some("42"), false).unwrap();
        assert_eq!((next.price, &next.body["reply"][names::IN_REPLY_TO]), (POST, &json!("42")));
        let last = request(&parcel(THREAD, pieces.last().unwrap().clone()), Some("43"), false).unwrap();
        assert_eq!(last.price, POST_WITH_LINK);
    }

    #[test]
    fn without_a_post_to_reply_to_nothing_is_posted() {
        let mut parcel = parcel(THREAD, bot("Hi", None, &[]));
        parcel.reply_to = None;
        assert!(matches!(request(&parcel, None, false), Err(SendError::Malformed(_))));
    }
}
