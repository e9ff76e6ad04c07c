import pg from 'pg';
import type { BenchDatabase } from '../server/database-server.ts';

/** Reads a read model repeatedly over a separate connection while ids are awaited. */
export class Observer implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #text: string;
  readonly #awaited = new Map<string, { seen: (at: number) => void; failed: (error: unknown) => void }>();
  #polling = false;

  private constructor(client: pg.Client, text: string) {
    this.#client = client;
    this.#text = text;
  }

  /** @param text a SELECT that returns, as `id`, those of the ids in `$1` that exist */
  static async connect({ connectionString }: BenchDatabase, text: string): Promise<Observer> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return new Observer(client, text);
  }

  /** Resolves to the time when the id was first read, in the clock of `performance.now()`. */
  see(id: string): Promise<number> {
    return new Promise((seen, failed) => {
      this.#awaited.set(id, { seen, failed });
      void this.#poll();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.end();
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      while (this.#awaited.size > 0) {
        const values = [[...this.#awaited.keys()]];
        const { rows } = await this.#client.query<{ id: string }>({ name: 'poll', text: this.#text, values });
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
      this.#polling = false;
    }
  }
}
