//! What the staff read in a thread, as Markdown: how an escalation stands when its thread is opened, and what happens from then on. What
//! people wrote is quoted; a customer's words stand there as text, whatever they hold.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    message::{Choice, Quoted},
    store::{Delivery, EscalationRecord, Line, LineAuthor, Note, StaffOutcome, StaffRow},
};

/// Lines of the conversation that a thread begins with: the others are at the desk.
pub const LINES: usize = 8;

/// Characters of a customer's line before it is broken, so that a post is always cut between lines: a mark and what it escapes stay
/// together.
const LINE: usize = 700;

/// How a thread works, for those who ask and at the beginning of each.
const HELP: &str = "What you write here goes to the customer, under your name. `!note …` is for colleagues alone; `!claim` makes it \
                    yours, `!takeover` takes it from somebody else, `!release` puts it back; `!resolve` (with a note, if you like) \
                    gives the conversation back to the bot. Edits and deletions do not reach the customer.";

/// The name of a thread.
#[must_use]
pub fn title(record: &EscalationRecord) -> String {
    format!("#{} {} · {}", record.id, record.reason, record.channel)
}

/// How an escalation stands: what its thread begins with. `titles` are what the engine read in it, `lines` the last of the conversation.
#[must_use]
pub fn opening(record: &EscalationRecord, titles: &[&str], notes: &[Note], lines: &[Line], zone: &TimeZone) -> String {
    let mut text = format!("**Escalation {}** · {} · urgency {}", record.id, record.reason, record.urgency.as_str());
    let mut fact = |words: String| {
        // Writing to a string cannot fail.
        let _ = write!(text, "  \n{words}");
    };
    fact(format!("on {}, since {}", plain(&record.channel), day(record.opened_at, zone)));
    if let Some(since) = record.waiting_since.filter(|since| *since != record.opened_at) {
        fact(format!("waiting for a person since {}", day(since, zone)));
    }
    if let Some(due) = record.due_at {
        fact(format!("was promised to hear from a person by {}", day(due, zone)));
    }
    if !titles.is_empty() {
        fact(format!("probably about: {}", plain(&titles.join(", "))));
    }
    if let Some(agent) = &record.claimed_by {
        fact(format!("**{}** has it", plain(agent)));
    }
    for note in notes {
        let who = note.agent.as_deref().map_or("Note".to_owned(), |agent| format!("{} notes", plain(agent)));
        let _ = write!(text, "\n\n**{who}**\n{}", quoted(&as_text(&note.text)));
    }
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let words = record.words.as_deref().unwrap_or_default();
    let is_shown = |words: &str| {
        shown
            .iter()
            .any(|line| line.author == LineAuthor::Customer && words.contains(&line.text) && !line.text.is_empty())
    };
    if !words.is_empty() && !is_shown(words) {
        let _ = write!(text, "\n\n**It is about**\n{}", quoted(&as_text(words)));
    }
    for line in shown {
        let _ = write!(text, "\n\n{}", said(line, zone));
    }
    let _ = write!(text, "\n\n*{HELP}*");
    text
}

/// What a row of the audit trail and the lines that it wrote tell; `holder` is who has the escalation now. `None`: nothing that staff need
/// hear of.
#[must_use]
pub fn happening(row: &StaffRow, lines: &[Line], holder: Option<&str>, zone: &TimeZone) -> Option<String> {
    let agent = || plain(row.agent.as_deref().unwrap_or("somebody"));
    let what = match row.kind.as_str() {
        "turn" => row.reason.map(|reason| format!("**A person is needed: {reason}**")),
        "claim" => Some(format!("**{}** has it.", agent())),
        "take_over" => Some(format!("**{}** took it over.", agent())),
        "release" => Some(format!("**{}** put it back: whoever comes first takes it.", agent())),
        "hand_over" => {
            let to = holder.map_or(String::new(), |holder| format!(" to **{}**", plain(holder)));
            Some(format!("**{}** handed it over{to}.", agent()))
        }
        "lapse" => Some(format!("The customer was left waiting: **{}** does not have it any more.", agent())),
        "note" => Some(format!("**{} notes**", agent())),
        "stopped" => {
            Some("**The customer asked not to be written to**: nothing reaches them until they write again.".to_owned())
        }
        "blocked" => Some("**The customer blocked us**: nothing reaches them until they write again.".to_owned()),
        "undelivered" => Some("**A reply did not reach the customer, or may not have.**".to_owned()),
        "resolve" => Some(format!("**{}** resolved it: the bot has the conversation again.", agent())),
        _ => None,
    };
    let note = row.note.as_deref().map(|note| quoted(&as_text(note)));
    let head: Vec<String> = what.into_iter().chain(note).collect();
    let blocks: Vec<String> = Some(head.join("\n"))
        .filter(|head| !head.is_empty())
        .into_iter()
        .chain(lines.iter().map(|line| said(line, zone)))
        .collect();
    (!blocks.is_empty()).then(|| blocks.join("\n\n"))
}

