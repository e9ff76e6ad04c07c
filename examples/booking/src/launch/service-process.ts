import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RequestTrips, ServiceMessage } from '../service/journal-entry.ts';
import { supplierNames } from '../suppliers/supplier-name.ts';

/** The services, which are processes of their own. */
export const serviceNames = ['bookings', ...supplierNames] as const;
export type ServiceName = (typeof serviceNames)[number];

const mains: Readonly<Record<ServiceName, URL>> = {
  bookings: new URL('../bookings/main.ts', import.meta.url),
  flights: new URL('../flights/main.ts', import.meta.url),
  hotels: new URL('../hotels/main.ts', import.meta.url),
  cars: new URL('../cars/main.ts', import.meta.url),
};

/** A service that ends by itself so often does not work. */
const MAX_RESTARTS = 10;

export interface ServiceOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly onMessage: (service: ServiceProcess, message: ServiceMessage) => void;
  /** It ended, and is started again. */
  readonly onRestart: (what: string) => void;
  /** It ended too often. */
  readonly onFailure: (error: Error) => void;
}

/** A process of a service. One that ends is started again. */
export class ServiceProcess implements AsyncDisposable {
  readonly name: ServiceName;
  readonly #options: ServiceOptions;
  #child: ChildProcess;
  #restarts = 0;
  #stopping = false;

  constructor(name: ServiceName, options: ServiceOptions) {
    this.name = name;
    this.#options = options;
    this.#child = this.#start();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** As the kernel does when memory runs out. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  send(message: RequestTrips): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Lets it end in order, and kills it when that takes long. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(late);
  }

  #start(): ChildProcess {
    const child = fork(fileURLToPath(mains[this.name]), {
      env: { ...process.env, ...this.#options.environment },
    });
    child.on('message', (message: ServiceMessage) => this.#options.onMessage(this, message));
    child.once('exit', (code, signal) => this.#onExit(signal ?? `exit code ${code}`));
    return child;
  }

  #onExit(why: string): void {
    if (this.#stopping) return;
    const ended = `${this.name} (pid ${this.pid}) ended by ${why}`;
    this.#restarts += 1;
    if (this.#restarts > MAX_RESTARTS) {
      this.#options.onFailure(new Error(`${ended}, for the ${this.#restarts}th time`));
      return;
    }
    this.#child = this.#start();
    this.#options.onRestart(`${ended}; started again as pid ${this.pid}`);
  }
}
