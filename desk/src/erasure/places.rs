//! Where people's data is: every table of a company, and what is in it of the people who write to it.
//!
//! A story holds this list against the real tables: a new table or column fails it until somebody has said here what becomes of it.

/// A table, as far as people's data goes.
pub enum Place {
    /// Holds people's data.
    Personal(Personal),
    /// Holds none of those who write, for a reason.
    Other {
        /// The table.
        table: &'static str,
        /// Why not.
        reason: &'static str,
    },
}

/// A table with people's data. Its statements take the contact's id as `$1`.
pub struct Personal {
    /// The table.
    pub table: &'static str,
    /// Every column that it had when this was written.
    pub columns: &'static [&'static str],
    /// Their rows as lines of JSON in a column `line`; none where nothing is theirs to have.
    pub export: Option<&'static str>,
    /// What erasing does; none where other statements, or the verbs, have done it already.
    pub erase: Option<&'static str>,
}

/// Every table of a company, in the order in which they are erased.
pub const PLACES: &[Place] = &[
    Place::Personal(Personal {
        table: "message",
        columns: &[
            "id",
            "conversation_id",
            "seq",
            "public_seq",
            "episode",
            "message_type",
            "private",
            "sender_kind",
            "sender_id",
            "sender_name",
            "text",
            "content",
            "client_message_id",
            "created_at",
        ],
        export: Some(
            "select row_to_json(r)::text as line from message r join conversation c on c.id = r.conversation_id \
             where c.contact_id = $1 order by c.created_at, r.conversation_id, r.seq",
        ),
        // That somebody wrote, who it was of the company and when stays: numbers are made of it.
        erase: Some(
            "update message set text = '', content = '{\"kind\": \"erased\"}', \
             sender_name = case when sender_kind = 'contact' then null else sender_name end \
             where conversation_id in (select id from conversation where contact_id = $1)",
        ),
    }),
    Place::Personal(Personal {
        table: "survey_response",
        columns: &[
            "id",
            "conversation_id",
            "episode",
            "contact_id",
            "agent_id",
            "rating",
            "comment",
            "asked_at",
            "answered_at",
        ],
        export: Some(
            "select row_to_json(r)::text as line from survey_response r where r.contact_id = $1 order by r.asked_at, r.id",
        ),
        // The mark stays, without a word. What was asked and not answered is asked of nobody any more.
        erase: Some(
            "with unanswered as (delete from survey_response where contact_id = $1 and answered_at is null) \
             update survey_response set comment = null where contact_id = $1 and answered_at is not null",
        ),
    }),
    Place::Personal(Personal {
        table: "wait",
        columns: &[
            "id",
            "conversation_id",
            "episode",
            "team_id",
            "skill_ids",
            "entered_at",
            "left_at",
            "outcome",
            "position",
            "staffed",
            "predicted_seconds",
            "low_seconds",
            "high_seconds",
            "uncorrected",
            "ahead",
            "offered_at",
            "step",
            "relaxed",
            "moved_from",
        ],
        export: Some(
            "select row_to_json(r)::text as line from wait r join conversation c on c.id = r.conversation_id \
             where c.contact_id = $1 order by r.entered_at, r.id",
        ),
        // Numbers of a shell.
        erase: None,
    }),
    Place::Personal(Personal {
        table: "waiting_content_seen",
        columns: &["day", "content_id", "contact_id", "kind"],
        export: Some(
            "select row_to_json(r)::text as line from waiting_content_seen r where r.contact_id = $1 order by r.day, r.content_id",
        ),
        erase: Some("delete from waiting_content_seen where contact_id = $1"),
    }),
    Place::Personal(Personal {
        table: "waiting_said",
        columns: &["conversation_id", "contact_id", "episode", "team_id", "place", "said_at"],
        export: None,
        erase: Some("delete from waiting_said where contact_id = $1"),
    }),
    Place::Personal(Personal {
        table: "queue_entry",
        columns: &[
            "conversation_id",
            "team_id",
            "entered_at",
            "rank",
            "vip",
            "patient",
            "demands",
            "language",
            "channel",
            "weight",
            "last_agent_id",
            "only_agent_id",
            "return_team_id",
            "declined",
            "offered_to",
            "offered_at",
            "offered_until",
            "reason",
            "step",
            "step_at",
            "best_progress",
            "predicted",
            "updated_at",
            "turned_away",
            "offer_why",
            "return_at",
            "refused",
        ],
        export: None,
        // Resolving a conversation takes it out of its line.
        erase: None,
    }),
    Place::Personal(Personal {
        table: "conversation",
        columns: &[
            "id",
            "number",
            "inbox_id",
            "contact_id",
            "status",
            "assignee_id",
            "priority",
            "episode",
            "last_seq",
            "last_public_seq",
            "agent_read_seq",
            "agent_read_public_seq",
            "contact_read_seq",
            "contact_delivered_seq",
            "unread_count",
            "contact_unread_count",
            "waiting_since",
            "snoozed_until",
            "first_reply_at",
            "resolved_at",
            "last_activity_at",
            "created_at",
            "updated_at",
            "version",
            "last_said_seq",
            "closed_activity_at",
            "team_id",
            "start",
            "erased_at",
        ],
        export: Some(
            "select row_to_json(r)::text as line from conversation r where r.contact_id = $1 order by r.created_at, r.id",
        ),
        erase: Some(
            "update conversation set start = null, unread_count = 0, contact_unread_count = 0, version = version + 1, \
             erased_at = coalesce(erased_at, now()) where contact_id = $1",
        ),
    }),
    Place::Personal(Personal {
        table: "contact_inbox",
        columns: &["id", "contact_id", "inbox_id", "source_hash", "created_at"],
        // Without the hash of what their browser keeps: it is a key, not data.
        export: Some(
            "select (to_jsonb(r) - 'source_hash')::text as line from contact_inbox r where r.contact_id = $1 order by r.created_at, r.id",
        ),
        erase: Some("delete from contact_inbox where contact_id = $1"),
    }),
    Place::Personal(Personal {
        table: "contact",
        columns: &[
            "id",
            "name",
            "email",
            "phone",
            "external_id",
            "verified",
            "locale",
            "attributes",
            "page",
            "user_agent",
            "created_at",
            "last_seen_at",
            "tags",
            "erased_at",
            "blocked_at",
        ],
        export: Some("select row_to_json(r)::text as line from contact r where r.id = $1"),
        erase: Some(
            "update contact set name = null, email = null, phone = null, external_id = null, verified = false, locale = null, \
             attributes = '{}', page = null, user_agent = null, last_seen_at = null, tags = '{}', blocked_at = null, \
             erased_at = coalesce(erased_at, now()) where id = $1",
        ),
    }),
    Place::Other { table: "address_block", reason: "networks the company keeps out; tied to nobody it knows" },
    Place::Other { table: "agent", reason: "colleagues, whose data the directory and their own account look after" },
    Place::Other { table: "agent_skill", reason: "what colleagues can do" },
    Place::Other {
        table: "assignment",
        reason: "which colleague had a conversation and why; the grounds name policies and colleagues",
    },
    Place::Other { table: "assignment_policy", reason: "what the company has set up" },
    Place::Other {
        table: "audit",
        reason: "deeds of colleagues; what they note about a contact is erased apart, with the chain intact",
    },
    Place::Other { table: "audit_head", reason: "the end of the audit log" },
    Place::Other { table: "brand", reason: "what the company has set up" },
    Place::Other { table: "business_hours", reason: "what the company has set up" },
    Place::Other { table: "counter", reason: "numbers" },
    Place::Other { table: "emergency", reason: "the company's own words" },
    Place::Other { table: "handling", reason: "how long colleagues had conversations in hand" },
    Place::Other { table: "identity_key", reason: "what the company's own server signs with" },
    Place::Other { table: "identity_token", reason: "hashes of tokens that were used, until they would have ended" },
    Place::Other { table: "inbox", reason: "what the company has set up" },
    Place::Other { table: "masking", reason: "what the company has set up" },
    Place::Other { table: "migration", reason: "levels of the tables" },
    Place::Other { table: "outbox", reason: "ids and places of news that is not on the bus yet; no word of it" },
    Place::Other { table: "queue_threshold", reason: "what the company has set up" },
    Place::Other { table: "retention", reason: "what the company has set up" },
    Place::Other { table: "routing_rule", reason: "what the company has set up" },
    Place::Other { table: "skill", reason: "what the company has set up" },
    Place::Other { table: "spam_guard", reason: "what the company has set up" },
    Place::Other { table: "team", reason: "what the company has set up" },
    Place::Other { table: "team_member", reason: "colleagues" },
    Place::Other { table: "transfer", reason: "between colleagues, and gone when a conversation is resolved" },
    Place::Other { table: "visit_end", reason: "since when tokens count no more, by ids" },
    Place::Other { table: "usage_event", reason: "what is billed: numbers with ids of shells, kept without identity" },
    Place::Other { table: "waiting_content", reason: "what the company shows" },
    Place::Other { table: "waiting_content_count", reason: "counts without who" },
    Place::Other { table: "waiting_room", reason: "the line as a whole" },
];

/// The tables with people's data.
pub(super) fn personal() -> impl Iterator<Item = &'static Personal> {
    PLACES.iter().filter_map(|place| match place {
        Place::Personal(personal) => Some(personal),
        Place::Other { .. } => None,
    })
}
