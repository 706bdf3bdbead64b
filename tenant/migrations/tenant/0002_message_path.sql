-- From here on the program before it cannot read these tables: nothing had been released when this was written.
--
-- A message costs its conversation one update and no index. Postgres updates a row in place (heap-only) when no indexed column
-- changes, so nothing that every message changes may be indexed, and pages keep room for the next version of a row.
alter table conversation
    -- Rises with every change, so that a reader can tell the older of two views.
    add column version            bigint not null default 0,
    -- The newest message that a person wrote: what lists show. It is read from there, not kept twice.
    add column last_said_seq      bigint not null default 0,
    -- When something was last written in it, while it is resolved: the order of the long list of what is done.
    add column closed_activity_at timestamptz;
update conversation set
    last_said_seq = coalesce((last_message ->> 'seq')::bigint, 0),
    closed_activity_at = case when status = 'resolved' then last_activity_at end;
alter table conversation drop column last_message;
alter table conversation set (fillfactor = 70);
drop index conversation_status_activity;
drop index conversation_assignee_activity;
-- Who waits comes and goes with every message of a lively chat; the next index finds those whom nobody has.
drop index conversation_waiting;
-- What is going on is little, whatever the age of a company: it is found here and sorted when asked for.
create index conversation_active on conversation (assignee_id) where status <> 'resolved';
create index conversation_closed on conversation (closed_activity_at desc, id desc) where status = 'resolved';

-- Two indexes a message: its place, and what its sender calls it. The conversation's row is locked by whoever writes a message,
-- so a foreign key and a second unique numbering would only check again what that lock gives.
alter table message drop constraint message_conversation_id_fkey;
alter table message drop constraint message_pkey;
alter table message drop constraint message_seq_key;
alter table message drop constraint message_public_seq_key;
alter table message drop constraint message_client_key;
alter table message add constraint message_pkey primary key (conversation_id, seq);
alter table message add constraint message_client_key unique (conversation_id, sender_id, client_message_id);

-- A fact says where the news is, not what it says: whoever publishes it late reads it then. Published facts are removed. What is
-- left of the old form goes too: it was news for sockets that come back and read for themselves.
delete from outbox;
drop index outbox_unpublished;
alter table outbox drop column published_at;
create index outbox_left_behind on outbox (created_at);

-- Rows come in the order of time, which a block range index remembers at no cost.
drop index usage_event_time;
create index usage_event_time on usage_event using brin (occurred_at);
