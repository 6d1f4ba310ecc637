//! The texts that a new set of intents begins with.

/// A complete `responses/phrases.yaml` in English that fits any crisis.
#[must_use]
pub fn starter_phrases() -> &'static str {
    include_str!("starter/phrases.yaml")
}

/// An `incident.yaml` that passes `check` and says nothing untrue; for the admins to fill in.
#[must_use]
pub fn starter_incident() -> &'static str {
    include_str!("starter/incident.yaml")
}

/// How a response begins that `evenkeel import` made and nobody has written yet. `check` warns of it.
pub const PLACEHOLDER_RESPONSE: &str = "Placeholder: nobody has written this answer yet. It will be about";
