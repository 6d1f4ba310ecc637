//! Bare web addresses in text, since the admins' contact points are often written so.

/// The first address with a host, between what stands before and behind it.
pub(crate) fn first(text: &str) -> Option<(&str, &str, &str)> {
    let starts_here = |at: usize, scheme: &str| {
        let boundary = !text[..at].ends_with(|char: char| char.is_alphanumeric());
        boundary && text[at + scheme.len()..].starts_with(|char: char| char.is_alphanumeric())
    };
    let start = ["https://", "http://"]
        .iter()
        .flat_map(|scheme| text.match_indices(scheme).filter(|&(at, _)| starts_here(at, scheme)))
        .map(|(at, _)| at)
        .min()?;
    let (before, from) = text.split_at(start);
    let end = from.find(|char: char| char.is_whitespace() || matches!(char, '<' | '>' | '"')).unwrap_or(from.len());
    // A full stop or bracket after an address belongs to the sentence.
    let address = from[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '_']);
    Some((before, address, &from[address.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_before_the_signs_of_its_sentence() {
        let split = first("See xhttp://no, http://, (https://a.example/map?a=1&b=2). More: http://b.example");
        assert_eq!(
            split,
            Some(("See xhttp://no, http://, (", "https://a.example/map?a=1&b=2", "). More: http://b.example"))
        );
        assert_eq!(first("http://b.example"), Some(("", "http://b.example", "")));
        assert_eq!(first("no address: https://"), None);
    }
}
