/** A broker of its own, which faults end and silence. */
export interface Broker extends AsyncDisposable {
  /** What it is: a name and a version. */
  readonly description: string;
  /** Where its servers are: one, or those of a cluster. */
  readonly urls: readonly string[];
  /** Kills a server as SIGKILL does, and starts it again. */
  crash(): Promise<void>;
  /** The broker answers nothing until the pause is over, and then goes on. */
  silence(pause: Promise<void>): Promise<void>;
}

/** Starts a broker, by the name of its transport. */
export const brokers: Readonly<Record<string, () => Promise<Broker>>> = {
  jetstream: async () => (await import('./brokers/jetstream.ts')).startJetStreamBroker(),
  postgres: async () => (await import('./brokers/postgres.ts')).startPostgresBroker(),
  rabbitmq: async () => (await import('./brokers/rabbitmq.ts')).startRabbitmqBroker(),
  redis: async () => (await import('./brokers/redis.ts')).startRedisBroker(),
};
