import { randomUUID } from 'node:crypto';
import type { AnyCommand } from '@leftfold/core';
import type { ExecuteProcessCommand } from '@leftfold/processes';
import type { Random } from '../../random.ts';
import { till } from './errands.ts';

interface Executes {
  readonly execute: ExecuteProcessCommand;
}

/** The control: each command has an id of its own each time, also one that was executed before. */
export function withRandomIds({ execute }: Executes): Executes {
  return { execute: (command, options) => execute(command, { ...options, commandId: randomUUID() }) };
}

/** What executes the commands of a process, as it is. */
export function executedBy({ execute }: Executes): ExecuteProcessCommand {
  return (command, options) => execute(command, options);
}

/**
 * The control: nothing keeps a former owner from what it does late. A rejection is not recorded under the id of its command,
 * and expects no version, and the next owner does not say that it goes on.
 */
export function withoutBar({ execute }: Executes, hasBar: boolean): ExecuteProcessCommand {
  if (hasBar) return execute;
  return (command, options) => {
    // Instead of it something that is always accepted, and appends nothing.
    const isBar = 'name' in command && command.name === 'continue';
    if (!isBar) {
      const commandId = recordsRejection(command) ? randomUUID() : options.commandId;
      return execute(command, { ...options, commandId, expectedVersion: undefined });
    }
    return execute(till.command.look('none', {}), {});
  };
}

/** Whether a command records that another one was rejected. */
export function recordsRejection(command: AnyCommand): boolean {
  const { type } = command.input as { readonly type?: string };
  return 'name' in command && command.name === 'record' && type === 'rejected';
}

export interface PausesOptions {
  readonly random: Random;
  /** The shortest and the longest pause. */
  readonly pauseMs: readonly [least: number, most: number];
  readonly isOver: () => boolean;
  readonly onPaused: () => void;
}

const PAUSED_EVERY_MS = [2_000, 8_000] as const;

/**
 * Pauses this process as a signal does, at the worst moment: a command was rejected, and when the process goes on, it records
 * that before it can see that it has lost its leases.
 */
export function pausedAtRejections(
  { execute }: Executes,
  { random, pauseMs, isOver, onPaused }: PausesOptions,
): ExecuteProcessCommand {
  let next = performance.now() + random.between(...PAUSED_EVERY_MS);
  return (command, options) => {
    if (recordsRejection(command) && performance.now() > next && !isOver()) {
      onPaused();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random.between(...pauseMs));
      next = performance.now() + random.between(...PAUSED_EVERY_MS);
    }
    return execute(command, options);
  };
}
