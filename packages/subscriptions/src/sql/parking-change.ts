/** Why a key is parked. */
export interface Failure {
  readonly key: string;
  readonly position: number;
  readonly type: string;
  readonly message: string;
  readonly release: string;
  /** How often the event was tried. */
  readonly attempts: number;
  /** Milliseconds until it is tried again without being asked. @default never */
  readonly retryMs?: number | undefined;
}

/** An event, set aside for one of its keys. */
export interface ParkedPlace {
  readonly key: string;
  readonly position: number;
}

/** What a batch does with parked keys, in the transaction of its checkpoint. */
export interface ParkingChange {
  /** Events that are set aside. Each of their keys is parked before, or has a failure in this change. */
  readonly parked: readonly ParkedPlace[];
  /** Why keys are parked, or are parked again. */
  readonly failures: readonly Failure[];
  /** Events that were set aside, and are processed by this batch. */
  readonly resumed: readonly ParkedPlace[];
  /** Keys of which no event is set aside any more: later ones are processed in batches again. */
  readonly freed: readonly string[];
}

/** Which parked keys a statement about a checkpoint changes: asked with the range of the batch. */
export interface ParkingChanges {
  /** @returns undefined when the batch changes nothing */
  changeOf(from: number, to: number): ParkingChange | undefined;
}

/** As `_advance_checkpoint` takes it: null when there is nothing to change. */
export function parkingAsJson(change: ParkingChange | undefined): string | null {
  if (change === undefined) return null;
  const { parked, failures, resumed, freed } = change;
  if (parked.length + failures.length + resumed.length + freed.length === 0) return null;
  return JSON.stringify({ parked, failures: failures.map(asRow), resumed, freed });
}

function asRow({ retryMs, ...failure }: Failure) {
  return { ...failure, retry_ms: retryMs ?? null };
}
