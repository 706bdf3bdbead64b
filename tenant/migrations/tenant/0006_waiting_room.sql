-- What those who wait were told, and what came of it.
--
-- Additive: two new tables, and one column without a default.

-- The line as a whole: what the queue boards were told last. Its row is also the turn of whoever looks at the line next, so that
-- two processes do not tell different things at once.
create table waiting_room (
    singleton     boolean primary key default true constraint waiting_room_only_one check (singleton),
    waiting       integer not null,
    longest_since timestamptz,
    -- Of everything a board shows of the line: whether it has changed.
    digest        bigint not null,
    told_at       timestamptz not null
);

-- What each visitor in line was told last: they are told again when it has changed, and once more when they have left the line.
-- No foreign key: its check would wait for whoever holds the conversation, who may wait for us.
create table waiting_said (
    conversation_id uuid primary key,
    contact_id      uuid not null,
    episode         integer not null,
    team_id         uuid,
    place           jsonb not null,
    said_at         timestamptz not null
);
alter table waiting_said set (fillfactor = 50);

alter table wait
    -- The estimate before it was corrected by how true earlier ones were: what the correction learns from.
    add column uncorrected jsonb;
