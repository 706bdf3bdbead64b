-- How far ahead of time whoever tries a guarded door is. Keys are hashes. A crash may forget them: attempts of minutes.
create unlogged table shared.attempt (
    key bytea primary key,
    due timestamptz not null
);
create index attempt_due on shared.attempt (due);
