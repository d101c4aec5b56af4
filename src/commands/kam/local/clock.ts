import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.clock');

export type LocalClockResult = { clock: string };

const DAY = 24 * 60 * 60 * 1000;

export default class KamLocalClock extends SfCommand<LocalClockResult> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = { to: Args.string({ description: messages.getMessage('args.to.summary') }) };
  public static readonly flags = { 'target-org': Flags.requiredOrg(), 'api-version': Flags.orgApiVersion() };

  public async run(): Promise<LocalClockResult> {
    const { args, flags } = await this.parse(KamLocalClock);
    const { localStatus, withLocal } = await import('../../../localorg/reach.js');
    const { clock } = await withLocal(flags['target-org'], async (client, status) =>
      args.to === undefined
        ? status
        : localStatus.parse(await client.send('POST', '/local/clock', { to: instantFrom(args.to, status.clock) })),
    );
    this.log(messages.getMessage('info.clock', [clock]));
    return { clock };
  }
}

function instantFrom(to: string, now: string): string {
  const days = /^\+(\d{1,5})d$/.exec(to)?.[1];
  if (days !== undefined) return new Date(Date.parse(now) + Number(days) * DAY).toISOString();
  const time = /^\d{4}-\d{2}-\d{2}$/.test(to) ? Date.parse(`${to}T12:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(to))
    throw messages.createError('error.NotATime', [to]);
  return new Date(time).toISOString();
}
