/** The schema of the inbox of an app's consumers. @param schema of its log */
export function inboxSchema(schema: string): string {
  return `${schema}_inbox`;
}
