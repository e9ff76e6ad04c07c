import { assertFunction, assertOptions, assertWhole, type OptionNames } from '@leftfold/core/input';
import type { RebuildStatus } from './rebuild-status.ts';

/** How the end of a rollback is waited for. */
export interface RollbackOptions {
  /** Called several times in a second. */
  readonly onProgress?: ((status: RebuildStatus) => void) | undefined;
  /** Ends the wait with the signal's reason. The building goes on: `dropRebuild` ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a projection is rebuilt. */
export interface RebuildOptions extends RollbackOptions {
  /**
   * Into how many slices the building is divided, at most 1024: as many processes work on it side by side. A projection
   * that is inline takes 1. @default what the projection declares, or 1
   */
  readonly slices?: number | undefined;
  /** Most events that the building applies in a second, by all processes together. From 1. @default no limit */
  readonly eventsPerSecond?: number | undefined;
}

/** What came of a rebuild. */
export interface RebuildResult {
  /** `switched`: the new tables serve. */
  readonly outcome: 'switched';
  /** When they began to. */
  readonly switchedAt: Date;
}

const rollbackNames: OptionNames<RollbackOptions> = { onProgress: true, signal: true };
const rebuildNames: OptionNames<RebuildOptions> = { ...rollbackNames, slices: true, eventsPerSecond: true };

/** @throws InvalidArgumentError */
export function assertRebuildOptions(options: RebuildOptions): void {
  assertOptions('options', options, rebuildNames);
  assertWhole('slices', options.slices, { least: 1, most: 1_024 });
  assertWhole('eventsPerSecond', options.eventsPerSecond, { least: 1 });
  assertFunction('onProgress', options.onProgress);
}

/** @throws InvalidArgumentError */
export function assertRollbackOptions(options: RollbackOptions): void {
  assertOptions('options', options, rollbackNames);
  assertFunction('onProgress', options.onProgress);
}
