import { createHash } from 'node:crypto';
import { TransportRefusedError } from '@leftfold/core';
import { AckPolicy, type ConsumerConfig, DeliverPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { isApiError, messageSubject, partitionsOf } from './declare-stream.ts';
import type { JetStreamConnection } from './jetstream-connection.ts';
import { apiErrors } from './refusals.ts';

/** A consumer as the server knows it. */
export interface DeclaredConsumer {
  /** A token that stands for its name. */
  readonly token: string;
  /** A durable consumer for each partition. */
  readonly durables: readonly string[];
}

/**
 * Creates the durable consumers of a consumer where they are missing: one for each partition, which begins with the first
 * message that is kept.
 *
 * @throws TransportRefusedError when one is declared otherwise; and what the client throws
 */
export async function declareConsumer(
  connection: JetStreamConnection,
  consumer: string,
): Promise<DeclaredConsumer> {
  const token = tokenOf(consumer);
  const durables = await Promise.all(
    partitionsOf(connection.settings).map(async (partition) => {
      const durable = `${token}-${partition}`;
      await declareDurable(connection, durable, partition);
      return durable;
    }),
  );
  return { token, durables };
}

async function declareDurable(
  connection: JetStreamConnection,
  durable: string,
  partition: number,
): Promise<void> {
  const { manager, settings, name } = connection;
  const { stream, ackWaitMs } = settings;
  const wanted = {
    ack_policy: AckPolicy.Explicit,
    max_deliver: -1,
    filter_subject: messageSubject(settings, partition),
  } satisfies Partial<ConsumerConfig>;
  const changing = { ack_wait: nanos(ackWaitMs), max_ack_pending: -1 };
  const config = await findConsumer(connection, durable);
  if (config === undefined) {
    const deliver_policy = DeliverPolicy.All;
    await manager.consumers.add(stream, { durable_name: durable, deliver_policy, ...wanted, ...changing });
    return;
  }
  const given: Readonly<Record<string, unknown>> = { ...config };
  const differences = Object.entries({ ...wanted, deliver_subject: undefined, inactive_threshold: undefined })
    .filter(([part, value]) => given[part] !== value)
    .map(([part, value]) => `${part} is ${JSON.stringify(given[part])} and must be ${JSON.stringify(value)}`);
  if (differences.length > 0)
    throw new TransportRefusedError(
      name,
      `the consumer ${JSON.stringify(durable)} is declared otherwise: ${differences.join(', ')}; change it, or remove it and have its messages again`,
    );
  if (config.ack_wait !== changing.ack_wait || config.max_ack_pending !== changing.max_ack_pending)
    await manager.consumers.update(stream, durable, changing);
}

async function findConsumer(
  { manager, settings: { stream } }: JetStreamConnection,
  durable: string,
): Promise<ConsumerConfig | undefined> {
  try {
    return (await manager.consumers.info(stream, durable)).config;
  } catch (error) {
    if (isApiError(error, apiErrors.consumerNotFound)) return undefined;
    throw error;
  }
}

const tokenForm = /^[A-Za-z0-9_-]{1,64}$/;

/** A name of any text as one that a server takes: as it is, or its beginning and a hash. */
function tokenOf(consumer: string): string {
  if (tokenForm.test(consumer)) return consumer;
  const hash = createHash('sha256').update(consumer).digest('hex').slice(0, 16);
  return `${consumer.slice(0, 40).replaceAll(/[^A-Za-z0-9_-]/g, '_')}_${hash}`;
}
