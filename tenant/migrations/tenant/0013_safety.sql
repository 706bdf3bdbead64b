-- What of messages is not kept or not taken. At most one row; none until somebody has chosen. `edition` is another one with each
-- change: who writes messages says by which edition they were masked, and a message that was masked by an older one is not written.
create table masking (
    singleton    boolean primary key default true constraint masking_only_one check (singleton),
    edition      uuid not null,
    card_numbers boolean not null,
    resident_ids boolean not null,
    words        text[] not null,
    words_action text not null constraint masking_words_action check (words_action in ('mask', 'refuse')),
    updated_at   timestamptz not null
);

-- Networks from which no visitors come in, for a while or for good. What is over is removed when the next one is added.
create table address_block (
    id         uuid primary key,
    network    cidr not null constraint address_block_network_key unique,
    note       text not null,
    ends_at    timestamptz,
    created_at timestamptz not null
);

-- From how many newcomers a minute on a challenge is asked. At most one row; none until somebody has chosen.
create table spam_guard (
    singleton                boolean primary key default true constraint spam_guard_only_one check (singleton),
    active                   boolean not null,
    visitors_per_minute      integer not null constraint spam_guard_visitors check (visitors_per_minute between 1 and 100000),
    conversations_per_minute integer constraint spam_guard_conversations check (conversations_per_minute between 1 and 100000),
    updated_at               timestamptz not null
);
