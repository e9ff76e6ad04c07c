/** How much is measured, and how often. */
export interface Pace {
  readonly full: boolean;
  /** Of each workload, interleaved with those it is compared with. */
  readonly repetitions: number;
  /** Of one repetition, where a workload runs for a time. */
  readonly sampleMs: number;
  /** Before the clock of a repetition starts: connections are opened, statements prepared, code compiled. */
  readonly warmUpMs: number;
  /** Of each size and number of connections that the bulk insert is tried with. */
  readonly sweepMs: number;
  /** Events that a folding projection catches up on. */
  readonly catchUpEvents: number;
  /** Events that a projection with a statement for each catches up on. */
  readonly statementEvents: number;
  /** Events that a peer's projection catches up on. */
  readonly peerEvents: number;
  /** A peer that does not get through them in this time is judged by how far it came. */
  readonly peerLimitMs: number;
  /** Appends whose way into a read model is watched, in one repetition. */
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
  peerEvents: 2_000,
  peerLimitMs: 3_000,
  probes: 80,
};

/** For the repetition that is not counted. */
export function warmUpOf(pace: Pace): Pace {
  return { ...pace, sampleMs: pace.warmUpMs, peerLimitMs: Math.min(pace.peerLimitMs, 2_000), probes: 10 };
}
