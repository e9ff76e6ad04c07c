import { tracingChannel } from 'node:diagnostics_channel';
import { type AppendBatchTrace, type AppendToStreamsResult, type AppendTrace, traced } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';

const appends = tracingChannel<unknown, AppendTrace>('leftfold:append');
const batches = tracingChannel<unknown, AppendBatchTrace>('leftfold:append.batch');

/** Publishes an append on the tracing channel `leftfold:append`. */
export function tracedAppend(
  schema: string,
  { streams, eventCount, commandId }: AppendRequest,
  append: () => Promise<AppendToStreamsResult>,
): Promise<AppendToStreamsResult> {
  return traced(
    appends,
    append,
    (): AppendTrace => ({
      schema,
      streamIds: streams.map(({ streamId }) => streamId),
      eventCount,
      commandId,
    }),
    (message, { position, duplicate }) => {
      message.position = position;
      message.duplicate = duplicate;
    },
  );
}

/** Publishes a batch on the tracing channel `leftfold:append.batch`. */
export function tracedAppendBatch<TResult>(
  schema: string,
  requests: readonly AppendRequest[],
  send: () => Promise<TResult>,
): Promise<TResult> {
  return traced(
    batches,
    send,
    (): AppendBatchTrace => ({
      schema,
      requestCount: requests.length,
      eventCount: requests.reduce((sum, { eventCount }) => sum + eventCount, 0),
    }),
    () => {},
  );
}
