import type { AnyCommand, CustomMetadata, ReactionCommandResult, ReactionContext } from '@leftfold/core';

/** What a command of a handler is executed with. */
export interface HandlerCommandOptions {
  /** The same each time the handler makes this call. */
  readonly commandId: string;
  readonly metadata: CustomMetadata | undefined;
}

/** The commands of one call of a handler, awaited or not. */
export class HandlerCommands {
  readonly #key: () => string;
  readonly #signal: AbortSignal;
  readonly #execute: (command: AnyCommand, options: HandlerCommandOptions) => Promise<ReactionCommandResult>;
  readonly #executing = new Set<Promise<unknown>>();
  #calls = 0;
  #isSettled = false;

  /**
   * @param parts.key the same each time the handler is called for the same thing: command ids begin with it
   * @param parts.signal no command begins after it
   */
  constructor(parts: {
    readonly key: () => string;
    readonly signal: AbortSignal;
    readonly execute: (command: AnyCommand, options: HandlerCommandOptions) => Promise<ReactionCommandResult>;
  }) {
    this.#key = parts.key;
    this.#signal = parts.signal;
    this.#execute = parts.execute;
  }

  /** What the handler gets: the number of the call is part of the command's id. */
  readonly execute: ReactionContext['execute'] = (command, given) => {
    this.#calls += 1;
    const options = { commandId: `${this.#key()}-${this.#calls}`, metadata: given?.metadata };
    const executed = (async () => {
      this.#signal.throwIfAborted();
      if (this.#isSettled)
        throw new TypeError(
          'execute was called after the handler had returned; call it, and await its promise, before the handler returns',
        );
      return this.#execute(command, options);
    })();
    this.#executing.add(executed);
    const over = () => void this.#executing.delete(executed);
    executed.then(over, over);
    // Sound: the result is that of this command.
    return executed as never;
  };

  /**
   * To be called when the handler has returned: waits for the commands that it has not awaited, and refuses later ones.
   *
   * @param of the handler, for the message
   * @throws TypeError when there was one: what it threw would be lost
   */
  async settle(of: string): Promise<void> {
    this.#isSettled = true;
    if (this.#executing.size === 0) return;
    await Promise.allSettled(this.#executing);
    throw new TypeError(
      `the handler of ${of} returned before a command had ended that it executed; await the promise of execute`,
    );
  }
}
