-- What people may ask of us: that they are forgotten, and that nothing is kept for longer than need be.
--
-- Additive: columns that are null, an index over what is resolved, and a table of at most one row.
alter table contact
    -- When all that was known of them was erased. Their conversations stay as shells, for the numbers.
    add column erased_at timestamptz;
alter table conversation
    -- When its texts were erased.
    add column erased_at timestamptz;

-- What is resolved and still has its texts, oldest first. No message changes what is indexed here.
create index conversation_kept on conversation (resolved_at) where status = 'resolved' and erased_at is null;

-- For how many days what is kept; null: for ever. At most one row; none until somebody has chosen.
create table retention (
    singleton         boolean primary key default true constraint retention_only_one check (singleton),
    conversation_days integer constraint retention_conversation_days check (conversation_days between 1 and 3650),
    contact_days      integer constraint retention_contact_days check (contact_days between 1 and 3650),
    audit_days        integer constraint retention_audit_days check (audit_days between 30 and 3650),
    updated_at        timestamptz not null,
    -- When what is over was last looked for.
    swept_at          timestamptz
);
