import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { FaultState } from '../../../../localorg/reach.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.fault.on');

export default class KamLocalFaultOn extends SfCommand<FaultState['active'][number]> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = {
    kind: Args.string({ description: messages.getMessage('args.kind.summary'), required: true }),
  };
  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    next: Flags.integer({ summary: messages.getMessage('flags.next.summary'), min: 1 }),
    every: Flags.integer({ summary: messages.getMessage('flags.every.summary'), min: 1 }),
    chance: Flags.string({ summary: messages.getMessage('flags.chance.summary') }),
    after: Flags.integer({ summary: messages.getMessage('flags.after.summary'), min: 0 }),
    seed: Flags.integer({ summary: messages.getMessage('flags.seed.summary'), min: 0 }),
    path: Flags.string({ summary: messages.getMessage('flags.path.summary') }),
    method: Flags.string({
      summary: messages.getMessage('flags.method.summary'),
      multiple: true,
      options: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    }),
    set: Flags.string({ summary: messages.getMessage('flags.set.summary'), multiple: true, char: 's' }),
  };

  public async run(): Promise<FaultState['active'][number]> {
    const { args, flags } = await this.parse(KamLocalFaultOn);
    const { activeFault, withLocal } = await import('../../../../localorg/reach.js');
    const { next, every, chance, after, seed, path, method } = flags;
    const fault = {
      ...Object.fromEntries((flags.set ?? []).map(setting)),
      ...{ kind: args.kind, next, every, after, seed, path },
      methods: method,
      chance: chance === undefined ? undefined : numberOr(chance),
    };
    const active = await withLocal(flags['target-org'], async (client) =>
      activeFault.parse(await client.send('POST', '/local/faults', fault)),
    );
    this.logSuccess(messages.getMessage('info.on', [active.id, JSON.stringify(active.fault)]));
    return active;
  }
}

/** `rows=250` as a name and a value: a number, a yes or no, a list, or text. */
function setting(text: string): [string, string | number | boolean | string[]] {
  const [, name, value] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw messages.createError('error.BadSetting', [text]);
  if (name === 'held') return [name, value.split(',')];
  return [name, value === 'true' || value === 'false' ? value === 'true' : numberOr(value)];
}

const numberOr = (text: string): number | string => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
