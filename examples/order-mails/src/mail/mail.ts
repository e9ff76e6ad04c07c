/** An e-mail. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends an e-mail, once for each key. @throws when it is not known that the server has it: send it again then */
export type SendMail = (
  mail: Mail,
  options: { readonly idempotencyKey: string; readonly signal: AbortSignal },
) => Promise<void>;
