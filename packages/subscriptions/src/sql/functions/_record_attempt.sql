-- Records that an attempt failed which is made again: of an event, or of anything else. It counts for as long as the
-- checkpoint is at from_position. Does nothing when it is elsewhere, or the lease has another epoch or owner.
create or replace function :schema._record_attempt(
  name text, version integer, slice integer, epoch bigint, owner text, from_position bigint,
  failed_position bigint, failed_type text, failed_message text, attempts integer
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set retry_from = from_position,
         retry_position = _record_attempt.failed_position,
         retry_type = _record_attempt.failed_type,
         retry_message = _record_attempt.failed_message,
         retry_attempts = attempts
   where subscription.name = _record_attempt.name
     and subscription.version = _record_attempt.version
     and subscription.slice = _record_attempt.slice
     and subscription.epoch = _record_attempt.epoch
     and subscription.owner = _record_attempt.owner
     and subscription.position = from_position
$$;
