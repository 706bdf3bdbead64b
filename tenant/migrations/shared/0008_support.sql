-- A company lets us in for some hours; we look, and it sees that we do.
create table shared.support_grant (
    id          uuid primary key,
    account_id  uuid not null references shared.account,
    granted_by  uuid not null references shared.membership,
    -- Whether we may also change things, not only look.
    changes     boolean not null,
    granted_at  timestamptz not null,
    expires_at  timestamptz not null,
    revoked_at  timestamptz
);
create index support_grant_account on shared.support_grant (account_id, granted_at desc);
create table shared.support_visit (
    id          uuid primary key,
    grant_id    uuid not null references shared.support_grant,
    account_id  uuid not null references shared.account,
    secret_hash bytea not null constraint support_visit_secret_key unique,
    -- Who of us, as they said to the command line.
    operator    text not null,
    reason      text not null,
    changes     boolean not null,
    begun_at    timestamptz not null,
    expires_at  timestamptz not null
);
create index support_visit_account on shared.support_visit (account_id, begun_at desc);
