//! The names that the platform is changing: posts were called tweets.
//!
//! The spec 2.167 of August 2026 renames query parameters and fields. Both are read; which is asked for is found out from the answer.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

/// What we ask of a post, besides its id and text; the names of its references come in addition. Expansions are left out: each user
/// and each medium in them would be charged.
const POST_FIELDS: &str = "attachments,author_id,conversation_id,edit_history_tweet_ids,entities,geo,note_tweet";

/// What we ask of a direct message.
pub const DIRECT_FIELDS: &str = "attachments,dm_conversation_id,entities,event_type,id,sender_id,text";

/// The body's name for the post that is replied to.
pub const IN_REPLY_TO: &str = "in_reply_to_tweet_id";

/// Which names the server takes.
#[derive(Debug, Default)]
pub struct Names {
    renamed: AtomicBool,
}

impl Names {
    /// The query parameter that asks for a post's fields.
    pub fn post_fields(&self) -> (&'static str, String) {
        if self.renamed.load(Ordering::Relaxed) {
            let fields = POST_FIELDS.replace("tweet", "post");
            ("post.fields", format!("{fields},referenced_posts"))
        } else {
            ("tweet.fields", format!("{POST_FIELDS},referenced_tweets"))
        }
    }

    /// The server did not understand the names: the others are tried.
    pub fn swap(&self) {
        self.renamed.fetch_xor(true, Ordering::Relaxed);
    }
}

/// A field under its new or its old name.
pub fn either<'v>(object: &'v Value, old: &str) -> &'v Value {
    match object.get(old.replace("tweet", "post").as_str()) {
        Some(value) => value,
        None => &object[old],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_names_are_read_and_asked_for() {
        assert_eq!(either(&json!({ "referenced_posts": [1] }), "referenced_tweets"), &json!([1]));
        assert_eq!(either(&json!({ "referenced_tweets": [2] }), "referenced_tweets"), &json!([2]));
        assert!(either(&json!({}), "referenced_tweets").is_null());

        let names = Names::default();
        assert_eq!(names.post_fields().0, "tweet.fields");
        names.swap();
        let (name, fields) = names.post_fields();
        assert_eq!(name, "post.fields");
        assert!(fields.contains("edit_history_post_ids") && fields.contains("referenced_posts"), "{fields}");
        assert!(!fields.contains("tweet"), "{fields}");
    }
}
