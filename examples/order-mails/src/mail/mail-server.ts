import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Mail } from './mail.ts';

/** What becomes of a request: the mail is sent, and answered for or not; or the server is busy. */
export type Reply = 'sent' | 'sent-without-an-answer' | 'busy';

/** A mail service on this machine, in place of one that sends. It keeps what it was asked for, once for each key. */
export class MailServer implements AsyncDisposable {
  readonly sent = new Map<string, Mail>();
  /** Requests so far, repeated ones included. */
  requests = 0;
  /** Asked for each request. */
  reply: (mail: Mail) => Reply = () => 'sent';
  readonly #server = createServer((request, response) => {
    json(request)
      .then((body) => {
        // Sound: its only client sends mails.
        const mail = body as Mail;
        this.requests += 1;
        const reply = this.reply(mail);
        if (reply === 'busy') {
          response.writeHead(503).end();
          return;
        }
        const key = String(request.headers['idempotency-key']);
        if (!this.sent.has(key)) this.sent.set(key, mail);
        if (reply === 'sent') response.writeHead(200).end();
        else response.destroy();
      })
      .catch(() => response.destroy());
  });

  static async start(): Promise<MailServer> {
    const mails = new MailServer();
    mails.#server.listen(0, '127.0.0.1');
    await once(mails.#server, 'listening');
    return mails;
  }

  get url(): string {
    // Sound: it listens on a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
