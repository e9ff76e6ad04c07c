-- 0001-published-keys · not breaking

-- The last message that a relay has published for each key. Written with the relay's checkpoint, so that each message can
-- name the one before it.
create table :schema.published_keys (
  relay    text collate "C" not null,
  key      text collate "C" not null,
  sequence text collate "C" not null,
  constraint published_keys_pkey primary key (relay, key),
  constraint published_keys_lengths check (length(relay) between 1 and 300 and length(key) between 1 and 300),
  constraint published_keys_sequence_form check (sequence ~ '^[0-9]{16}(\.[0-9]{3,16})?$')
  -- Each batch updates rows of keys that go on: the free space lets their next versions stay on the same page.
) with (fillfactor = 70);
