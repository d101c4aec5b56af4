import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { WrittenSheet } from '../../sync/sheet.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sheet');

export default class KamSheet extends SfCommand<WrittenSheet> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = {
    account: Args.string({ description: messages.getMessage('args.account.summary'), required: true }),
  };

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    language: Flags.option({
      summary: messages.getMessage('flags.language.summary'),
      options: ['en', 'de'] as const,
    })(),
    output: Flags.file({ summary: messages.getMessage('flags.output.summary') }),
  };

  public async run(): Promise<WrittenSheet> {
    const { args, flags } = await this.parse(KamSheet);
    const { writeSheet } = await import('../../sync/sheet.js');
    const written = await writeSheet(flags['target-org'], flags['api-version'], args.account, {
      language: flags.language ?? null,
      output: flags.output ?? null,
      env: process.env,
    });
    this.log(messages.getMessage('written', [written.sheet.name, written.file]));
    return written;
  }
}
