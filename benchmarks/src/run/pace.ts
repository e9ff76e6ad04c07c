/** The amounts and durations of a run. */
export interface Pace {
  readonly full: boolean;
  /** Counted repetitions of each workload, interleaved with those that it is compared with. */
  readonly repetitions: number;
  /** Duration of one repetition, for workloads that run for a time. */
  readonly sampleMs: number;
  /** Duration before the measurement: connections are opened, statements prepared, code compiled. */
  readonly warmUpMs: number;
  /** Duration for each size and number of connections of the bulk insert. */
  readonly sweepMs: number;
  /** Number of events for a table projection. */
  readonly catchUpEvents: number;
  /** Number of events for a projection with one statement for each event. */
  readonly statementEvents: number;
  /** Number of events for a projection whose fold takes CPU. */
  readonly slicedEvents: number;
  /** Number of messages that are published, or handled. */
  readonly messages: number;
  /** Number of instances of a process, with one command each. */
  readonly steps: number;
  /** Number of events for the projection of a peer. */
  readonly peerEvents: number;
  /** A peer that does not apply them in this time is judged by the events that it has applied. */
  readonly peerLimitMs: number;
  /** Number of appends in one repetition whose time to the read model is measured. */
  readonly probes: number;
}

export const fullPace: Pace = {
  full: true,
  repetitions: 5,
  sampleMs: 3_000,
  warmUpMs: 500,
  sweepMs: 2_000,
  catchUpEvents: 200_000,
  statementEvents: 20_000,
  slicedEvents: 40_000,
  messages: 40_000,
  steps: 10_000,
  peerEvents: 20_000,
  peerLimitMs: 10_000,
  probes: 400,
};

export const quickPace: Pace = {
  full: false,
  repetitions: 3,
  sampleMs: 500,
  warmUpMs: 150,
  sweepMs: 200,
  catchUpEvents: 100_000,
  statementEvents: 3_000,
  slicedEvents: 10_000,
  messages: 10_000,
  steps: 2_000,
  peerEvents: 2_000,
  peerLimitMs: 3_000,
  probes: 80,
};

/** The pace of the repetition that is not counted. */
export function warmUpOf(pace: Pace): Pace {
  return { ...pace, sampleMs: pace.warmUpMs, peerLimitMs: Math.min(pace.peerLimitMs, 2_000), probes: 10 };
}
