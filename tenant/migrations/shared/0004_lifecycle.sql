-- The end of a company: closed by its owner, restorable for a while, then taken away step by step. `erasure` says which steps are done,
-- so that whoever finds it half-way goes on.
alter table shared.account
    add column closed_at    timestamptz,
    add column delete_after timestamptz,
    add column deleted_at   timestamptz,
    add column erasure      text check (erasure in ('audit_kept', 'schema_dropped'));
alter table shared.account drop constraint account_status_check;
alter table shared.account add constraint account_status_check
    check (status in ('provisioning', 'active', 'suspended', 'closed', 'deleting', 'deleted'));
create index account_closed on shared.account (delete_after) where status in ('closed', 'deleting');
-- Two addresses that a reader takes for one another: digits that look like letters, and hyphens.
create index account_look_alike on shared.account (translate(replace(slug, '-', ''), '0135l', 'oiesi'));

-- What the operator keeps of a company that is gone: who (by id) did what and when, no names and no addresses.
create table shared.kept_audit (
    account_id uuid not null references shared.account,
    id         uuid not null,
    actor_kind text not null,
    actor_id   text,
    action     text not null,
    target     text,
    at         timestamptz not null,
    primary key (account_id, id)
);
