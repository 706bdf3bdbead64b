-- What routing remembers between two looks at the floor.
alter table agent
    -- Since when nobody is connected as this agent; null while somebody is, and for who was never seen.
    add column gone_at timestamptz;

alter table queue_entry
    -- Came when the line was full: was told so, and waits without a live place.
    add column turned_away boolean not null default false;

-- A place in line is kept through an episode: it is found by what was waited for before.
drop index wait_going_on;
create index wait_of_episode on wait (conversation_id, episode);

-- A conversation that its agent passes on to a colleague who is asked first. It stays where it is until they accept.
create table transfer (
    conversation_id uuid primary key constraint transfer_conversation references conversation,
    from_agent_id   uuid not null,
    to_agent_id     uuid not null constraint transfer_agent references agent,
    until           timestamptz not null,
    created_at      timestamptz not null
);

-- Why somebody is being asked: the grounds of the assignment, should they accept.
alter table queue_entry add column offer_why jsonb;

-- Two decisions about a conversation may be of one transaction, and of one time: this says which was first.
alter table assignment add column number integer not null default 0;
