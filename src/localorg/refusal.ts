/** A refusal of a whole request, in Salesforce's words. */

/** What the org refuses as a whole, as opposed to one row. */
export class SalesforceError extends Error {
  public constructor(
    public readonly status: number,
    public readonly errorCode: string,
    message: string,
    public readonly fields?: string[],
  ) {
    super(message);
    this.name = 'SalesforceError';
  }
}
