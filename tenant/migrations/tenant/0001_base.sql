-- One company's world. Types never change in place and there are no Postgres enums: a pooled prepared statement would fail
-- on the next tenant with "cached plan must not change result type".
create table migration (
    version    integer primary key,
    applied_at timestamptz not null
);

-- Numbers people read (conversation 1, 2, 3 …). A row lock hands them out, so there are no gaps.
create table counter (
    name  text primary key,
    value bigint not null
);

-- What an agent is inside this company. The login, the e-mail address and the role are in the directory.
create table agent (
    id               uuid primary key,
    name             text not null,
    availability     text not null check (availability in ('online', 'away')),
    capacity         integer not null check (capacity between 1 and 100),
    last_assigned_at timestamptz,
    created_at       timestamptz not null
);

create table inbox (
    id           uuid primary key,
    name         text not null,
    channel      text not null check (channel in ('website')),
    settings     jsonb not null,
    installed_at timestamptz,
    created_at   timestamptz not null,
    updated_at   timestamptz not null
);

create table contact (
    id           uuid primary key,
    name         text,
    email        text,
    phone        text,
    external_id  text constraint contact_external_key unique,
    verified     boolean not null default false,
    locale       text,
    attributes   jsonb not null default '{}',
    page         jsonb,
    user_agent   text,
    created_at   timestamptz not null,
    last_seen_at timestamptz
);
create index contact_recent on contact (created_at desc, id desc);

-- How a contact is known in an inbox: a website visitor by the hash of the secret its browser keeps.
create table contact_inbox (
    id          uuid primary key,
    contact_id  uuid not null references contact,
    inbox_id    uuid not null references inbox,
    source_hash bytea not null,
    created_at  timestamptz not null,
    constraint contact_inbox_source_key unique (inbox_id, source_hash)
);

create table conversation (
    id                      uuid primary key,
    number                  bigint not null constraint conversation_number_key unique,
    inbox_id                uuid not null references inbox,
    contact_id              uuid not null references contact,
    status                  text not null check (status in ('open', 'pending', 'snoozed', 'resolved')),
    assignee_id             uuid references agent,
    priority                text check (priority in ('low', 'medium', 'high', 'urgent')),
    episode                 integer not null,
    -- Two gap-free numberings: all messages, and those the visitor sees. A private note leaves no hole in what a visitor counts.
    last_seq                bigint not null,
    last_public_seq         bigint not null,
    agent_read_seq          bigint not null,
    agent_read_public_seq   bigint not null,
    contact_read_seq        bigint not null,
    contact_delivered_seq   bigint not null,
    unread_count            integer not null,
    contact_unread_count    integer not null,
    last_message            jsonb,
    waiting_since           timestamptz,
    snoozed_until           timestamptz,
    first_reply_at          timestamptz,
    resolved_at             timestamptz,
    last_activity_at        timestamptz not null,
    created_at              timestamptz not null,
    updated_at              timestamptz not null
);
-- The console's lists, newest activity first.
create index conversation_status_activity on conversation (status, last_activity_at desc, id desc);
create index conversation_assignee_activity on conversation (assignee_id, status, last_activity_at desc, id desc);
create index conversation_contact on conversation (contact_id, created_at desc);
-- Who waits for an agent, longest first.
create index conversation_waiting on conversation (waiting_since) where assignee_id is null and status = 'open';
create index conversation_snoozed on conversation (snoozed_until) where status = 'snoozed';

create table message (
    id                uuid primary key,
    conversation_id   uuid not null references conversation,
    seq               bigint not null,
    public_seq        bigint,
    episode           integer not null,
    message_type      text not null check (message_type in ('incoming', 'outgoing', 'activity', 'template')),
    private           boolean not null,
    sender_kind       text not null check (sender_kind in ('contact', 'agent', 'system')),
    sender_id         uuid,
    sender_name       text,
    text              text not null,
    content           jsonb,
    client_message_id uuid,
    created_at        timestamptz not null,
    constraint message_seq_key unique (conversation_id, seq),
    constraint message_public_seq_key unique (conversation_id, public_seq),
    -- A send repeated by its sender finds the first one, for as long as the message lives.
    constraint message_client_key unique (conversation_id, sender_kind, sender_id, client_message_id)
);

-- Why a conversation went to whom.
create table assignment (
    id              uuid primary key,
    conversation_id uuid not null references conversation,
    agent_id        uuid references agent,
    decided_by      text not null,
    why             jsonb not null,
    created_at      timestamptz not null
);
create index assignment_conversation on assignment (conversation_id, created_at);

create table survey_response (
    id              uuid primary key,
    conversation_id uuid not null references conversation,
    episode         integer not null,
    contact_id      uuid not null references contact,
    agent_id        uuid references agent,
    rating          smallint check (rating between 1 and 5),
    comment         text,
    asked_at        timestamptz not null,
    answered_at     timestamptz,
    constraint survey_response_episode_key unique (conversation_id, episode)
);
create index survey_response_answered on survey_response (answered_at desc, id desc) where rating is not null;

-- Facts on their way to the bus. The committing process publishes at once; a sweep finds what a crash left.
create table outbox (
    id           uuid primary key,
    event        text not null,
    payload      jsonb not null,
    created_at   timestamptz not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (created_at) where published_at is null;

-- What is counted for billing, written in the transaction of the thing it counts, once.
create table usage_event (
    meter       text not null,
    source      text not null,
    quantity    bigint not null,
    occurred_at timestamptz not null,
    primary key (meter, source)
);
create index usage_event_time on usage_event (meter, occurred_at);

create table audit (
    id         uuid primary key,
    actor_kind text not null,
    actor_id   text,
    actor_name text,
    action     text not null,
    target     text,
    detail     jsonb not null,
    at         timestamptz not null
);
create index audit_recent on audit (at desc, id desc);
