import { crc32 } from 'node:zlib';

/** The keys of a stream in Redis. */
export class StreamKeys {
  readonly #stream: string;
  readonly #partitions: number;

  constructor(stream: string, partitions: number) {
    this.#stream = stream;
    this.#partitions = partitions;
  }

  /** A hash: into how many partitions the keys are divided. */
  get settings(): string {
    return `${this.#stream}:settings`;
  }

  /** A stream of one entry, which a check writes. */
  get check(): string {
    return `${this.#stream}:check`;
  }

  /** A channel, which tells that messages or leases are there. */
  get channel(): string {
    return `${this.#stream}:changes`;
  }

  /** A stream with the messages of a partition. */
  messages(partition: number): string {
    return `${this.#stream}:${partition}`;
  }

  /** A hash: which messages of each key the partition has had. When it is full, it becomes that of before. */
  runs(partition: number): string {
    return `${this.#stream}:${partition}:runs`;
  }

  runsBefore(partition: number): string {
    return `${this.#stream}:${partition}:runs-before`;
  }

  /** A text: the receiver that has the partition for a consumer, while it lives. */
  owner(partition: number, consumer: string): string {
    return `${this.#stream}:${partition}:owner:${consumer}`;
  }

  /** A sorted set: the receivers of a consumer, and until when each is alive. */
  receivers(consumer: string): string {
    return `${this.#stream}:receivers:${consumer}`;
  }

  /** All partitions. */
  get partitions(): readonly number[] {
    return Array.from({ length: this.#partitions }, (_, partition) => partition);
  }

  /** The partition of messages with a key: CRC-32 of its UTF-8, modulo the number of partitions. */
  partitionOf(key: string): number {
    return crc32(key) % this.#partitions;
  }
}
