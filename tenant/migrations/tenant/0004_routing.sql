-- Who answers whom, in which order, and what those who wait are shown.
--
-- Everything here is new, or a column with a constant default: nothing that exists is read or written again. As before, nothing
-- that every message changes is indexed.

-- When somebody answers. The calendar is read and written whole.
create table business_hours (
    id         uuid primary key,
    name       text not null,
    calendar   jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index business_hours_name_key on business_hours (lower(name));

-- How waiting conversations are given to agents. The rules are read and written whole. One row is what holds where no other is named.
create table assignment_policy (
    id         uuid primary key,
    name       text not null,
    rules      jsonb not null,
    is_default boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index assignment_policy_name_key on assignment_policy (lower(name));
create unique index assignment_policy_only_default on assignment_policy (is_default) where is_default;

-- A group of inboxes and teams inside one company.
create table brand (
    id                uuid primary key,
    name              text not null,
    business_hours_id uuid constraint brand_hours references business_hours,
    created_at        timestamptz not null,
    updated_at        timestamptz not null
);
create unique index brand_name_key on brand (lower(name));

create table team (
    id                   uuid primary key,
    name                 text not null,
    description          text not null default '',
    brand_id             uuid constraint team_brand references brand,
    -- Whether a visitor may choose it before the chat.
    public               boolean not null default false,
    assignment_policy_id uuid constraint team_policy references assignment_policy,
    business_hours_id    uuid constraint team_hours references business_hours,
    position             integer not null default 0,
    created_at           timestamptz not null,
    updated_at           timestamptz not null
);
create unique index team_name_key on team (lower(name));

create table team_member (
    team_id  uuid not null constraint team_member_team references team on delete cascade,
    agent_id uuid not null constraint team_member_agent references agent,
    primary key (team_id, agent_id)
);

create table skill (
    id          uuid primary key,
    name        text not null,
    description text not null default '',
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
create unique index skill_name_key on skill (lower(name));

create table agent_skill (
    agent_id uuid not null constraint agent_skill_agent references agent,
    skill_id uuid not null constraint agent_skill_skill references skill on delete cascade,
    level    smallint not null check (level between 1 and 5),
    primary key (agent_id, skill_id)
);

-- What a conversation asks for, by what is known of it when it begins. All that match apply, in order.
create table routing_rule (
    id         uuid primary key,
    position   integer not null,
    name       text not null,
    conditions jsonb not null,
    effects    jsonb not null,
    active     boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- What an agent has chosen has more words now, and a reason.
alter table agent drop constraint agent_availability_check;
alter table agent
    add constraint agent_availability_check check (availability in ('online', 'busy', 'away', 'reassigning')),
    add column away_reason        text,
    add column availability_by    text not null default 'self' constraint agent_availability_by_check check (availability_by in ('self', 'auto')),
    add column availability_since timestamptz,
    add column languages          text[] not null default '{}',
    -- Channel → how many conversations of it at once, within the capacity as a whole.
    add column channel_capacity   jsonb not null default '{}',
    -- Offers in a row that ran out unanswered.
    add column missed_offers      smallint not null default 0;

alter table contact add column tags text[] not null default '{}';

alter table inbox
    add column brand_id             uuid constraint inbox_brand references brand,
    add column team_id              uuid constraint inbox_team references team,
    add column assignment_policy_id uuid constraint inbox_policy references assignment_policy,
    add column business_hours_id    uuid constraint inbox_hours references business_hours,
    -- How much of an agent's place one conversation takes, in percent.
    add column weight               smallint not null default 100 constraint inbox_weight_check check (weight between 1 and 100);

alter table conversation
    -- No foreign key: what is resolved keeps the team it had, also when that team is no more.
    add column team_id uuid,
    -- What was known when the episode began: page, answers, attributes.
    add column start   jsonb;

-- One row for each conversation that waits. A small table that changes all the time: rows have room to be updated in place, and
-- nothing but its key is indexed.
create table queue_entry (
    conversation_id uuid primary key constraint queue_entry_conversation references conversation,
    team_id         uuid constraint queue_entry_team references team,
    entered_at      timestamptz not null,
    rank            smallint not null,
    vip             boolean not null,
    -- Left a message or wants to be called: no live wait.
    patient         boolean not null,
    demands         jsonb not null,
    language        text,
    channel         text not null,
    weight          smallint not null,
    last_agent_id   uuid,
    only_agent_id   uuid,
    return_team_id  uuid,
    declined        uuid[] not null default '{}',
    offered_to      uuid,
    offered_at      timestamptz,
    offered_until   timestamptz,
    reason          text not null check (reason in ('new', 'reopened', 'returned', 'transferred', 'no_answer', 'agent_gone', 'declined')),
    -- How many rungs of the ladder were taken, and when the next one is.
    step            smallint not null,
    step_at         timestamptz,
    -- How far the visitor's bar has come: it never moves back.
    best_progress   real not null,
    predicted       jsonb,
    updated_at      timestamptz not null
);
alter table queue_entry set (fillfactor = 50);

-- Each wait, with what was promised when it began: the two are held against each other.
create table wait (
    id                uuid primary key,
    conversation_id   uuid not null,
    episode           integer not null,
    team_id           uuid,
    skill_ids         uuid[] not null,
    entered_at        timestamptz not null,
    left_at           timestamptz,
    outcome           text check (outcome in ('assigned', 'left', 'resolved', 'patient', 'moved', 'refused')),
    position          integer not null,
    staffed           integer not null,
    predicted_seconds integer,
    low_seconds       integer,
    high_seconds      integer
);
create index wait_going_on on wait (conversation_id) where left_at is null;
create index wait_over on wait (left_at desc) where left_at is not null;

-- How long agents had conversations in hand: what the estimate is made from.
create table handling (
    id              uuid primary key,
    conversation_id uuid not null,
    episode         integer not null,
    agent_id        uuid not null,
    team_id         uuid,
    started_at      timestamptz not null,
    ended_at        timestamptz
);
create index handling_going_on on handling (conversation_id) where ended_at is null;
create index handling_over on handling (ended_at desc) where ended_at is not null;

-- Past which numbers the queue board raises its voice. At most one row; none until somebody has chosen.
create table queue_threshold (
    singleton       boolean primary key default true constraint queue_threshold_only_one check (singleton),
    waiting         integer,
    longest_seconds integer,
    updated_at      timestamptz not null
);

create table waiting_content (
    id          uuid primary key,
    kind        text not null check (kind in ('video', 'card', 'coupon', 'article')),
    title       text not null,
    body        text not null default '',
    media_url   text,
    link_url    text,
    coupon_code text,
    position    integer not null,
    active      boolean not null,
    conditions  jsonb not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);

create table waiting_content_count (
    content_id  uuid not null constraint waiting_content_count_content references waiting_content on delete cascade,
    day         date not null,
    impressions integer not null,
    clicks      integer not null,
    primary key (content_id, day)
);

-- Who was counted today, so that nobody is counted twice. Emptied behind each day; the day comes first, so that this is cheap.
create table waiting_content_seen (
    day        date not null,
    content_id uuid not null constraint waiting_content_seen_content references waiting_content on delete cascade,
    contact_id uuid not null,
    kind       text not null check (kind in ('impression', 'click')),
    primary key (day, content_id, contact_id, kind)
);
