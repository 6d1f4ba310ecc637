//! What the service's own settings let texts say: never more than it does.

use std::{fs, path::Path};

use crate::reading::Language;

/// For how many days conversations are kept, as `[store] keep_days` in the folder's `evenkeel.toml` has it; None: nothing is promised. A file that cannot be
/// read promises nothing; what is wrong with it is told where the settings are read.
pub fn keep_days(dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(dir.join("evenkeel.toml")).ok()?;
    let settings: toml::Table = toml::from_str(text.trim_start_matches('\u{FEFF}')).ok()?;
    let days = settings.get("store")?.get("keep_days")?.as_integer()?;
    u32::try_from(days).ok().filter(|days| *days > 0)
}

/// A number of days in the words of a language; languages without words of their own get the number alone with `d`.
pub fn days(number: u32, language: Language) -> String {
    let word = match language.as_str() {
        "en" => plain(number, "day", "days"),
        "es" => plain(number, "día", "días"),
        "fr" => plain(number, "jour", "jours"),
        "de" => plain(number, "Tag", "Tage"),
        "pt" => plain(number, "dia", "dias"),
        "it" => plain(number, "giorno", "giorni"),
        "nl" => plain(number, "dag", "dagen"),
        "pl" => plain(number, "dzień", "dni"),
        "ru" => slavic(number, ["день", "дня", "дней"]),
        "uk" => slavic(number, ["день", "дні", "днів"]),
        "tr" => "gün",
        "ar" => arabic(number),
        "hi" => "दिन",
        "th" => "วัน",
        "ja" => return format!("{number}日間"),
        "zh" => return format!("{number}天"),
        "ko" => return format!("{number}일"),
        _ => "d",
    };
    format!("{number} {word}")
}

fn plain(number: u32, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

fn slavic(number: u32, [one, few, many]: [&'static str; 3]) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}

fn arabic(number: u32) -> &'static str {
    match number % 100 {
        3..=10 => "أيام",
        11..=99 => "يومًا",
        _ => "يوم",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_each_language_counts() {
        let said = |number, language: &str| days(number, language.parse().unwrap());
        assert_eq!([said(1, "en"), said(90, "en"), said(90, "es")], ["1 day", "90 days", "90 días"]);
        assert_eq!(
            [said(21, "ru"), said(33, "ru"), said(90, "ru"), said(14, "uk")],
            ["21 день", "33 дня", "90 дней", "14 днів"]
        );
        assert_eq!([said(7, "ar"), said(90, "ar"), said(90, "ja")], ["7 أيام", "90 يومًا", "90日間"]);
        assert_eq!(said(30, "vi"), "30 d");
    }

    #[test]
    fn only_a_setting_that_is_there_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let read = |toml: &str| {
            std::fs::write(dir.path().join("evenkeel.toml"), toml).unwrap();
            keep_days(dir.path())
        };
        assert_eq!(keep_days(&dir.path().join("nowhere")), None);
        assert_eq!(read("[store]\nkeep_days = 90\n"), Some(90));
        for nothing in
            ["", "[store]\n", "[store]\nkeep_days = 0\n", "[store]\nkeep_days = \"90\"\n", "[store\nkeep_days = 90\n"]
        {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
