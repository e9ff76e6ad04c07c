import pg from 'pg';
import type { BenchDatabase } from '../server/database-server.ts';

/** Looks at a read model from outside, over a connection of its own, again and again while something is awaited. */
export class Observer implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #text: string;
  readonly #awaited = new Map<string, { seen: (at: number) => void; failed: (error: unknown) => void }>();
  #looking = false;

  private constructor(client: pg.Client, text: string) {
    this.#client = client;
    this.#text = text;
  }

  /** @param text a SELECT of those of the ids in `$1` that are there, as `id` */
  static async connect({ connectionString }: BenchDatabase, text: string): Promise<Observer> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return new Observer(client, text);
  }

  /** Resolves to the time when the id was seen first, as `performance.now()` has it. */
  see(id: string): Promise<number> {
    return new Promise((seen, failed) => {
      this.#awaited.set(id, { seen, failed });
      void this.#look();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.end();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#awaited.size > 0) {
        const values = [[...this.#awaited.keys()]];
        const { rows } = await this.#client.query<{ id: string }>({ name: 'look', text: this.#text, values });
        const now = performance.now();
        for (const { id } of rows) {
          this.#awaited.get(id)?.seen(now);
          this.#awaited.delete(id);
        }
      }
    } catch (error) {
      for (const { failed } of this.#awaited.values()) failed(error);
      this.#awaited.clear();
    } finally {
      this.#looking = false;
    }
  }
}
