create table if not exists invoice_lines (
  id       bigint generated always as identity,
  order_id text    not null,
  line     integer not null,
  cents    integer not null constraint invoice_lines_cents check (cents >= 0),
  constraint invoice_lines_pkey primary key (order_id, line)
);
