//! Reads Telegram's HTML as the platform does.

/// What a reader sees of a text in Telegram's HTML, by the rules of <https://core.telegram.org/bots/api#html-style>.
pub(super) fn visible(html: &str) -> Result<String, String> {
    let (mut seen, mut open) = (String::new(), Vec::<String>::new());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        seen.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(inner) = rest.strip_prefix('&') {
            let name: String = inner.chars().take_while(|char| *char != ';').take(10).collect();
            let decoded = match name.as_str() {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                name => name.strip_prefix('#').and_then(|number| number.parse().ok()).and_then(char::from_u32),
            };
            if let Some(char) = decoded.filter(|_| inner[name.len()..].starts_with(';')) {
                seen.push(char);
                rest = &inner[name.len() + 1..];
            } else {
                // What is no entity is text.
                seen.push('&');
                rest = inner;
            }
            continue;
        }
        let end = rest.find('>').ok_or("Unclosed start tag")?;
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some(opened) if opened == name => {}
                _ => return Err(format!("Unexpected end tag \"{name}\"")),
            }
        } else {
            let name = tag.split(' ').next().unwrap_or_default();
            let known = [
                "b",
                "strong",
                "i",
                "em",
                "u",
                "ins",
                "s",
                "strike",
                "del",
                "a",
                "code",
                "pre",
                "blockquote",
                "tg-spoiler",
            ];
            if !known.contains(&name) {
                return Err(format!("Unsupported start tag \"{name}\""));
            }
            open.push(name.to_owned());
        }
    }
    seen.push_str(rest);
    match open.pop() {
        Some(name) => Err(format!("Can't find end tag corresponding to start tag \"{name}\"")),
        None => Ok(seen),
    }
}
