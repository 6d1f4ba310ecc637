//! Lines that are built in, in fifteen languages: for customers whose language the admins' files do not speak.
//!
//! They say that a person will answer, and where help is in danger. An admin overrules each of them with a block for the language in
//! `responses/phrases.yaml`.

mod lines;

use super::markdown;
use crate::reading::Language;
use lines::{LINES, Lines};

/// What the lines tell of the incident.
pub struct Told<'a> {
    pub company: &'a str,
    /// The number to call in danger, if the files have one.
    pub emergency: Option<&'a str>,
    /// The languages that the intents have examples in.
    pub understood: &'a [Language],
    /// The language of the answers that have no variant in the customer's.
    pub default: Language,
}

/// Whether lines are built in for a language.
pub fn speaks(language: Language) -> bool {
    of(language).is_some()
}

/// The line for a key of `phrases.yaml`, as Markdown, if one is built in.
pub fn line(key: &str, language: Language, told: &Told<'_>) -> Option<String> {
    let lines = of(language)?;
    let company = |line: &str| line.replace("{company}", &escaped(told.company));
    Some(match key {
        "introduction" => company(lines.introduction),
        "hand_over.language" => {
            let line = lines.language.replace("{languages}", &lines.list(told.understood));
            lines.with_emergency(&line, told.emergency)
        }
        "waiting" => lines.with_emergency(lines.waiting, told.emergency),
        "danger" => lines.call(lines.danger, told.emergency),
        "danger_again" => lines.danger_again.to_owned(),
        "urgent" => format!("{}{}{}", lines.call(lines.in_danger, told.emergency), lines.between, lines.urgent),
        "other_language" => lines.other_language.replace("{languages}", &lines.list(&[told.default])),
        _ => return None,
    })
}

fn of(language: Language) -> Option<&'static Lines> {
    LINES.iter().find(|lines| lines.code == language.as_str())
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    markdown::push_escaped(&mut text, value);
    text
}

impl Lines {
    fn with_emergency(&self, line: &str, emergency: Option<&str>) -> String {
        match emergency {
            Some(_) => format!("{line}{}{}", self.between, self.call(self.in_danger, emergency)),
            None => line.to_owned(),
        }
    }

    /// Says whom to call: the number of the files, or the emergency services in general.
    fn call(&self, line: &str, emergency: Option<&str>) -> String {
        let whom = match emergency {
            Some(number) => self.number.replace("{}", &escaped(number)),
            None => self.services.to_owned(),
        };
        line.replace("{emergency}", &whom)
    }

    /// "English, Spanish and French" in this language. A language that has no name here is told by its code.
    fn list(&self, languages: &[Language]) -> String {
        let names: Vec<String> = languages.iter().map(|language| self.name(*language)).collect();
        let [before @ .., last] = names.as_slice() else { return String::new() };
        if before.is_empty() {
            return last.clone();
        }
        // Spanish "y" becomes "e" before the sound of an i.
        let and = if self.code == "es" && last.starts_with(['i', 'h']) { " e " } else { self.and };
        format!("{}{and}{last}", before.join(self.comma))
    }

    fn name(&self, language: Language) -> String {
        let place = LINES.iter().position(|lines| lines.code == language.as_str());
        let name = place.and_then(|place| self.names.split('|').nth(place));
        name.map_or_else(|| language.as_str().to_uppercase(), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 7] =
        ["introduction", "hand_over.language", "waiting", "danger", "danger_again", "urgent", "other_language"];

    fn told(understood: &[Language]) -> Told<'_> {
        Told {
            company: "Harbor Light & Power",
            emergency: Some("911"),
            understood,
            default: understood.first().copied().unwrap_or(Language::ENGLISH),
        }
    }

    fn language(code: &str) -> Language {
        code.parse().unwrap()
    }

    #[test]
    fn each_language_has_every_line_with_nothing_left_to_fill() {
        assert_eq!(LINES.len(), 15);
        for lines in LINES {
            assert_eq!(lines.names.split('|').count(), LINES.len(), "{}", lines.code);
            for emergency in [None, Some("911")] {
                let told = Told { emergency, ..told(&[Language::ENGLISH, Language::SPANISH]) };
                for key in KEYS {
                    let line = line(key, language(lines.code), &told).unwrap();
                    assert!(!line.is_empty() && !line.contains(['{', '}', '|']), "{}: {line}", lines.code);
                    assert!(line.contains("911") <= emergency.is_some());
                }
            }
        }
    }

    #[test]
    fn the_lines_read_as_people_write() {
        let told = told(&[Language::ENGLISH, Language::SPANISH]);
        let mut page = String::new();
        for lines in LINES {
            for key in KEYS {
                let line = line(key, language(lines.code), &told).unwrap();
                page = page + lines.code + " " + key + ": " + line.as_str() + "\n";
            }
        }
        insta::assert_snapshot!(page);
    }

    #[test]
    fn languages_are_listed_as_each_language_lists_them() {
        let list = |code: &str, of: &[&str]| {
            let of: Vec<Language> = of.iter().map(|code| language(code)).collect();
            super::of(language(code)).unwrap().list(&of)
        };
        assert_eq!(list("en", &["en"]), "English");
        assert_eq!(list("en", &["en", "es", "fr"]), "English, Spanish and French");
        assert_eq!(list("es", &["es", "en"]), "español e inglés");
        assert_eq!(list("es", &["en", "es"]), "inglés y español");
        assert_eq!(list("fr", &["en", "de"]), "en anglais et en allemand");
        assert_eq!(list("ar", &["en", "es", "fr"]), "بالإنجليزية وبالإسبانية وبالفرنسية");
        assert_eq!(list("zh", &["en", "es", "fr"]), "英语、西班牙语和法语");
        assert_eq!(list("de", &["vi"]), "VI");
    }

    #[test]
    fn what_the_files_say_is_data() {
        let told = Told { company: "*A* & [B](http://x)", emergency: Some("1_1_2"), ..told(&[Language::ENGLISH]) };
        assert!(!line("introduction", Language::ENGLISH, &told).unwrap().contains(" *A* "));
        assert!(!line("danger", Language::ENGLISH, &told).unwrap().contains("1_1_2"));
    }
}
