//! Whether more is to be read than can be.

use std::time::Instant;

use crate::policy;

/// Tells overload from a short crowd, by whether turns wait for a free place.
#[derive(Debug, Default)]
pub struct Overload {
    overloaded: bool,
    /// Since when things have looked otherwise, without a pause.
    otherwise: Option<Instant>,
}

impl Overload {
    /// Takes a look: do turns wait now because all places are taken? Gives whether that is overload. It begins and ends only after
    /// [`policy::OVERLOAD_AFTER`] and [`policy::CALM_AFTER`] of the same.
    pub fn look(&mut self, now: Instant, turns_wait: bool) -> bool {
        if turns_wait == self.overloaded {
            self.otherwise = None;
            return self.overloaded;
        }
        let since = *self.otherwise.get_or_insert(now);
        let enough = if turns_wait { policy::OVERLOAD_AFTER } else { policy::CALM_AFTER };
        if now.duration_since(since) >= enough {
            self.overloaded = turns_wait;
            self.otherwise = None;
        }
        self.overloaded
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What is told at each tenth of a second, given for how many tenths turns wait and do not wait in turn.
    fn told(tenths: &[(u32, bool)]) -> String {
        let start = Instant::now();
        let mut overload = Overload::default();
        let looks = tenths.iter().flat_map(|(count, waits)| (0..*count).map(|_| *waits));
        let mut told = String::new();
        for (n, waits) in looks.enumerate() {
            let now = start + Duration::from_millis(100) * n as u32;
            told.push(if overload.look(now, waits) { '!' } else { '.' });
        }
        told
    }

    #[test]
    fn a_short_crowd_is_no_overload() {
        assert!(!told(&[(10, true), (1, false), (19, true), (5, false), (19, true)]).contains('!'));
    }

    #[test]
    fn it_begins_when_turns_have_waited_long_and_ends_when_none_has_for_longer() {
        let told = told(&[(30, true), (50, false), (1, true), (110, false)]);
        let (begin, end) = (told.find('!').unwrap(), told.rfind('!').unwrap());
        assert_eq!((begin, end), (20, 180), "{told}");
        assert!(!told[begin..=end].contains('.'), "it does not flutter: {told}");
    }
}
