import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Audit } from '../../report/audit.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'audit');

export default class KamAudit extends SfCommand<Audit> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    'label-field': Flags.string({ summary: messages.getMessage('flags.label-field.summary'), required: true }),
    'label-value': Flags.string({ summary: messages.getMessage('flags.label-value.summary'), multiple: true }),
    'quiet-months': Flags.integer({
      summary: messages.getMessage('flags.quiet-months.summary'),
      min: 0,
      max: 36,
      default: 6,
    }),
    output: Flags.file({ summary: messages.getMessage('flags.output.summary') }),
  };

  public async run(): Promise<Audit> {
    const { flags } = await this.parse(KamAudit);
    const { audit } = await import('../../sync/audit.js');
    const found = await audit(flags['target-org'], flags['api-version'], {
      label: { field: flags['label-field'], values: flags['label-value'] ?? [] },
      quietMonths: flags['quiet-months'],
      output: flags.output ?? null,
      version: this.config.version,
      env: process.env,
    });
    if (!this.jsonEnabled()) {
      const { auditLines } = await import('../../report/audit.js');
      const { screenOf } = await import('../../report/screen.js');
      auditLines(found, screenOf(process.stdout)).forEach((line) => this.log(line));
    }
    return found;
  }
}
