-- What the estimate of a wait learns from, besides how long it lasted.
--
-- Additive: columns with a constant default or none, and an index over the few rows that have a promise.

alter table wait
    -- Whether it stood before others who had come earlier: an important visitor, a high priority, or back in line.
    add column ahead      boolean not null default false,
    -- When the agent who ended it was asked; null when nobody was asked.
    add column offered_at timestamptz;
create index wait_promised on wait (left_at desc) where uncorrected is not null and outcome = 'assigned';

alter table handling
    -- Whether it was taken from its agent before it was over.
    add column taken boolean not null default false;
