//! What Discord allows, in one place. Source of the numbers: Discord's developer documentation (API version 10).

use std::time::Duration;

use super::super::Rate;

/// Characters in a message. Counted in UTF-16 units here, which is never less than what Discord counts.
pub(super) const MESSAGE: usize = 2_000;

/// Characters in the name of a thread.
pub(super) const THREAD: usize = 100;

/// Characters on a button.
pub(super) const LABEL: usize = 80;

/// Characters in the id that a button carries.
pub(super) const CUSTOM_ID: usize = 100;

/// Buttons in a row, and rows below a message.
pub(super) const ROW: usize = 5;
pub(super) const ROWS: usize = 5;

/// Characters in the mark by which Discord recognises a repeated message.
pub(super) const NONCE: usize = 25;

/// Messages in one answer of a channel's history.
pub(super) const PAGE: usize = 100;

/// An interaction must be acknowledged within 3 s; when our store takes this long, that is done before.
pub(super) const ACKNOWLEDGE_AFTER: Duration = Duration::from_secs(2);

/// An interaction can be answered through its token for 15 minutes; a margin for the way and for clocks that differ.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(14 * 60 + 30);

/// 50 requests a second for a bot in all; some of them are typing signs, acknowledgements and catching up.
pub(super) const RATE: Rate = Rate { burst: 20, every: Duration::from_millis(30) };

/// 5 messages in 5 s in a channel.
pub(super) const CHAT_RATE: Rate = Rate { burst: 5, every: Duration::from_secs(1) };

/// Between two requests for what was written while we were away.
pub(super) const CATCH_UP_PAUSE: Duration = Duration::from_millis(100);

/// 1,000 sessions may be begun in a day: some at once after a mishap, afterwards one in each span (at most 490 a day).
pub(super) const SESSIONS: Rate = Rate { burst: 10, every: Duration::from_mins(3) };

/// So many sessions are left for those who must restart the service by hand.
pub(super) const SESSIONS_KEPT: u64 = 20;

/// For one request: less than what delivery waits, though a message may need a look at an interaction, a direct chat and itself.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
