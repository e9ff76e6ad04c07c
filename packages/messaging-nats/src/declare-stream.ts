import { TransportRefusedError } from '@leftfold/core';
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { JetStreamConnection } from './jetstream-connection.ts';
import type { JetStreamSettings } from './jetstream-options.ts';
import { apiErrors } from './refusals.ts';

/** The subject of a message, or without a token of all messages of a partition: what consumers get. */
export function messageSubject({ subject }: JetStreamSettings, partition: number, token = '*'): string {
  return `${subject}.message.${partition}.${token}`;
}

export function partitionsOf({ partitions }: JetStreamSettings): readonly number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}

/** The subject of what shows that messages are taken: no consumer gets it. */
export function checkSubject({ subject }: JetStreamSettings, token = '*'): string {
  return `${subject}.check.${token}`;
}

/**
 * What the stream must be. Each message has a subject of its own, and the stream takes one message for each subject: so it
 * has a message once. Nothing that a consumer may still need is removed by a limit.
 */
function wantedOf(settings: JetStreamSettings) {
  return {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: 1,
    max_age: 0,
    deny_delete: false,
    deny_purge: false,
    sealed: false,
    subjects: [
      ...partitionsOf(settings).map((partition) => messageSubject(settings, partition)),
      checkSubject(settings),
    ],
  } satisfies Partial<StreamConfig>;
}

/**
 * Creates the stream when it is not there.
 *
 * @throws TransportRefusedError when it is declared otherwise; and what the client throws
 */
export async function declareStream(connection: JetStreamConnection): Promise<void> {
  const { settings, name } = connection;
  const wanted = wantedOf(settings);
  const differences = differencesOf(await findOrAdd(connection, wanted), wanted);
  if (differences.length === 0) return;
  throw new TransportRefusedError(
    name,
    `the stream is declared otherwise: ${differences.join(', ')}; change the stream, or name another one (a server before 2.9 cannot have it)`,
  );
}

async function findOrAdd(
  { manager, settings: { stream, replicas } }: JetStreamConnection,
  wanted: ReturnType<typeof wantedOf>,
): Promise<StreamConfig> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (!isApiError(error, apiErrors.streamNotFound)) throw error;
  }
  return (await manager.streams.add({ name: stream, num_replicas: replicas, ...wanted })).config;
}

/** What differs, with the value there and the value that is needed. A server leaves out what is false. */
function differencesOf(config: StreamConfig, wanted: ReturnType<typeof wantedOf>): readonly string[] {
  const given: Readonly<Record<string, unknown>> = { ...config };
  return Object.entries(wanted).flatMap(([part, value]) => {
    const there = given[part] ?? false;
    const same = Array.isArray(value)
      ? Array.isArray(there) && there.length === value.length && value.every((one) => there.includes(one))
      : there === value;
    return same ? [] : [`${part} is ${JSON.stringify(there)} and must be ${JSON.stringify(value)}`];
  });
}

export function isApiError(error: unknown, code: number): error is JetStreamApiError {
  return error instanceof JetStreamApiError && error.code === code;
}
