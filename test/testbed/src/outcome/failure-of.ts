/** What a call rejects with. @throws Error when the call does not fail */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was expected to fail, but it succeeded');
}
