-- What a wait keeps when it moves to another line or comes back.
--
-- Additive: columns without a default or with a constant one.

alter table queue_entry
    -- When what was passed on to a team goes back to return_team_id, if nobody has taken it; null when it stays.
    add column return_at timestamptz,
    -- Turned away for good: not even a message is asked for.
    add column refused   boolean not null default false;
