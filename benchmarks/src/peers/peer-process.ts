import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Figures, UnavailableError } from '../run/workload.ts';
import { peersFolder } from './peer-list.ts';

/** A peer that takes longer for one request is killed. */
const REQUEST_TIMEOUT_MS = 120_000;

/** A peer in a separate process, which handles one request at a time. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #errors = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-2_000);
    });
  }

  /** @throws UnavailableError when the peer does not start */
  static async start(peer: string, connectionString: string): Promise<PeerProcess> {
    const child = fork(join(peersFolder, 'host.mjs'), [peer, connectionString], {
      cwd: peersFolder,
      env: { ...process.env, LOG_LEVEL: 'fatal', NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const process_ = new PeerProcess(child);
    try {
      await process_.request('open', {});
    } catch (error) {
      child.kill();
      throw error;
    }
    return process_;
  }

  /** @throws UnavailableError with the message of the error that the peer threw */
  async request(method: string, args: Readonly<Record<string, string | number>>): Promise<Figures> {
    const ended = new AbortController();
    const { signal } = ended;
    const hung = setTimeout(() => this.#child.kill('SIGKILL'), REQUEST_TIMEOUT_MS);
    try {
      const response: Promise<unknown[]> = once(this.#child, 'message', { signal });
      const exit: Promise<unknown[]> = once(this.#child, 'exit', { signal });
      this.#child.send({ method, args });
      const [message] = await Promise.race([response, exit.then(() => [{ error: this.#lastError() }])]);
      return figuresOf(message);
    } finally {
      clearTimeout(hung);
      ended.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited: Promise<unknown[]> = once(this.#child, 'exit');
    await this.request('close', {}).catch(() => {});
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  }

  /** The last error message on stderr, without its stack, which contains paths of this machine. */
  #lastError(): string {
    const error = this.#errors.split('\n').findLast((line) => /^\w*Error\b/.test(line));
    return error === undefined ? 'its process ended' : `its process ended: ${error.slice(0, 120)}`;
  }
}

function figuresOf(message: unknown): Figures {
  if (typeof message !== 'object' || message === null) throw new UnavailableError('sent no figures');
  if ('error' in message) throw new UnavailableError(String(message.error));
  if (!('result' in message) || typeof message.result !== 'object' || message.result === null) {
    throw new UnavailableError('sent no figures');
  }
  return Object.fromEntries(
    Object.entries(message.result).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
