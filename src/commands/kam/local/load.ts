import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Loaded } from '../../../localorg/load.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.load');

export default class KamLocalLoad extends SfCommand<Loaded> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = {
    dir: Args.directory({ description: messages.getMessage('args.dir.summary'), required: true, exists: true }),
  };
  public static readonly flags = { 'target-org': Flags.requiredOrg(), 'api-version': Flags.orgApiVersion() };

  public async run(): Promise<Loaded> {
    const { args, flags } = await this.parse(KamLocalLoad);
    const { loadBook } = await import('../../../localorg/load.js');
    const { withLocal } = await import('../../../localorg/reach.js');
    const started = performance.now();
    const isTerminal = process.stderr.isTTY;
    if (isTerminal) this.spinner.start('Loading');
    const loaded = await withLocal(flags['target-org'], (client) =>
      loadBook(args.dir, client, (what, done) => {
        if (isTerminal) this.spinner.status = `${done.toLocaleString('en-GB')} ${what}`;
      }),
    );
    if (isTerminal) this.spinner.stop();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { accounts, products, families, opportunities, lines, clock } = loaded;
    this.logSuccess(
      messages.getMessage('info.loaded', [accounts, products, families, opportunities, lines, seconds, clock]),
    );
    return loaded;
  }
}
