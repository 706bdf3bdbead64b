//! What is to be written, worked out of the lines of an archive alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tenant::AccountId;
use uuid::{Builder, Uuid, Variant, Version};

use super::{Archive, ReadBackError};
use crate::contact::VisitedPage;
use crate::masking::Masks;
use crate::start::Start;

/// A row, as an archive has it.
pub(super) type Row = Map<String, Value>;

/// A conversation with everything that belongs to it.
pub(super) struct Chat {
    pub(super) id: Uuid,
    pub(super) row: Row,
    pub(super) messages: Vec<Row>,
    pub(super) ratings: Vec<Row>,
}

/// A person with everything that is read back of them, under the ids that it has here.
pub(super) struct Plan {
    pub(super) contact: Row,
    /// Oldest first.
    pub(super) chats: Vec<Chat>,
}

/// What something of an archive is called in the company that reads it: as it was, at home; elsewhere a name of its own that is always the
/// same. Two companies never share one: a person who is erased in one of them is not thereby refused in the other.
pub(super) fn called(id: Uuid, from: AccountId, into: AccountId) -> Uuid {
    if from == into {
        return id;
    }
    let hash: [u8; 32] = Sha256::new()
        .chain_update("frontdesk:read-back\0")
        .chain_update(into.uuid().as_bytes())
        .chain_update(id.as_bytes())
        .finalize()
        .into();
    let mut bytes = *id.as_bytes();
    // It begins with its time, as all ids do.
    for (byte, hashed) in bytes.iter_mut().skip(6).zip(hash) {
        *byte = hashed;
    }
    Builder::from_bytes(bytes).with_variant(Variant::RFC4122).with_version(Version::SortRand).into_uuid()
}

fn damaged(what: &str) -> ReadBackError {
    ReadBackError::Damaged(what.to_owned())
}

fn rows(archive: &Archive, table: &str) -> Result<Vec<Row>, ReadBackError> {
    let lines = archive.files.get(table).map(Vec::as_slice).unwrap_or_default();
    lines.iter().map(|line| serde_json::from_str(line).map_err(|_| damaged("a line is no row"))).collect()
}

/// An id in a row; none where there is nothing.
pub(super) fn id_in(row: &Row, field: &str) -> Result<Option<Uuid>, ReadBackError> {
    match row.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| damaged("an id is none")),
        Some(_) => Err(damaged("an id is none")),
    }
}

fn id(row: &Row, field: &str) -> Result<Uuid, ReadBackError> {
    id_in(row, field)?.ok_or_else(|| damaged("an id is missing"))
}

fn number(row: &Row, field: &str) -> Result<i64, ReadBackError> {
    row.get(field).and_then(Value::as_i64).ok_or_else(|| damaged("a number is none"))
}

pub(super) fn set(row: &mut Row, field: &str, value: impl Into<Value>) {
    row.insert(field.to_owned(), value.into());
}

fn is_null(row: &Row, field: &str) -> bool {
    row.get(field).is_none_or(Value::is_null)
}

impl Plan {
    /// Refuses what does not fit together. Nothing has been written then.
    pub(super) fn of(archive: &Archive, into: AccountId) -> Result<Self, ReadBackError> {
        let is_home = archive.from == into;
        let here = |id: Uuid| called(id, archive.from, into);
        let subject = archive.subject.uuid();
        let contact = person(archive, here(subject), is_home)?;
        // Ids begin with their time, so this is the order in which they were made.
        let mut chats = BTreeMap::new();
        for mut row in rows(archive, "conversation")? {
            let was = id(&row, "id")?;
            if id(&row, "contact_id")? != subject {
                return Err(damaged("a conversation is somebody else's"));
            }
            set(&mut row, "id", here(was).to_string());
            set(&mut row, "contact_id", here(subject).to_string());
            ended(&mut row, archive, is_home)?;
            let chat = Chat { id: here(was), row, messages: Vec::new(), ratings: Vec::new() };
            if chats.insert(was, chat).is_some() {
                return Err(damaged("a conversation is there twice"));
            }
        }
        for mut row in rows(archive, "message")? {
            let chat = chats.get_mut(&id(&row, "conversation_id")?);
            let chat = chat.ok_or_else(|| damaged("a message is of no conversation"))?;
            let was = id(&row, "id")?;
            set(&mut row, "id", here(was).to_string());
            set(&mut row, "conversation_id", chat.id.to_string());
            if id_in(&row, "sender_id")? == Some(subject) {
                set(&mut row, "sender_id", here(subject).to_string());
            }
            chat.messages.push(row);
        }
        for mut row in rows(archive, "survey_response")? {
            let chat = chats.get_mut(&id(&row, "conversation_id")?);
            let chat = chat.ok_or_else(|| damaged("a rating is of no conversation"))?;
            let was = id(&row, "id")?;
            set(&mut row, "id", here(was).to_string());
            set(&mut row, "conversation_id", chat.id.to_string());
            set(&mut row, "contact_id", here(subject).to_string());
            chat.ratings.push(row);
        }
        let chats: Vec<Chat> = chats.into_values().collect();
        chats.iter().try_for_each(whole)?;
        Ok(Self { contact, chats })
    }
}

