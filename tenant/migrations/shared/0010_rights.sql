-- Who was erased, as a hash of an id that is chance itself: it names nobody. The same is kept beside the files, which no restore of
-- the database turns back.
create table shared.erasure (
    account_id   uuid not null references shared.account,
    subject_hash bytea not null,
    erased_at    timestamptz not null,
    primary key (account_id, subject_hash)
);
-- Tokens that were given out before are refused for as long as they would live.
create index erasure_recent on shared.erasure (erased_at);

-- Archives that were asked for: a list for the portal, and the queue of those who make them.
create table shared.data_export (
    id                uuid primary key,
    account_id        uuid not null references shared.account,
    holds             text not null check (holds in ('account', 'contact')),
    -- The contact's id. Never a name.
    subject_id        uuid,
    requested_by      uuid not null references shared.membership,
    status            text not null check (status in ('waiting', 'working', 'ready', 'failed', 'expired', 'withdrawn')),
    rows_done         bigint not null default 0,
    rows_about        bigint not null default 0,
    bytes             bigint,
    sha256            text,
    attempts          integer not null default 0,
    locked_until      timestamptz,
    created_at        timestamptz not null,
    ready_at          timestamptz,
    expires_at        timestamptz
);
create index data_export_account on shared.data_export (account_id, created_at desc);
create index data_export_waiting on shared.data_export (created_at) where status in ('waiting', 'working');
create index data_export_kept on shared.data_export (expires_at) where status = 'ready';

-- A key for each company, sealed with the installation's secret: what was sealed with it is noise once it is gone.
create table shared.data_key (
    account_id uuid not null references shared.account,
    version    integer not null,
    sealed     bytea not null,
    created_at timestamptz not null,
    primary key (account_id, version)
);
