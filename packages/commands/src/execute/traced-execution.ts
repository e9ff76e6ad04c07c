import { tracingChannel } from 'node:diagnostics_channel';
import { type ExecuteTrace, traced } from '@leftfold/core';
import type { AnyResult } from './command-result.ts';

const channel = tracingChannel<unknown, ExecuteTrace>('leftfold:execute');

/** Publishes an execution on the tracing channel `leftfold:execute`. */
export function tracedExecution(
  { name, commandId }: { readonly name: string; readonly commandId: string },
  execute: () => Promise<AnyResult>,
): Promise<AnyResult> {
  const messageOf = (): ExecuteTrace => ({ command: name, commandId });
  return traced(channel, execute, messageOf, (message, result) => {
    message.outcome = result.outcome;
    message.attempts = result.attempts;
    if (result.outcome === 'rejected') message.reason = result.reason;
    else message.duplicate = result.duplicate;
  });
}
