const reading = [
  '_check_lineage',
  '_find_events',
  '_high_water_mark',
  'high_water_mark',
  'read_all',
  'read_stream',
];

/** The functions that each role may execute. Those that write check their arguments and have the rights of the owner. */
export const executable = {
  app: [
    ...reading,
    'append',
    '_append_one',
    '_append_batch',
    '_append_batch_in_transaction',
    '_lock_append',
    '_save_snapshot',
    '_inline_projections',
    '_demote_inline_projections',
  ],
  projector: [
    ...reading,
    '_register_subscriptions',
    '_lock_subscription',
    '_request_slices',
    '_check_leases',
    '_release_leases',
    '_leave_runners',
    '_seize_lease',
    '_advance_checkpoint',
    '_advance_checkpoints',
    '_rewind_checkpoint',
    '_mark_caught_up',
    '_mark_inline',
    '_stop_subscription',
    '_record_attempt',
    '_resume_subscription',
    '_pause_subscription',
    '_begin_rebuild',
    '_lead_copy',
    '_decide_copy',
    '_switch_copy',
    '_record_refusal',
    '_drop_copy',
    '_begin_replay',
    '_lead_replay',
    '_keep_replay',
    '_drop_replay',
    '_drop_abandoned_replays',
    '_drop_version',
    '_projection_versions',
    '_resume_copy',
    '_resume_parked',
    '_give_up_parked',
    '_lock_inline_projections',
    '_lock_appends',
    '_record_published',
    '_rewind_published',
    '_record_processes',
    '_due_deadlines',
    '_settle_deadlines',
  ],
  reader: reading,
  operator: [
    '_check_lineage',
    '_high_water_mark',
    'high_water_mark',
    '_pause_subscription',
    '_resume_subscription',
    '_resume_parked',
    '_give_up_parked',
  ],
} as const;

const log = [
  'events',
  'event_position',
  'subscriptions',
  'subscription_status',
  'projection_copies',
  'parked_events',
  'migrations',
];
const parked = ['parked_keys', 'given_up_events'];
const processes = ['process_instances', 'process_deadlines'];

/** The tables of the log that each role may select from. No role but the owner may write one. */
export const readable = {
  app: [...log, ...processes, 'snapshots'],
  projector: [...log, ...parked, ...processes, 'published_keys'],
  reader: [...log, ...processes, 'snapshots'],
  operator: [
    'subscriptions',
    'subscription_status',
    'projection_copies',
    'parked_events',
    ...parked,
    'migrations',
  ],
} as const;

const whatIsSetAside = {
  parked_keys: ['name', 'version', 'slice', 'key', 'resume_at'],
  given_up_events: ['name', 'version', 'key', 'positions', 'reset_at'],
};

/**
 * The columns that a role may select from a table of the log whose other columns it may not: for a wait, whether an event
 * was set aside; for an explanation, what was given up; for an operator, which event is where, for the check of a token, and since when it waits, and how far
 * instances of processes are, without what their functions made of the data of events.
 */
export const readableColumns = {
  app: whatIsSetAside,
  reader: whatIsSetAside,
  operator: {
    events: ['position', 'event_id', 'recorded_at'],
    process_instances: [
      'process',
      'id',
      'version',
      'status',
      'stream_version',
      'definition',
      'started_at',
      'updated_at',
    ],
    process_deadlines: [
      'process',
      'id',
      'deadline',
      'number',
      'due_at',
      'fire_at',
      'attempts',
      'failure',
      'fired_at',
    ],
  },
} as const;
