//! A person's copy of what is kept of them, as a page that any browser shows and that needs nothing beside it.

use askama::Template;
use jiff::Timestamp;

use crate::store::{Delivery, Line, LineAuthor, PersonExport, Understood};

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    export: &'a PersonExport,
}

/// The page.
///
/// # Errors
/// It could not be written.
pub fn html(export: &PersonExport) -> Result<String, askama::Error> {
    PersonPage { export }.render()
}

fn moment(at: &Timestamp) -> String {
    at.strftime("%F %H:%M UTC").to_string()
}

fn class(author: &LineAuthor) -> &'static str {
    if *author == LineAuthor::Customer { "customer" } else { "ours" }
}

fn author(author: &LineAuthor) -> &str {
    match author {
        LineAuthor::Customer => "You",
        LineAuthor::Bot => "The bot",
        LineAuthor::Agent(name) => name,
    }
}

fn unsent(line: &Line) -> bool {
    !matches!(line.delivery, None | Some(Delivery::Sent))
}

/// The whole of a reading in a line: the parts are in the other form of the copy.
fn read_as(understood: &Understood) -> String {
    let Some(reading) = understood.readings.first() else { return String::new() };
    let mut told = vec![format!("mood {}", reading.mood.as_str())];
    told.extend(reading.language.map(|language| format!("language {language}")));
    told.extend(reading.danger.as_ref().map(|sign| format!("danger {}", sign.danger.as_str())));
    let percent = |probability: f64| (probability * 100.0).round();
    told.extend(reading.best().map(|best| format!("{} ({} %)", best.intent, percent(best.probability))));
    told.join(", ")
}
