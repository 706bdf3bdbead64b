-- How members prove who they are, beside a password. A login without a password has an empty hash.
alter table shared.session
    -- By what the person came in, and whether that is worth two factors.
    add column method text not null default 'password' check (method in ('password', 'totp', 'recovery_code', 'passkey', 'sso')),
    -- When the person last proved who they are; null when what proved it is not theirs alone to give.
    add column proven_at timestamptz,
    -- The company asks for a second factor and the person has none yet: good for setting one up, and for nothing else.
    add column enrol_only boolean not null default false,
    -- Where the browser's clock is, like Europe/Berlin.
    add column time_zone text;
update shared.session set proven_at = created_at;

create table shared.totp (
    login_id     uuid primary key references shared.login,
    secret       bytea not null,
    -- Null until a first code has shown that the app has it.
    confirmed_at timestamptz,
    -- The newest step a code was taken for: no code is taken twice.
    last_step    bigint not null default 0,
    created_at   timestamptz not null
);

create table shared.recovery_code (
    login_id  uuid not null references shared.login,
    code_hash bytea not null,
    used_at   timestamptz,
    primary key (login_id, code_hash)
);

create table shared.passkey (
    id            uuid primary key,
    login_id      uuid not null references shared.login,
    credential_id bytea not null constraint passkey_credential_key unique,
    credential    jsonb not null,
    name          text not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz
);
create index passkey_login on shared.passkey (login_id, created_at);

-- What stands between two requests of one proof: a challenge, and what is needed to judge its answer. Used once, for minutes.
create table shared.ceremony (
    id            uuid primary key,
    secret_hash   bytea not null,
    kind          text not null check (kind in ('second_factor', 'passkey_new', 'passkey_login', 'passkey_proof', 'sso')),
    login_id      uuid references shared.login,
    membership_id uuid references shared.membership,
    state         jsonb not null,
    attempts      integer not null default 0,
    expires_at    timestamptz not null
);
create index ceremony_age on shared.ceremony (expires_at);

-- How the members of a company sign in.
create table shared.sign_in (
    account_id             uuid primary key references shared.account,
    second_factor_required boolean not null default false,
    sso_issuer             text,
    sso_client_id          text,
    sso_client_secret      bytea,
    sso_default_role       text check (sso_default_role in ('admin', 'supervisor', 'agent')),
    -- Everybody but the owner comes in by the company's own provider only.
    sso_only               boolean not null default false,
    updated_at             timestamptz not null
);

-- The domains whose addresses the company's provider may speak for, once somebody there has said so.
create table shared.sso_domain (
    id         uuid primary key,
    account_id uuid not null references shared.account,
    domain     text not null,
    sent_to    text not null,
    token_hash bytea not null constraint sso_domain_token_key unique,
    expires_at timestamptz not null,
    proven_at  timestamptz,
    created_at timestamptz not null,
    constraint sso_domain_account_key unique (account_id, domain)
);
create index sso_domain_proven on shared.sso_domain (domain) where proven_at is not null;

-- Who somebody is at the company's provider. The address may change there; the subject does not.
create table shared.sso_identity (
    account_id   uuid not null references shared.account,
    issuer       text not null,
    subject      text not null,
    login_id     uuid not null references shared.login,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    primary key (account_id, issuer, subject)
);

-- A link that changes an address carries the new one.
alter table shared.email_token add column email text;
alter table shared.email_token drop constraint email_token_purpose_check;
alter table shared.email_token add constraint email_token_purpose_check check (purpose in ('verify', 'reset', 'email'));