/// What the writer of a message is told; `None`: a sign is enough.
#[must_use]
pub fn answer(outcome: &StaffOutcome) -> Option<String> {
    let text = match outcome {
        StaffOutcome::Done => return None,
        StaffOutcome::Resolved => "Resolved: the bot has the conversation again.".to_owned(),
        StaffOutcome::HeldBy(agent) => {
            format!("Nothing was sent or done: **{}** has it. Your words stand here; `!takeover` makes it yours.", plain(agent))
        }
        StaffOutcome::Unclaimed => "Nobody has it, so there is nothing to put back.".to_owned(),
        StaffOutcome::AlreadyResolved => {
            "Nothing was sent: this is resolved, and the bot has the conversation. If the customer needs a person again, a new thread \
             begins."
                .to_owned()
        }
        StaffOutcome::Empty => "Nothing was done: words are missing, such as `!note the line is broken`.".to_owned(),
        StaffOutcome::TooLong(limit) => format!("Nothing was sent: this is longer than {limit} bytes."),
        StaffOutcome::Unreachable => "Nothing was sent: the customer asked not to be written to, or blocked us. That holds until they write again.".to_owned(),
        StaffOutcome::Help => HELP.to_owned(),
        StaffOutcome::Unknown(name) => format!("Nothing was sent: there is no command \"{}\". {HELP}", plain(name)),
        StaffOutcome::Edited => "The customer has the words as you wrote them first: an edit does not reach them.".to_owned(),
        StaffOutcome::Files => "Nothing was sent: files cannot be passed on. Write the words alone.".to_owned(),
        StaffOutcome::Nameless => {
            "Nothing was sent: customers see who answers them, so write under your own name (not as an anonymous admin).".to_owned()
        }
        StaffOutcome::NotAName(why) => {
            format!("Nothing was sent or done: customers see your name, and {why}. Change how you are called here, then write it again.")
        }
        StaffOutcome::Hidden => "Nothing was sent: the platform shows us no words here.".to_owned(),
    };
    Some(text)
}

/// A line with who wrote it and when.
fn said(line: &Line, zone: &TimeZone) -> String {
    let (who, words) = match &line.author {
        LineAuthor::Customer => ("Customer".to_owned(), as_text(&line.text)),
        LineAuthor::Bot => ("Bot".to_owned(), line.text.clone()),
        LineAuthor::Agent(name) => (plain(name), broken(&line.text)),
    };
    let state = match line.delivery {
        Some(Delivery::Uncertain) => " *(may not have arrived)*",
        Some(Delivery::Failed) => " *(not delivered)*",
        _ if line.edited => " *(edited)*",
        _ => "",
    };
    let mut parts: Vec<String> = line.quoted.iter().map(came_along).collect();
    parts.push(words);
    parts.extend(line.attachments.iter().map(|file| plain(&format!("[file: {}]", file.name))));
    let choices: Vec<&str> =
        line.choices.iter().filter(|choice| choice.id != Choice::PERSON).map(|choice| choice.label.as_str()).collect();
    if !choices.is_empty() {
        parts.push(plain(&format!("[{}]", choices.join("] ["))));
    }
    parts.retain(|part| !part.is_empty());
    let time = line.at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    format!("**{who}** {time}{state}\n{}", quoted(&parts.join("\n\n")))
}

