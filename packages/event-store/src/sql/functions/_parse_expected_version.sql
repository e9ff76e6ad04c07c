-- The code that _append_batch takes for an expected version as append takes it.
create or replace function :schema._parse_expected_version(expected_version text) returns bigint
language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  code constant bigint := case expected_version
                            when 'any' then -1
                            when 'no-stream' then 0
                            when 'stream-exists' then -2
                            else substring(expected_version from '^[0-9]{1,16}$')::bigint
                          end;
begin
  if code is null then
    raise exception 'expected_version must be a version from 0, ''any'', ''no-stream'' or ''stream-exists'', not %',
      coalesce(quote_literal(expected_version), 'null') using errcode = '22023';
  end if;
  return code;
end
$$;
