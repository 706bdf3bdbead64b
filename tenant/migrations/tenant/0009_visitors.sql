-- Who vouches for visitors, which of their tokens were used, whose visits have ended, and who may not write any more.
--
-- Additive: three new tables, and columns without a default or with a constant one.

-- What a company's own server signs its visitors' tokens with.
create table identity_key (
    id           uuid primary key,
    inbox_id     uuid not null references inbox,
    name         text not null,
    algorithm    text not null check (algorithm in ('HS256', 'EdDSA')),
    -- HS256: the shared secret, sealed. EdDSA: the public key, 32 bytes.
    material     bytea not null,
    created_at   timestamptz not null,
    last_used_at timestamptz,
    -- From then on its tokens are refused: revoked, or its successor has taken over.
    ends_at      timestamptz
);
create index identity_key_inbox on identity_key (inbox_id, created_at);

-- Tokens that were presented: each counts once, however often the answer to it is lost on the way.
create table identity_token (
    token_hash bytea primary key,
    attempt    uuid not null,
    expires_at timestamptz not null
);
create index identity_token_expired on identity_token (expires_at);

-- Visitors' tokens from before this instant count no more. The subject is a contact, one visit, an identity key, or an inbox (for
-- those who came to it without being vouched for).
create table visit_end (
    subject uuid primary key,
    at      timestamptz not null
);
create index visit_end_at on visit_end (at);

alter table inbox
    -- Whether only visitors who are vouched for may write, once the inbox has seen one.
    add column identity_required boolean not null default true,
    add column identified_at     timestamptz;

alter table contact
    add column blocked_at timestamptz;
-- Whose browsers these are: a contact that is merged takes them along.
create index contact_inbox_contact on contact_inbox (contact_id);