/// Whose words a message brought along.
fn came_along(quoted: &Quoted) -> String {
    let head = format!("*{}*", plain(&quoted.told()));
    match quoted.text() {
        Some(text) => format!("{head}\n{}", self::quoted(&as_text(text))),
        None => head,
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string()
}

/// Markdown as a quotation.
fn quoted(markdown: &str) -> String {
    let lines: Vec<String> =
        markdown.lines().map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") }).collect();
    lines.join("\n")
}

/// Markdown whose line breaks are meant.
fn broken(markdown: &str) -> String {
    markdown.lines().collect::<Vec<_>>().join("  \n")
}

/// Words as Markdown that shows them as they are, line by line.
fn as_text(words: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in words.lines() {
        // Spaces that stand for what cannot be shown would begin an indented block.
        let line: String = line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        let mut rest = line.trim();
        while let Some((cut, _)) = rest.char_indices().nth(LINE) {
            let cut = rest[..cut].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(cut);
            lines.push(plain(rest[..cut].trim_end()));
            rest = rest[cut..].trim_start();
        }
        lines.push(plain(rest));
    }
    broken(&lines.join("\n"))
}

/// Words as Markdown that shows them as they are, on one line.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for char in words.chars() {
        if char.is_ascii_punctuation() {
            text.push('\\');
        }
        text.push(if char.is_control() { ' ' } else { char });
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;
    use crate::{
        conversation::{EscalationId, Reason, Urgency},
        desk::transitions::tests::waiting,
        message::Attachment,
        reading::Danger,
    };

    fn record() -> EscalationRecord {
        EscalationRecord {
            id: EscalationId(12),
            reason: Reason::Danger(Danger::Gas),
            urgency: Urgency::Danger,
            intents: vec!["gas_smell".into()],
            words: Some("smel gaz in the kichen".into()),
            language: None,
            opened_at: at("2026-11-22T07:44:10Z"),
            due_at: Some(at("2026-11-22T07:54:10Z")),
            waiting_since: Some(at("2026-11-22T07:44:10Z")),
            ..waiting()
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn line(author: LineAuthor, text: &str) -> Line {
        let delivery = (author != LineAuthor::Customer).then_some(Delivery::Sent);
        Line {
            cursor: 1,
            id: Uuid::nil(),
            author,
            text: text.into(),
            language: None,
            choices: vec![],
            attachments: vec![],
            quoted: None,
            edited: false,
            at: at("2026-11-22T07:44:09Z"),
            delivery,
        }
    }

    fn row(kind: &str, agent: Option<&str>) -> StaffRow {
        StaffRow {
            audit: 7,
            at: at("2026-11-22T07:50:00Z"),
            kind: kind.into(),
            reason: None,
            agent: agent.map(str::to_owned),
            escalation: EscalationId(12),
            conversation: None,
            open: true,
            note: None,
            thread: None,
            known: false,
            posts: 0,
        }
    }

    /// With the breaks that are meant, which editors would take away.
    fn visible(markdown: &str) -> String {
        markdown.replace("  \n", "↵\n")
    }

    #[test]
    fn a_thread_begins_with_what_one_must_know() {
        let mut asked = line(LineAuthor::Bot, "Is it about **this**?");
        asked.choices = vec![
            Choice { id: "gas".into(), label: "Gas (smell)".into() },
            Choice { id: "person".into(), label: "Talk to a person".into() },
        ];
        let mut file = line(LineAuthor::Customer, "");
        file.attachments = vec![Attachment { name: "photo".into(), media_type: None }];
        let lines = [
            file,
            asked,
            line(LineAuthor::Customer, "smel gaz in the kichen"),
            Line {
                delivery: Some(Delivery::Uncertain),
                ..line(LineAuthor::Bot, "**Leave now.**\n\n- Open windows\n- Call us")
            },
        ];
        let notes = [Note { agent: Some("Kim".into()), text: "seen *before*".into(), at: at("2026-11-22T07:45:00Z") }];
        assert_eq!(title(&record()), "#12 danger (gas) · web");
        let text = opening(&record(), &["Gas smell"], &notes, &lines, &TimeZone::UTC);
        insta::assert_snapshot!(visible(&text), @r#"
        **Escalation 12** · danger (gas) · urgency danger↵
        on web, since 22 Nov 07:44↵
        was promised to hear from a person by 22 Nov 07:54↵
        probably about: Gas smell

        **Kim notes**
        > seen \*before\*

        **Customer** 07:44
        > \[file\: photo\]

        **Bot** 07:44
        > Is it about **this**?
        >
        > \[Gas \(smell\)\]

        **Customer** 07:44
        > smel gaz in the kichen

        **Bot** 07:44 *(may not have arrived)*
        > **Leave now.**
        >
        > - Open windows
        > - Call us

        *What you write here goes to the customer, under your name. `!note …` is for colleagues alone; `!claim` makes it yours, `!takeover` takes it from somebody else, `!release` puts it back; `!resolve` (with a note, if you like) gives the conversation back to the bot. Edits and deletions do not reach the customer.*
        "#);
    }

    #[test]
    fn words_that_lie_further_back_are_shown_all_the_same() {
        let lines: Vec<Line> = (0..20).map(|n| line(LineAuthor::Customer, &format!("more {n}"))).collect();
        let text = opening(&record(), &[], &[], &lines, &TimeZone::UTC);
        assert!(text.contains("smel gaz") && text.contains("more 19") && !text.contains("more 11\n"), "{text}");
    }

    #[test]
    fn what_happens_is_told() {
        let zone = TimeZone::UTC;
        let told =
            |row: StaffRow, lines: &[Line]| happening(&row, lines, Some("Kim"), &zone).unwrap_or("(nothing)".into());
        let customer = line(LineAuthor::Customer, "and now?\n\n1. one\n2. two");
        let all = [
            told(StaffRow { reason: Some(Reason::Wish), ..row("turn", None) }, std::slice::from_ref(&customer)),
            told(row("turn", None), &[customer, line(LineAuthor::Bot, "We work on it.")]),
            told(row("turn", None), &[]),
            told(row("reply", Some("Dana_R")), &[line(LineAuthor::Agent("Dana_R".into()), "One\ntwo")]),
            told(row("claim", Some("Dana")), &[line(LineAuthor::Bot, "Dana is with you now.")]),
            told(row("take_over", Some("Dana")), &[]),
            told(row("release", Some("Dana")), &[]),
            told(row("hand_over", Some("Dana")), &[]),
            told(row("lapse", Some("Dana")), &[]),
            told(row("undelivered", None), &[]),
            told(StaffRow { note: Some("call *back*".into()), ..row("note", Some("Dana")) }, &[]),
            told(StaffRow { note: Some("repaired".into()), ..row("resolve", Some("Dana")) }, &[]),
            told(row("of_tomorrow", None), &[]),
        ];
        insta::assert_snapshot!(visible(&all.join("\n---\n")), @r#"
        **A person is needed: wish**

        **Customer** 07:44
        > and now\?↵
        > ↵
        > 1\. one↵
        > 2\. two
        ---
        **Customer** 07:44
        > and now\?↵
        > ↵
        > 1\. one↵
        > 2\. two

        **Bot** 07:44
        > We work on it.
        ---
        (nothing)
        ---
        **Dana\_R** 07:44
        > One↵
        > two
        ---
        **Dana** has it.

        **Bot** 07:44
        > Dana is with you now.
        ---
        **Dana** took it over.
        ---
        **Dana** put it back: whoever comes first takes it.
        ---
        **Dana** handed it over to **Kim**.
        ---
        The customer was left waiting: **Dana** does not have it any more.
        ---
        **A reply did not reach the customer, or may not have.**
        ---
        **Dana notes**
        > call \*back\*
        ---
        **Dana** resolved it: the bot has the conversation again.
        > repaired
        ---
        (nothing)
        "#);
    }

    #[test]
    fn who_wrote_is_told_what_became_of_it() {
        let outcomes = [
            StaffOutcome::Resolved,
            StaffOutcome::HeldBy("Dana *".into()),
            StaffOutcome::Unclaimed,
            StaffOutcome::AlreadyResolved,
            StaffOutcome::Empty,
            StaffOutcome::TooLong(9),
            StaffOutcome::Unreachable,
            StaffOutcome::Unknown("resovle".into()),
            StaffOutcome::Edited,
            StaffOutcome::Files,
            StaffOutcome::Nameless,
            StaffOutcome::NotAName("it may hold letters, digits, spaces and . , - ' ’ ( )".into()),
            StaffOutcome::Hidden,
        ];
        assert_eq!(answer(&StaffOutcome::Done), None, "a sign is enough");
        insta::assert_snapshot!(outcomes.iter().filter_map(answer).collect::<Vec<_>>().join("\n"), @r#"
        Resolved: the bot has the conversation again.
        Nothing was sent or done: **Dana \*** has it. Your words stand here; `!takeover` makes it yours.
        Nobody has it, so there is nothing to put back.
        Nothing was sent: this is resolved, and the bot has the conversation. If the customer needs a person again, a new thread begins.
        Nothing was done: words are missing, such as `!note the line is broken`.
        Nothing was sent: this is longer than 9 bytes.
        Nothing was sent: the customer asked not to be written to, or blocked us. That holds until they write again.
        Nothing was sent: there is no command "resovle". What you write here goes to the customer, under your name. `!note …` is for colleagues alone; `!claim` makes it yours, `!takeover` takes it from somebody else, `!release` puts it back; `!resolve` (with a note, if you like) gives the conversation back to the bot. Edits and deletions do not reach the customer.
        The customer has the words as you wrote them first: an edit does not reach them.
        Nothing was sent: files cannot be passed on. Write the words alone.
        Nothing was sent: customers see who answers them, so write under your own name (not as an anonymous admin).
        Nothing was sent or done: customers see your name, and it may hold letters, digits, spaces and . , - ' ’ ( ). Change how you are called here, then write it again.
        Nothing was sent: the platform shows us no words here.
        "#);
    }

    /// What Markdown shows of a text, with any form that it takes.
    fn shown(markdown: &str) -> (String, usize) {
        let (mut text, mut forms) = (String::new(), 0);
        for event in pulldown_cmark::Parser::new(markdown) {
            match event {
                pulldown_cmark::Event::Text(words) => text.push_str(&words),
                pulldown_cmark::Event::SoftBreak | pulldown_cmark::Event::HardBreak => text.push('\n'),
                pulldown_cmark::Event::Start(pulldown_cmark::Tag::Paragraph | pulldown_cmark::Tag::BlockQuote(_))
                | pulldown_cmark::Event::End(_) => {}
                _ => forms += 1,
            }
        }
        (text, forms)
    }

    #[rstest]
    #[case("**bold** [a](https://x.example) <b> &amp; `code`")]
    #[case("# head")]
    #[case("- item")]
    #[case("1. item")]
    #[case("> quote")]
    #[case("    indented")]
    #[case("```")]
    #[case("@everyone <@1> <#2> ||spoiler|| ~~x~~ __y__")]
    #[case("a\\")]
    #[case("===")]
    fn a_customers_words_are_text(#[case] words: &str) {
        assert_eq!(shown(&quoted(&as_text(words))), (words.trim().to_owned(), 0));
    }

    proptest! {
        #[test]
        fn whatever_a_customer_writes_takes_no_form(words in r"([ -~\n\t]|[*_`#>|~<&\[\]()\\]|    |- |1\. |https://|[^\x00-\x7f]){0,60}") {
            let (text, forms) = shown(&quoted(&as_text(&words)));
            prop_assert_eq!(forms, 0, "{}", text);
            let letters = |text: &str| text.chars().filter(|char| !char.is_whitespace() && !char.is_control()).collect::<String>();
            prop_assert_eq!(letters(&text), letters(&words));
        }
    }

    #[test]
    fn a_long_line_is_broken_where_a_post_may_be_cut() {
        let text = quoted(&as_text(&"*word ".repeat(2_000)));
        assert!(text.lines().count() > 10 && text.lines().all(|line| line.len() < 2 * LINE + 8));
        assert!(quoted(&as_text(&"*".repeat(5_000))).lines().all(|line| line.starts_with("> \\*")));
    }
}
