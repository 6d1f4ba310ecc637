//! Everyday messages that no support intent covers: what "none of them" is learnt from.

/// One such message and the number of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everyday {
    pub text: &'static str,
    pub topic: usize,
}

/// All of them, as they stand in `everyday.txt`.
pub fn messages() -> impl Iterator<Item = Everyday> + Clone {
    let mut topic = 0;
    include_str!("everyday.txt").lines().filter_map(move |line| {
        if line.starts_with("# ") {
            topic += 1;
            None
        } else {
            Some(Everyday { text: line, topic })
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_many_each_once() {
        let texts: HashSet<_> = messages().map(|m| m.text).collect();
        assert!(texts.len() >= 600, "{}", texts.len());
        assert_eq!(texts.len(), messages().count());
        assert!(texts.iter().all(|text| !text.trim().is_empty()));
    }

    #[test]
    fn topics_are_many() {
        assert!(messages().map(|m| m.topic).collect::<HashSet<_>>().len() >= 30);
    }
}
