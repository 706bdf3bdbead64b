-- What a wait keeps when it moves to another line or comes back.
--
-- Additive: columns without a default or with a constant one.

alter table queue_entry
    -- When what was passed on to a team goes back to return_team_id, if nobody has taken it; null when it stays.
    add column return_at timestamptz,
    -- Turned away for good: not even a message is asked for.
    add column refused   boolean not null default false;

alter table wait
    -- How many rungs of the ladder had been taken when it ended: taken still, should it come back.
    add column step       smallint not null default 0,
    -- What it has been asking for since it overflowed from a line with other rules; null for what the routing rules say.
    add column relaxed    jsonb,
    -- The teams whose lines it has overflowed from: it goes round in no circle.
    add column moved_from uuid[] not null default '{}';
