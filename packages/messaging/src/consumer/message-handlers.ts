import {
  type AnyCommand,
  type AnyEventGroup,
  CommandRejectedError,
  InvalidArgumentError,
} from '@leftfold/core';
import { assertFunction, assertHandlers, assertSomeHandler, typesOf } from '@leftfold/core/input';
import type { AppMessageContext, ConsumedMessage, HandleMessage } from './consumed-message.ts';

/** The handler of a type of messages; undefined for a type that is skipped. */
export type HandlerOf = (type: string) => HandleMessage<ConsumedMessage, AppMessageContext> | undefined;

/** The commands of a message. */
type CommandsOf = (message: ConsumedMessage) => AnyCommand | readonly AnyCommand[];

/** The options that say what is done with messages. They are checked here. */
export interface GivenHandlers {
  readonly name: string;
  readonly messages: readonly AnyEventGroup[];
  readonly on?: object | undefined;
  readonly handle?: unknown;
  readonly commands?: object | undefined;
}

/** @throws InvalidArgumentError unless each type has one handler at most, and one type has one */
export function handlersOf({ name, messages, on, handle, commands }: GivenHandlers): HandlerOf {
  assertFunction('handle', handle);
  const byType = on !== undefined || commands !== undefined;
  if (byType === (handle !== undefined))
    throw new InvalidArgumentError(
      `options of consumer "${name}"`,
      'must have `on` or `commands`, or else `handle`',
    );
  // Sound here and below: each handler is called with messages of its type.
  if (handle !== undefined) return () => handle as HandleMessage<ConsumedMessage, AppMessageContext>;
  const types = typesOf(messages);
  for (const [option, handlers] of Object.entries({ on, commands })) {
    if (handlers === undefined) continue;
    assertHandlers(option, handlers, types);
    assertSomeHandler(`${option} of consumer "${name}"`, handlers);
  }
  const found = new Map<string, HandleMessage<ConsumedMessage, AppMessageContext>>(Object.entries(on ?? {}));
  for (const [type, commandsOf] of Object.entries(commands ?? {})) {
    if (found.has(type))
      throw new InvalidArgumentError(
        `commands of consumer "${name}"`,
        `has "${type}", as \`on\` has; keep one`,
      );
    found.set(type, executing(commandsOf as CommandsOf));
  }
  return (type) => found.get(type);
}

/** Executes the commands one after another. One that is rejected fails the message, which is tried again as any failure. */
function executing(commandsOf: CommandsOf): HandleMessage<ConsumedMessage, AppMessageContext> {
  return async (message, { execute }) => {
    const commands = commandsOf(message);
    for (const command of isList(commands) ? commands : [commands]) {
      const result = await execute(command);
      if (result.outcome === 'rejected') throw new CommandRejectedError(result.command, result.reason);
    }
  };
}

function isList(commands: AnyCommand | readonly AnyCommand[]): commands is readonly AnyCommand[] {
  return Array.isArray(commands);
}
