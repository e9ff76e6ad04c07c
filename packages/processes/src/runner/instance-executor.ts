import { createCommandExecutor } from '@leftfold/commands';
import type { AnyProcess, MetadataSchema } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { ExecuteProcessCommand } from '../engine/execute-command.ts';
import { instanceAggregates } from '../instance/process-aggregate.ts';

/** Executes what the framework does to instances. It passes no middleware, which could reject what has to be recorded. */
export function instanceExecutor(
  store: PostgresEventStore,
  processes: readonly AnyProcess[],
  metadata: MetadataSchema | undefined,
): ExecuteProcessCommand {
  const aggregates = instanceAggregates(processes);
  const executor = createCommandExecutor({ store, aggregates, ...(metadata && { metadata }) });
  return (command, options) => executor.execute(command, options);
}
