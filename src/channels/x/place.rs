//! Where a customer writes to us, as the store keeps it.

use std::fmt;

/// A place; every customer has their own, also under a post that many write under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// A public thread, and one of those who write there.
    Thread { conversation: &'a str, author: &'a str },
    /// Direct messages with one customer.
    Direct { customer: &'a str },
}

impl<'a> Place<'a> {
    /// Reads a place that [`fmt::Display`] wrote.
    pub fn parse(text: &'a str) -> Option<Self> {
        match text.split_once(':')? {
            ("post", rest) => {
                let (conversation, author) = rest.split_once(':')?;
                (is_id(conversation) && is_id(author)).then_some(Self::Thread { conversation, author })
            }
            ("dm", customer) => is_id(customer).then_some(Self::Direct { customer }),
            _ => None,
        }
    }

    /// Whose place it is.
    pub fn customer(self) -> &'a str {
        match self {
            Self::Thread { author, .. } => author,
            Self::Direct { customer } => customer,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread { conversation, author } => write!(f, "post:{conversation}:{author}"),
            Self::Direct { customer } => write!(f, "dm:{customer}"),
        }
    }
}

/// The platform's ids are decimal numbers that outgrow 53 bits: they stay text.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The order of ids as numbers, which is also the order of time.
pub fn by_age(a: &str, b: &str) -> std::cmp::Ordering {
    let number = |id: &str| id.trim_start_matches('0').len();
    number(a).cmp(&number(b)).then_with(|| a.trim_start_matches('0').cmp(b.trim_start_matches('0')))
}

/// Whether `id` is a later one than `than`.
pub fn newer(id: &str, than: &str) -> bool {
    by_age(id, than).is_gt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_place_comes_back_as_it_was_written() {
        for place in [Place::Thread { conversation: "18", author: "9007199254740993" }, Place::Direct { customer: "7" }]
        {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
    }

    #[rstest]
    #[case("")]
    #[case("post:1")]
    #[case("post:1:2:3")]
    #[case("dm:1/../2")]
    #[case("dm:")]
    #[case("mail:1")]
    fn what_is_no_place_is_not_taken_for_one(#[case] text: &str) {
        assert_eq!(Place::parse(text), None);
    }

    proptest! {
        #[test]
        fn ids_are_ordered_as_numbers(a in any::<u64>(), b in any::<u64>()) {
            prop_assert_eq!(by_age(&a.to_string(), &b.to_string()), a.cmp(&b));
        }
    }
}
