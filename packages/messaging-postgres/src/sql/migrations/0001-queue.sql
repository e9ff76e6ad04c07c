-- 0001-queue · not breaking

-- Who gets the messages of a queue: each consumer gets each of them that is published after it was registered.
create table :schema.consumers (
  queue         text        collate "C" not null,
  consumer      text        collate "C" not null,
  registered_at timestamptz not null default clock_timestamp(),
  constraint consumers_pkey primary key (queue, consumer),
  constraint consumers_lengths check (length(queue) between 1 and 255 and length(consumer) between 1 and 255)
);

-- What a consumer has not acknowledged. A row is deleted when it has.
create table :schema.messages (
  id           bigint      generated always as identity,
  queue        text        collate "C" not null,
  consumer     text        collate "C" not null,
  -- Messages with one key are given to one receiver at a time, in their order.
  key          text        collate "C" not null,
  -- The context attributes of the CloudEvent as a JSON object of texts; of structured content too.
  attributes   text        not null,
  content_type text        not null,
  body         bytea       not null,
  published_at timestamptz not null default clock_timestamp(),
  -- Which process has it, and until when no other one gets it.
  receiver     text        collate "C",
  invisible_until timestamptz,
  deliveries   integer     not null default 0,
  constraint messages_pkey primary key (id),
  constraint messages_consumer_fkey foreign key (queue, consumer)
    references :schema.consumers (queue, consumer) on delete cascade,
  constraint messages_key_length check (length(key) between 1 and 300)
) with (fillfactor = 80);

-- In the order in which a consumer gets them.
create index messages_consumer_idx on :schema.messages (queue, consumer, id);

-- The rows that receivers have: few, whatever waits.
create index messages_delivered_idx on :schema.messages (queue, consumer, key) where receiver is not null;

-- Written by a check that messages are taken.
create table :schema.canaries (
  queue      text        collate "C" not null,
  written_at timestamptz not null,
  constraint canaries_pkey primary key (queue),
  constraint canaries_length check (length(queue) between 1 and 255)
);
