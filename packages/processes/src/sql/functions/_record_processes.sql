-- What some events of instances have changed, in the transaction that moves the checkpoint of their process. Closed deadlines
-- go first: all of an instance, those of a name, or those that an input of a type cancels.
create or replace function :schema._record_processes(process text, instances jsonb, closed jsonb, opened jsonb)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from :schema.process_deadlines as deadline
   using jsonb_to_recordset(_record_processes.closed) as gone (id text, deadline text, until_input text)
   where deadline.process = _record_processes.process
     and deadline.id = gone.id
     and (gone.deadline is null or deadline.deadline = gone.deadline)
     and (gone.until_input is null or deadline.until_input = gone.until_input);

  -- Due by the clock of the database: the event has its time from there.
  insert into :schema.process_deadlines as deadline
         (process, id, deadline, number, due_at, until_input, metadata, fire_at)
  select _record_processes.process, open.id, open.deadline, open.number, due.at, open.until_input, open.metadata, due.at
    from jsonb_to_recordset(_record_processes.opened)
      as open (id text, deadline text, number bigint, recorded_at timestamptz, after_ms double precision,
               at_ms double precision, until_input text, metadata jsonb)
   cross join lateral (select coalesce(to_timestamp(open.at_ms / 1000), open.recorded_at + open.after_ms * interval '1 millisecond')) as due (at)
   order by open.id, open.deadline
      on conflict on constraint process_deadlines_pkey do update
         set number = excluded.number, due_at = excluded.due_at, until_input = excluded.until_input,
             metadata = excluded.metadata, fire_at = excluded.fire_at, attempts = 0,
             failure = null, fired_at = null
       where deadline.number < excluded.number;

  insert into :schema.process_instances as instance
         (process, id, version, definition, status, summary, failure, stream_version, started_at, updated_at)
  select _record_processes.process, changed.id, coalesce(changed.version, 1), changed.definition, changed.status, changed.summary,
         case when changed.status in ('failed', 'cancelled') then changed.failure end, changed.stream_version, changed.recorded_at, changed.recorded_at
    from jsonb_to_recordset(_record_processes.instances)
      as changed (id text, version integer, definition text, status text, summary text, failure text, stream_version bigint,
                  recorded_at timestamptz)
   order by changed.id
      on conflict on constraint process_instances_pkey do update
         set version = greatest(excluded.version, instance.version),
             definition = coalesce(excluded.definition, instance.definition),
             status = excluded.status,
             summary = coalesce(excluded.summary, instance.summary),
             failure = case when excluded.status in ('failed', 'cancelled') then coalesce(excluded.failure, instance.failure) end,
             stream_version = excluded.stream_version,
             updated_at = excluded.updated_at
       where instance.stream_version < excluded.stream_version
$$;
