import type { SendMail } from './mail.ts';

/** Sends through a mail service with an HTTP API, as most of them have: `POST /mails` with an idempotency key. */
export function createMailClient(url: string): SendMail {
  return async (mail, { idempotencyKey, signal }) => {
    const response = await fetch(new URL('/mails', url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
      body: JSON.stringify(mail),
      signal,
    });
    if (!response.ok) throw new Error(`the mail service answered ${response.status}`);
    await response.arrayBuffer(); // the connection is free again
  };
}
