-- A key may end by itself, and may get a new secret while the one before still works for a while.
alter table shared.api_key
    add column expires_at     timestamptz,
    add column previous_hash  bytea,
    add column previous_until timestamptz,
    add column rotated_at     timestamptz;

-- The one-time link with which the first owner of a private installation comes in.
create table shared.setup_link (
    token_hash bytea primary key,
    expires_at timestamptz not null,
    used_at    timestamptz
);
