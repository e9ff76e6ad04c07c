import { InvalidArgumentError } from '@leftfold/core';
import { assertFunction, assertOptions, assertWhole, type OptionNames } from '@leftfold/core/input';
import type { ProjectionDifference } from '../compare/projection-difference.ts';
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

/** How the rows of the new tables differ from those that serve: `missing` and `extra` are those of the serving tables. */
export interface RebuildDifference extends ProjectionDifference {
  /** The position at which the rows were compared; of several slices, that of the one which was behind the others. */
  readonly position: number;
}

/** How a projection is rebuilt, when what would change decides whether the new tables serve. */
export interface GatedRebuildOptions extends RebuildOptions {
  /**
   * Called once the new tables have caught up: true lets them serve, false keeps them beside. Both were compared at one
   * position of the log. Until it has returned, the present ones serve, and go on.
   */
  readonly switchIf: (difference: RebuildDifference) => boolean | Promise<boolean>;
  /** Most rows that the difference names. @default 100 */
  readonly limit?: number | undefined;
}

/** What came of a rebuild with a condition. */
export type GatedRebuildResult =
  | (RebuildResult & { readonly difference: RebuildDifference })
  | {
      /** `kept`: the present tables serve, and the new ones follow the log until they are dropped, or asked for again. */
      readonly outcome: 'kept';
      readonly switchedAt?: undefined;
      readonly difference: RebuildDifference;
    };

/** What came of a rebuild. */
export interface RebuildResult {
  /** `switched`: the new tables serve. */
  readonly outcome: 'switched';
  /** When they began to. */
  readonly switchedAt: Date;
}

/** With a condition, or without. */
export type AnyRebuildOptions = RebuildOptions & Partial<GatedRebuildOptions>;
export type AnyRebuildResult = RebuildResult | GatedRebuildResult;

const rollbackNames: OptionNames<RollbackOptions> = { onProgress: true, signal: true };
const rebuildNames: OptionNames<GatedRebuildOptions> = {
  ...rollbackNames,
  slices: true,
  eventsPerSecond: true,
  switchIf: true,
  limit: true,
};

/** @throws InvalidArgumentError */
export function assertRebuildOptions(options: AnyRebuildOptions): void {
  assertOptions('options', options, rebuildNames);
  assertWhole('slices', options.slices, { least: 1, most: 1_024 });
  assertWhole('eventsPerSecond', options.eventsPerSecond, { least: 1 });
  assertFunction('switchIf', options.switchIf);
  assertWhole('limit', options.limit);
  if (options.limit !== undefined && options.switchIf === undefined)
    throw new InvalidArgumentError('limit', 'is for a rebuild with switchIf');
  assertFunction('onProgress', options.onProgress);
}

/** @throws InvalidArgumentError */
export function assertRollbackOptions(options: RollbackOptions): void {
  assertOptions('options', options, rollbackNames);
  assertFunction('onProgress', options.onProgress);
}
