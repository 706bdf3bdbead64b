-- What visitors are told, and where else they can turn, while the company cannot answer as usual. At most one row; none until
-- somebody has written a plan. Read whenever a widget is loaded.
create table emergency (
    singleton  boolean primary key default true constraint emergency_only_one check (singleton),
    active     boolean not null,
    message    text,
    contacts   jsonb not null,
    updated_at timestamptz not null
);
