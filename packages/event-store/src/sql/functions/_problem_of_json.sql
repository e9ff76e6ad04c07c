-- Why JSON cannot be read by every program, or written as text in little memory; null when it can. Tells it by the binary
-- form: as text, a number has all the digits that its exponent stands for.
create or replace function :schema._problem_of_json(value jsonb) returns text
language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  -- What a program in JavaScript can read: its call stack is limited, and its numbers are doubles.
  select case
    when jsonb_path_exists(value, 'strict $.**{1000 to last}', silent => true)
      then 'is nested more than 1,000 levels deep'
    when jsonb_path_exists(value,
      'strict $.** ? (@.type() == "number" && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))',
      silent => true)
      then 'has a number beyond ±1.7976931348623157e308'
    when jsonb_path_exists(value,
      'strict $.** ? (@.type() == "number" && @ != 0 && @ < 1e-400 && @ > -1e-400)', silent => true)
      then 'has a number that is not 0 and closer to it than 1e-400'
  end
$$;
