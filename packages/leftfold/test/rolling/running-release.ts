import { type LogToken } from '@leftfold/core';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import type { ProjectionStatus } from '@leftfold/projections';
import type { Answer, Order, ToldError } from './protocol.ts';
import type { ReleaseName } from './releases.ts';

interface Row {
  readonly account_id: string;
  readonly owner: string;
  readonly cents: number;
}

interface Executed {
  readonly outcome: string;
  readonly token: LogToken;
  readonly events: readonly { readonly schemaVersion: number; readonly data: unknown }[];
}

/** An error of another process. */
export class OtherProcessError extends Error {
  readonly code: unknown;
  readonly retryable: unknown;

  constructor({ message, code, retryable }: ToldError) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** A process that runs one release of the app at a time. */
export class RunningRelease implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  /** Tokens of the commands that were accepted. */
  readonly acknowledged: LogToken[] = [];
  #asked = 0;

  private constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.#process = process;
    process.on('message', (answer: Answer) => {
      const { resolve, reject } = this.#open.get(answer.id)!;
      this.#open.delete(answer.id);
      if ('error' in answer) reject(new OtherProcessError(answer.error));
      else resolve(answer.value);
    });
    process.once('exit', (code, signal) => {
      for (const { reject } of this.#open.values())
        reject(new Error(`process ${name} ended: ${code ?? signal}`));
    });
  }

  static async fork(name: string): Promise<RunningRelease> {
    const child = fork(new URL('release-process.ts', import.meta.url), [], {
      execArgv: [...typescriptFlags, '--no-warnings'], // the incidents say the same
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`process ${name} ended before it began`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return new RunningRelease(name, child);
  }

  start(release: ReleaseName, url: string): Promise<unknown> {
    this.acknowledged.length = 0;
    return this.#ask({ do: 'start', release, url, owner: this.name });
  }

  async execute(name: string, id: string, input: object): Promise<Executed> {
    const command = { aggregate: 'account', id, name, input };
    const executed = (await this.#ask({ do: 'execute', command })) as Executed;
    this.acknowledged.push(executed.token);
    return executed;
  }

  query(
    projection: string,
    options: { atLeast?: LogToken; timeoutMs?: number } = {},
  ): Promise<readonly Row[]> {
    return this.#ask({ do: 'query', projection, options }) as Promise<readonly Row[]>;
  }

  waitFor(projection: string, token: LogToken): Promise<unknown> {
    return this.#ask({ do: 'waitFor', projection, token });
  }

  whenCaughtUp(projection: string): Promise<unknown> {
    return this.#ask({ do: 'whenCaughtUp', projection });
  }

  reset(projection: string): Promise<unknown> {
    return this.#ask({ do: 'reset', projection });
  }

  status(): Promise<readonly ProjectionStatus[]> {
    return this.#ask({ do: 'status' }) as Promise<readonly ProjectionStatus[]>;
  }

  /** Of the first projection of this name. */
  async stateOf(projection: string): Promise<string | undefined> {
    return (await this.status()).find(({ name }) => name === projection)?.state;
  }

  incidents(): Promise<readonly ToldError[]> {
    return this.#ask({ do: 'incidents' }) as Promise<readonly ToldError[]>;
  }

  /** Closes the app. The process can start another release. */
  stop(): Promise<unknown> {
    return this.#ask({ do: 'stop' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await killProcess(this.#process);
  }

  #ask(order: Order): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#process.send({ id, order });
    });
  }
}
