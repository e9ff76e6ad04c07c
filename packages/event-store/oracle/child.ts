import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What the oracle tells its processes. */
export type Order =
  /** Writers: finish what is under way, and end. */
  | { readonly kind: 'stop' }
  /** Readers: read up to this position, and end. */
  | { readonly kind: 'finish'; readonly target: number };

/** A process that is started again, with the same task, whenever it was killed. */
export class Child<TTask extends object> {
  readonly name: string;
  readonly #script: URL;
  readonly #task: TTask;
  #process: ChildProcess;
  #generation = 0;
  #order: Order | undefined;
  #kills = 0;
  /** Set when it ended by itself: its exit code. */
  #exitCode: number | undefined;
  #complaint = '';

  constructor(name: string, script: URL, task: TTask) {
    this.name = name;
    this.#script = script;
    this.#task = task;
    this.#process = this.#start();
  }

  get kills(): number {
    return this.#kills;
  }

  get running(): boolean {
    return this.#exitCode === undefined;
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** What it wrote to stderr. */
  get complaint(): string {
    return this.#complaint;
  }

  tell(order: Order): void {
    this.#order = order;
    this.#process.send(order, () => {}); // one that is being killed learns of it when it is started again
  }

  /** As the kernel would, out of memory: no goodbye. It is started again at once. */
  async kill(): Promise<void> {
    if (!this.running) return;
    const killed = this.#process;
    killed.removeAllListeners('exit'); // this is no end of its own
    const exit = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exit;
    this.#kills += 1;
    this.#process = this.#start();
  }

  /** As a virtual machine that is moved, or a long garbage collection: it stands still and does not notice. */
  async pause(milliseconds: number): Promise<void> {
    if (!this.running || process.platform === 'win32') return;
    const paused = this.#process;
    paused.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    paused.kill('SIGCONT');
  }

  /** @returns false when it is not over by then. */
  async ended(timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (this.running && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    return !this.running;
  }

  /** Resolves when it has begun its work for the first time. @throws Error when it ends before. */
  async ready(): Promise<void> {
    const ended = once(this.#process, 'exit').then(() => {
      throw new Error(`process ${this.name} ended before it began. ${this.#complaint}`);
    });
    await Promise.race([once(this.#process, 'message'), ended]);
  }

  /** Ends it for good. */
  abandon(): void {
    this.#process.removeAllListeners('exit');
    this.#process.kill('SIGKILL');
  }

  #start(): ChildProcess {
    this.#generation += 1;
    const task = JSON.stringify({ ...this.#task, generation: this.#generation });
    const child = fork(this.#script, [task], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    child.on('error', () => {});
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-4_000);
    });
    child.once('exit', (code, signal) => {
      this.#exitCode = code ?? (signal === null ? 0 : 128);
    });
    if (this.#order !== undefined) child.send(this.#order);
    return child;
  }
}

/**
 * In a child: does its work, with the orders to come, and lets go of whoever started it. When that one ends first, so
 * does the child.
 */
export async function serve(onOrder: (order: Order) => void, work: () => Promise<void>): Promise<void> {
  const orphaned = () => process.exit(1);
  process.on('message', (message) => onOrder(message as Order));
  process.on('disconnect', orphaned);
  process.send?.('ready');
  await work();
  process.off('disconnect', orphaned);
  process.disconnect();
}

/** In a child: what it was started for. */
export function receiveTask<TTask>(): TTask & { readonly generation: number } {
  return JSON.parse(process.argv[2] ?? '{}') as TTask & { readonly generation: number };
}
