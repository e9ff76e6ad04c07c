import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { killProcess, pauseProcess } from '@leftfold/testbed/faults';

/**
 * A process that is started again with the same task whenever it is killed, also by itself with SIGKILL. Its script calls
 * `serve`.
 */
export class RestartedProcess {
  readonly name: string;
  readonly #script: URL;
  readonly #task: object;
  #process: ChildProcess;
  #generation = 0;
  #order: object | undefined;
  /** Set when it ended by itself. */
  #exitCode: number | undefined;
  #stderr = '';
  /** One that is paused does not notice that the oracle has ended. */
  readonly #endWithOracle = () => this.abandon();

  /** @param task is handed to the script as JSON. */
  constructor(name: string, script: URL, task: object) {
    this.name = name;
    this.#script = script;
    this.#task = task;
    this.#process = this.#start();
    process.once('exit', this.#endWithOracle);
  }

  get running(): boolean {
    return this.#exitCode === undefined;
  }

  /** What is wrong with how it ended; undefined when it ended well. */
  get failure(): string | undefined {
    if (this.#exitCode === 0) return undefined;
    return this.running ? 'did not end' : `ended with exit code ${this.#exitCode}. ${this.#stderr}`;
  }

  /** Resolves when it has begun its work for the first time. @throws Error when it ends before. */
  async ready(): Promise<void> {
    const ended = once(this.#process, 'exit').then(() => {
      throw new Error(`process ${this.name} ended before it began. ${this.#stderr}`);
    });
    await Promise.race([once(this.#process, 'message'), ended]);
  }

  /** A process that is killed gets the last order when it is started again. */
  tell(order: object): void {
    this.#order = order;
    this.#process.send(order, () => {});
  }

  /** @returns false when it had ended by itself, and could not be killed. */
  async kill(): Promise<boolean> {
    if (!this.running) return false;
    const killed = this.#process;
    killed.removeAllListeners('exit'); // it does not end by itself
    await killProcess(killed);
    this.#process = this.#start();
    return true;
  }

  /** @returns false when it had ended by itself, and could not be paused. */
  async stallFor(pause: Promise<void>): Promise<boolean> {
    if (!this.running) return false;
    await pauseProcess(this.#process, pause);
    return true;
  }

  /** @returns false when it is still running after that time. */
  async ended(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.running && performance.now() < deadline) await delay(20);
    return !this.running;
  }

  /** Ends it for good. */
  abandon(): void {
    process.off('exit', this.#endWithOracle);
    this.#process.removeAllListeners('exit');
    this.#process.kill('SIGKILL');
  }

  #start(): ChildProcess {
    this.#generation += 1;
    const task = JSON.stringify({ ...this.#task, generation: this.#generation });
    const started = fork(this.#script, [task], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    started.on('error', () => {});
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-4_000);
    });
    started.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') this.#process = this.#start();
      else this.#exitCode = code ?? (signal === null ? 0 : 128);
    });
    if (this.#order !== undefined) started.send(this.#order);
    return started;
  }
}
