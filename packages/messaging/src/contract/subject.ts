import type { Transport } from '../transport/transport.ts';

/** The options that the contract passes to `createTransport`. */
export interface CreateTransportOptions {
  /**
   * Names what messages go through: a queue, an exchange, a stream. Transports with one topic have the same messages; a new
   * topic has none. Lower-case letters, digits and `-`, at most 30 characters, different in each run.
   */
  readonly topic: string;
  /** The consumers that get each message, also before they receive for the first time. */
  readonly consumers: readonly string[];
}

/** How the contract gets at a transport. */
export interface TransportSubject {
  /** Makes a transport to a broker that runs. It is called many times. */
  readonly createTransport: (options: CreateTransportOptions) => Transport;
  /** A transport with the password `secret` to a port that nothing listens on. */
  readonly unreachable: () => Transport;
  /** Bytes of the largest body that the transport takes. One more is tried, so name it only where memory allows that. */
  readonly largestBody?: number | undefined;
  /** Removes what the contract has left at the broker under a topic. */
  readonly removeTopic?: (topic: string) => Promise<void>;
}
