-- _append_batch for a transaction that must survive a race lost to another writer: each attempt runs in a
-- subtransaction and is repeated until no other writer appends first.
--
-- A projection that is inline and not among applied_inline is demoted in the same transaction. The inline lock is then
-- held until its end: appends that apply inline projections wait.
--
-- idle_limit_ms limits how long the transaction may then be idle, unless it or its role has a limit: readers wait for
-- its end. 0 sets no limit.
create or replace function :schema._append_batch_in_transaction(
  stream_request integer[], stream_id text[], stream_expected_version bigint[], stream_event_count integer[],
  request_command_id text[], check_event_ids boolean,
  :event_array_arguments,
  query_request integer[] default null, query_tags text[] default null, query_types text[] default null,
  query_category text[] default null, query_after bigint[] default null,
  idle_limit_ms integer default 0, lineage text default null,
  applied_inline text[] default '{}',
  out request_status integer[], out request_stream integer[], out request_event_id text[], out request_match jsonb,
  out stream_version bigint[], out event_position bigint[], out recorded_at timestamptz
) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  violated text;
  violations integer := 0;
  id_violations integer := 0;
  idle_limit_set boolean;
  demotions integer := 0;
begin
  -- Its callers need not have read the lineage of the log, which makes sure of the same.
  perform :schema._last_position();

  if idle_limit_ms > 0 and current_setting('idle_in_transaction_session_timeout') = '0' then
    idle_limit_set := set_config('idle_in_transaction_session_timeout', idle_limit_ms::text, true) is not null;
  end if;

  loop
    begin
      select answer.request_status, answer.request_stream, answer.request_event_id, answer.request_match,
             answer.stream_version, answer.event_position, answer.recorded_at
        into request_status, request_stream, request_event_id, request_match, stream_version, event_position, recorded_at
        from :schema._append_batch(
               stream_request => stream_request, stream_id => stream_id,
               stream_expected_version => stream_expected_version, stream_event_count => stream_event_count,
               request_command_id => request_command_id, check_event_ids => check_event_ids,
               :event_passed,
               query_request => query_request, query_tags => query_tags, query_types => query_types,
               query_category => query_category, query_after => query_after, lineage => lineage, applied_inline => applied_inline) as answer;
      -- Raised so that the locks of this attempt are released: two transactions that hold them would wait for each other.
      if 6 = any (request_status) then
        raise exception 'an inline projection would miss events' using errcode = 'LF006';
      end if;
      return;
    exception when sqlstate 'LF006' then
      demotions := demotions + 1;
      begin
        perform :schema._demote_inline_projections(event_type, applied_inline);
      exception when lock_not_available then
        if demotions > 20 then raise; end if;
        perform pg_sleep(0.02 * demotions);
      end;
      -- Without a limit, this transaction would hold up the appends of all processes for as long as its client is paused.
      if current_setting('idle_in_transaction_session_timeout') = '0' then
        perform set_config('idle_in_transaction_session_timeout', '5000', true);
      end if;
    when unique_violation then
      get stacked diagnostics violated = constraint_name;
      if violated not in ('events_stream_version_key', 'events_event_id_key') then raise; end if;
      if violated = 'events_event_id_key' then id_violations := id_violations + 1; end if;
      -- Row security that hides a stream's events from this role makes every attempt fail.
      violations := violations + 1;
      if violations > 300 then raise; end if;
      -- An event id that is twice in one call would be violated in every attempt.
      if id_violations > 100 then
        raise exception 'an event id occurs twice in one append'
          using errcode = 'LF002', hint = 'use an event id for one event only';
      end if;
      check_event_ids := true;
    end;
  end loop;
end
$$;
