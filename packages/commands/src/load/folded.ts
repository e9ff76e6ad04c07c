/** The state of one aggregate at a version of its stream. Shared: whoever gets one must not change it. */
export interface FoldedState {
  readonly state: unknown;
  /** 0 for a stream without events. */
  readonly streamVersion: number;
  /** Position of the event at that version; 0 when there is none. */
  readonly position: number;
  /** Version of the newest snapshot that was read or written; 0 when there is none. */
  readonly snapshotVersion: number;
  /**
   * Arrivals up to this one may take the state for the present one: it was true at some moment after they came.
   */
  readonly asOf: number;
}
