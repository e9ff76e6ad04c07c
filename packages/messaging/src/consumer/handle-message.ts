import { createHash } from 'node:crypto';
import {
  type AnyCommand,
  type CustomMetadata,
  type ReactionCommandResult,
  statementsOf,
} from '@leftfold/core';
import type { PipelinedTransaction } from '@leftfold/postgres';
import { HandlerCommands } from '@leftfold/subscriptions';
import type { ConsumedMessage, MessageContext } from './consumed-message.ts';
import type { ConsumerSettings } from './consumer-options.ts';

/** Executes a command of a message, such as `execute` of an app. */
export type ExecuteMessageCommand = (
  command: AnyCommand,
  options: { readonly commandId: string; readonly metadata: CustomMetadata },
) => Promise<ReactionCommandResult>;

const noCommands: ExecuteMessageCommand = async () => {
  throw new TypeError(
    'a consumer made by createConsumer executes no commands; define it by defineConsumer, for an app',
  );
};

/** One attempt to handle a message. */
export interface MessageCall extends Omit<MessageContext, 'idempotencyKey'> {
  /** The message, or those that one of a retired type is read as. */
  readonly messages: readonly ConsumedMessage[];
  /** Resolves when the inbox has taken the message; rejects when it has not. No command is executed before it settles. */
  readonly taken: Promise<unknown>;
  /** Undefined for a consumer that belongs to no app. */
  readonly execute: ExecuteMessageCommand | undefined;
  /** Sends the statements that handlers return. */
  readonly send: PipelinedTransaction['send'];
}

/**
 * Calls the handlers of a message.
 *
 * @returns the answers to the statements that they returned: to be waited for
 * @throws what they throw; TypeError when one returned before a command had ended that it executed
 */
export async function handleMessage(
  { name, handlerOf }: ConsumerSettings,
  { messages, taken, execute = noCommands, send, ...context }: MessageCall,
): Promise<readonly Promise<unknown>[]> {
  const { signal, tx } = context;
  const answers: Promise<unknown>[] = [];
  for (const [index, message] of messages.entries()) {
    const before = messages.slice(0, index).filter(({ type }) => type === message.type).length;
    let key: string | undefined;
    // Most handlers have no use for it, and it costs more than a small message.
    const keyOnce = () => (key ??= keyOf(name, message, before));
    const commands = new HandlerCommands({
      key: keyOnce,
      signal,
      execute: async (command, { commandId, metadata }) => {
        await taken;
        return execute(command, { commandId, metadata: { ...inheritedFrom(message), ...metadata } });
      },
    });
    const returned = await handlerOf(message.type)!(message, {
      ...context,
      get idempotencyKey() {
        return keyOnce();
      },
      execute: commands.execute,
    });
    await commands.settle(`consumer "${name}"`);
    for (const statement of statementsOf(returned)) {
      const answer = send(statement.compile(tx));
      answer.catch(() => {}); // thrown where it is waited for
      answers.push(answer);
    }
  }
  return answers;
}

/** @param before messages of the same type that are read of the same one before it */
function keyOf(consumer: string, { source, id, type }: ConsumedMessage, before: number): string {
  return createHash('sha256')
    .update(JSON.stringify([consumer, source, id, type, before]))
    .digest('base64url');
}

/** A command of a message joins its correlation and its trace. */
function inheritedFrom({ id, attributes }: ConsumedMessage): CustomMetadata {
  const { correlationid: correlationId = id, traceparent } = attributes;
  return { correlationId, causationId: id, ...(traceparent !== undefined && { traceparent }) };
}
