-- Since when nothing that was used is told to the payment provider, because prices are being changed there: what is told for before a
-- change after it is on no invoice. A look that sees how that has ended ends it, and no passing of time.
alter table shared.subscription add column usage_held_at timestamptz;
