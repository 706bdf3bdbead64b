-- How a brand looks in the chat of its inboxes, where it differs from them.
alter table brand add column look jsonb not null default '{}';
