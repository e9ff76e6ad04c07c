import type { RequestTrips } from '../service/journal-entry.ts';
import { type ServiceName, type ServiceOptions, ServiceProcess } from './service-process.ts';

/** Processes of services, which end together. */
export class Services implements AsyncDisposable {
  readonly #services: readonly ServiceProcess[];

  constructor(names: readonly ServiceName[], optionsOf: (name: ServiceName) => ServiceOptions) {
    this.#services = names.map((name) => new ServiceProcess(name, optionsOf(name)));
  }

  /** `bookings 123, flights 124`. */
  get pids(): string {
    return this.#services.map(({ name, pid }) => `${name} ${pid}`).join(', ');
  }

  send(name: ServiceName, message: RequestTrips): void {
    this.#of(name)?.send(message);
  }

  kill(name: ServiceName): void {
    this.#of(name)?.kill();
  }

  #of(name: ServiceName): ServiceProcess | undefined {
    return this.#services.find((service) => service.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#services.map((service) => service[Symbol.asyncDispose]()));
  }
}
