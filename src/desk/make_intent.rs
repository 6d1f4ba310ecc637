//! From an answered group to the draft of an intent in the knowledge's folder: what a page and the command line do alike.

use std::{collections::HashSet, path::Path};

use jiff::{Timestamp, ToSpan as _};

use super::{
    grouping::most_typical_first,
    intent_draft::{self, Draft, Material, NoDraft, Said},
};
use crate::{
    classifier::Classifier,
    conversation::GroupId,
    knowledge::{Knowledge, same_line},
    store::{Store, StoreError},
};

/// Members whose words are looked at for an intent: plenty for 20 examples.
const LOOKED_AT: u32 = 200;

/// Until a draft's response should be read again, in days.
const REVIEW_AFTER_DAYS: i32 = 14;

/// What somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub group: GroupId,
    /// Of the files.
    pub name: &'a str,
    /// What choice buttons and agents will show.
    pub title: &'a str,
    /// Whether words that were written on X may be kept.
    pub learn_from_x: bool,
}

/// Why no intent was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    #[error(transparent)]
    Draft(#[from] NoDraft),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("group {0} has no answer yet: answer it first")]
    NoAnswer(GroupId),
}

/// Makes the draft and writes it.
///
/// # Errors
/// What is wrong with the wish, with the group or with the folder; nothing is left in the folder then.
pub async fn make(
    store: &Store,
    knowledge: &Knowledge,
    classifier: &Classifier,
    wanted: &Wanted<'_>,
    dir: &Path,
    now: Timestamp,
) -> Result<Draft, NotMade> {
    intent_draft::is_free(wanted.name, dir)?;
    let members = store.group(wanted.group, 0, LOOKED_AT).await?;
    let Some(answer) = &members.group.answer else {
        return Err(NotMade::NoAnswer(wanted.group));
    };
    let said: Vec<Said> = members
        .members
        .iter()
        .filter_map(|record| {
            let words = record.words.clone()?;
            Some(Said { conversation: record.conversation, channel: record.channel.clone(), words })
        })
        .collect();
    let texts: Vec<&str> = said.iter().map(|said| said.words.as_str()).collect();
    let order = most_typical_first(&classifier.background(), &classifier.likeness(&texts));
    let said: Vec<Said> = order.into_iter().filter_map(|place| said.get(place).cloned()).collect();
    let lines = knowledge.intents.values().flat_map(|intent| intent.examples.values().flatten().chain(&intent.not));
    let taken: HashSet<String> = lines.map(|line| same_line(line)).collect();
    let default_language = knowledge.default_language();
    let draft = intent_draft::draft(&Material {
        name: wanted.name,
        title: wanted.title,
        said: &said,
        learn_from_x: wanted.learn_from_x,
        taken: &taken,
        answer: &answer.text,
        language: members.group.language.unwrap_or(default_language),
        default_language,
        review_by: now.to_zoned(knowledge.zone().clone()).date().saturating_add(REVIEW_AFTER_DAYS.days()),
    })?;
    // Before there is a file, so that whoever erases a person is always told of it.
    let of: Vec<_> = said.iter().map(|said| said.conversation).collect();
    store.keep_examples(wanted.name, &of).await?;
    intent_draft::write(&draft, dir, now)?;
    Ok(draft)
}