/// The person. Elsewhere nobody has vouched for them: another company's own id may be of somebody else there.
fn person(archive: &Archive, here: Uuid, is_home: bool) -> Result<Row, ReadBackError> {
    let mut all = rows(archive, "contact")?;
    let mut row = all.pop().filter(|_| all.is_empty()).ok_or_else(|| damaged("it is not of one person"))?;
    if id(&row, "id")? != archive.subject.uuid() {
        return Err(damaged("it is not of the person whom it names"));
    }
    if !is_null(&row, "erased_at") {
        return Err(ReadBackError::Erased);
    }
    let page = row.get("page").filter(|page| !page.is_null()).cloned();
    let is_page = page.is_none_or(|page| serde_json::from_value::<VisitedPage>(page).is_ok());
    if !is_page || !row.get("attributes").is_some_and(Value::is_object) {
        return Err(damaged("what is known of the person cannot be read"));
    }
    set(&mut row, "id", here.to_string());
    if !is_home {
        set(&mut row, "external_id", Value::Null);
        set(&mut row, "verified", false);
    }
    Ok(row)
}

/// What was going on when the archive was made is over: nobody is asked to answer it now, and nobody has it unread.
fn ended(row: &mut Row, archive: &Archive, is_home: bool) -> Result<(), ReadBackError> {
    let (last, public, version) = (number(row, "last_seq")?, number(row, "last_public_seq")?, number(row, "version")?);
    let is_over = row.get("status").is_some_and(|status| status == "resolved") && !is_null(row, "resolved_at");
    if !is_over {
        set(row, "status", "resolved");
        set(row, "resolved_at", archive.made_at.to_rfc3339());
    }
    let last_activity = row.get("last_activity_at").cloned().unwrap_or_default();
    set(row, "closed_activity_at", last_activity);
    set(row, "agent_read_seq", last);
    set(row, "agent_read_public_seq", public);
    set(row, "unread_count", 0);
    // Whoever has kept a view of it sees that this one is newer.
    set(row, "version", version.saturating_add(1));
    if let Some(start) = row.get("start").filter(|start| !start.is_null())
        && serde_json::from_value::<Start>(start.clone()).is_err()
    {
        return Err(damaged("how a conversation began cannot be read"));
    }
    if !is_home {
        set(row, "team_id", Value::Null);
        if let Some(Value::Object(start)) = row.get_mut("start") {
            set(start, "team_id", Value::Null);
        }
    }
    Ok(())
}

/// Messages are numbered without gaps, so what is missing is seen.
fn whole(chat: &Chat) -> Result<(), ReadBackError> {
    let numbers: BTreeSet<i64> = chat.messages.iter().map(|row| number(row, "seq")).collect::<Result<_, _>>()?;
    let last = number(&chat.row, "last_seq")?;
    let count = i64::try_from(chat.messages.len()).unwrap_or(i64::MAX);
    let distinct = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
    let are_in_bounds =
        numbers.first().is_none_or(|first| *first == 1) && numbers.last().is_none_or(|seq| *seq == last);
    if count == last && distinct == last && are_in_bounds { Ok(()) } else { Err(damaged("messages are missing")) }
}

/// Masks what the company that reads it does not keep, in what visitors wrote and were answered. Notes stay as they are.
pub(super) fn mask(masks: &Masks, chat: &mut Chat) {
    for row in &mut chat.messages {
        let is_said = row.get("message_type").is_some_and(|kind| kind == "incoming" || kind == "outgoing")
            && row.get("private").is_some_and(|private| *private == false);
        if is_said {
            mask_field(masks, row, "text");
        }
    }
    for row in &mut chat.ratings {
        mask_field(masks, row, "comment");
    }
    if let Some(Value::Object(start)) = chat.row.get_mut("start")
        && let Some(Value::Object(answers)) = start.get_mut("answers")
    {
        let questions: Vec<String> = answers.keys().cloned().collect();
        for question in questions {
            mask_field(masks, answers, &question);
        }
    }
}

