-- The directory: who exists, which company they belong to, and what waits to be done. No customer's words live here.
create table shared.account (
    id          uuid primary key,
    name        text not null,
    slug        text not null constraint account_slug_key unique check (slug ~ '^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$'),
    -- Never derived from the slug and never changed by a rename: a schema name that followed a slug could point at another company.
    schema_name text not null constraint account_schema_key unique check (schema_name ~ '^t_[0-9a-z]{26}$'),
    status      text not null check (status in ('provisioning', 'active', 'suspended', 'closed')),
    plan        text not null,
    limits      jsonb not null default '{}',
    locale      text not null check (locale in ('en', 'zh-CN')),
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
-- The sweep that finishes signups a crash interrupted.
create index account_provisioning on shared.account (created_at) where status = 'provisioning';

-- Migrated schemas that wait for the next signup.
create table shared.spare_schema (
    schema_name text primary key check (schema_name ~ '^t_[0-9a-z]{26}$'),
    created_at  timestamptz not null
);

-- Which migration each tenant schema stands at; beside the tenant's own table so that levels are listed without opening 2,000 schemas.
create table shared.schema_level (
    schema_name text primary key,
    version     integer not null,
    migrated_at timestamptz not null
);

create table shared.login (
    id                uuid primary key,
    email             text not null constraint login_email_key unique,
    name              text not null,
    password_hash     text not null,
    locale            text not null,
    email_verified_at timestamptz,
    created_at        timestamptz not null
);

create table shared.membership (
    id          uuid primary key,
    account_id  uuid not null references shared.account,
    login_id    uuid not null references shared.login,
    role        text not null check (role in ('owner', 'admin', 'supervisor', 'agent')),
    disabled_at timestamptz,
    created_at  timestamptz not null,
    constraint membership_account_login_key unique (account_id, login_id)
);
create index membership_login on shared.membership (login_id);

-- One row per signed-in browser. The refresh secret rotates; the one before it is honoured for a moment, because two tabs race.
create table shared.session (
    id            uuid primary key,
    login_id      uuid not null references shared.login,
    membership_id uuid not null references shared.membership,
    secret_hash   bytea not null,
    previous_hash bytea,
    rotated_at    timestamptz not null,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    user_agent    text not null,
    created_at    timestamptz not null
);
create index session_login on shared.session (login_id);

create table shared.invitation (
    id          uuid primary key,
    account_id  uuid not null references shared.account,
    email       text not null,
    role        text not null check (role in ('admin', 'supervisor', 'agent')),
    token_hash  bytea not null constraint invitation_token_key unique,
    invited_by  uuid not null references shared.membership,
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    revoked_at  timestamptz,
    created_at  timestamptz not null
);
create index invitation_account on shared.invitation (account_id, created_at);
create unique index invitation_open_key on shared.invitation (account_id, email) where accepted_at is null and revoked_at is null;

-- Links in mails that prove an address or reset a password.
create table shared.email_token (
    token_hash bytea primary key,
    login_id   uuid not null references shared.login,
    purpose    text not null check (purpose in ('verify', 'reset')),
    expires_at timestamptz not null,
    used_at    timestamptz
);

create table shared.api_key (
    id           uuid primary key,
    account_id   uuid not null references shared.account,
    name         text not null,
    scopes       jsonb not null,
    prefix       text not null,
    secret_hash  bytea not null,
    created_by   uuid not null references shared.membership,
    created_at   timestamptz not null,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_key_account on shared.api_key (account_id, created_at);

-- A signup repeated with the same key finds what the first one made.
create table shared.signup (
    idempotency_key uuid primary key,
    request_hash    bytea not null,
    account_id      uuid not null references shared.account,
    membership_id   uuid not null references shared.membership,
    created_at      timestamptz not null
);

-- Answers to writes that carried an Idempotency-Key, for 24 hours.
create table shared.idempotent_answer (
    caller       text not null,
    key          uuid not null,
    request_hash bytea not null,
    status       smallint,
    body         bytea,
    started_at   timestamptz not null,
    primary key (caller, key)
);
create index idempotent_answer_age on shared.idempotent_answer (started_at);

-- Letters to the workers. Delivered at least once.
create table shared.job (
    id           uuid primary key,
    kind         text not null,
    payload      jsonb not null,
    run_at       timestamptz not null,
    attempts     integer not null default 0,
    locked_until timestamptz,
    last_error   text,
    gave_up_at   timestamptz,
    created_at   timestamptz not null
);
create index job_due on shared.job (run_at) where gave_up_at is null;