fn mask_field(masks: &Masks, row: &mut Row, field: &str) {
    let masked = row.get(field).and_then(Value::as_str).and_then(|text| masks.apply(text).ok());
    if let Some(masked) = masked {
        set(row, field, masked);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    fn archive(change: impl FnOnce(&mut BTreeMap<&'static str, Vec<Value>>)) -> Archive {
        let (ana, chat) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let mut files = BTreeMap::from([
            ("contact", vec![json!({ "id": ana, "attributes": {}, "external_id": "u1", "verified": true })]),
            (
                "conversation",
                vec![json!({
                    "id": chat, "contact_id": ana, "status": "open", "last_seq": 2, "last_public_seq": 1, "version": 4,
                    "team_id": Uuid::from_u128(9), "unread_count": 2, "last_activity_at": "2026-01-01T00:00:00Z",
                })],
            ),
            (
                "message",
                vec![
                    json!({ "id": Uuid::from_u128(10), "conversation_id": chat, "seq": 1, "sender_id": ana }),
                    json!({ "id": Uuid::from_u128(11), "conversation_id": chat, "seq": 2, "sender_id": null }),
                ],
            ),
        ]);
        change(&mut files);
        let lines = |rows: Vec<Value>| rows.iter().map(Value::to_string).collect();
        Archive {
            subject: crate::ContactId::from_uuid(ana),
            from: account(1),
            made_at: chrono::DateTime::UNIX_EPOCH,
            files: files.into_iter().map(|(table, rows)| (table, lines(rows))).collect(),
        }
    }

    #[test]
    fn ids_stay_at_home_and_are_always_the_same_elsewhere() {
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let there = called(id, account(1), account(2));
        assert_eq!(called(id, account(1), account(1)), id);
        assert_eq!(called(id, account(1), account(2)), there);
        assert_ne!(there, id);
        assert_ne!(called(id, account(1), account(3)), there);
        assert_eq!((there.get_version_num(), there.as_bytes().get(..6)), (7, id.as_bytes().get(..6)));
    }

    #[test]
    fn at_home_everything_is_as_it_was_but_over() {
        let plan = Plan::of(&archive(|_| {}), account(1)).unwrap();
        let chat = &plan.chats[0];
        assert_eq!((&plan.contact["external_id"], &plan.contact["verified"]), (&json!("u1"), &json!(true)));
        assert_eq!((chat.id, &chat.row["status"]), (Uuid::from_u128(8), &json!("resolved")));
        assert_eq!((&chat.row["unread_count"], &chat.row["agent_read_seq"]), (&json!(0), &json!(2)));
        assert_eq!(chat.row["team_id"], json!(Uuid::from_u128(9)));
        assert_eq!(chat.messages[0]["sender_id"], json!(Uuid::from_u128(7)));
    }

    #[test]
    fn elsewhere_nobody_is_vouched_for_and_what_belongs_together_still_does() {
        let plan = Plan::of(&archive(|_| {}), account(2)).unwrap();
        let chat = &plan.chats[0];
        assert_eq!((&plan.contact["external_id"], &plan.contact["verified"]), (&Value::Null, &json!(false)));
        assert_ne!(plan.contact["id"], json!(Uuid::from_u128(7)));
        assert_eq!(chat.row["contact_id"], plan.contact["id"]);
        assert_eq!(chat.messages[0]["sender_id"], plan.contact["id"]);
        assert_eq!(chat.messages[1]["conversation_id"], chat.row["id"]);
        assert!(chat.row["team_id"].is_null() && chat.messages[1]["sender_id"].is_null());
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        type Change = fn(&mut BTreeMap<&'static str, Vec<Value>>);
        let changes: [Change; 7] = [
            |files| drop(files.insert("contact", Vec::new())),
            |files| files.get_mut("contact").unwrap()[0]["id"] = json!(Uuid::from_u128(99)),
            |files| files.get_mut("contact").unwrap()[0]["attributes"] = json!("none"),
            |files| files.get_mut("conversation").unwrap()[0]["contact_id"] = json!(Uuid::from_u128(99)),
            |files| files.get_mut("conversation").unwrap()[0]["start"] = json!({ "answers": 7 }),
            |files| drop(files.get_mut("message").unwrap().pop()),
            |files| files.get_mut("message").unwrap()[1]["seq"] = json!(1),
        ];
        for change in changes {
            assert!(matches!(Plan::of(&archive(change), account(1)), Err(ReadBackError::Damaged(_))));
        }
        let erased = archive(|files| files.get_mut("contact").unwrap()[0]["erased_at"] = json!("2026-01-01T00:00:00Z"));
        assert!(matches!(Plan::of(&erased, account(1)), Err(ReadBackError::Erased)));
    }
}
