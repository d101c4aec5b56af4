import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'check');

export type CheckResult = {
  ready: boolean;
  orgId: string;
  username: string;
  problems: { severity: 'stops' | 'loses'; what: string; remedy: string }[];
};

export default class KamCheck extends SfCommand<CheckResult> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
  };

  public async run(): Promise<CheckResult> {
    const { flags } = await this.parse(KamCheck);
    const { check } = await import('../../sync/check.js');
    const result = await check(flags['target-org'], flags['api-version']);
    const stopping = result.problems.filter((problem) => problem.severity === 'stops');
    for (const problem of result.problems) {
      this.log(`${problem.severity === 'stops' ? 'Problem' : 'Loss'}: ${problem.what}\n  ${problem.remedy}`);
    }
    if (stopping.length > 0) {
      this.log(messages.getMessage('info.notReady', [stopping.length]));
      process.exitCode = 3;
    } else {
      const key = result.problems.length === 0 ? 'info.ready' : 'info.readyWithLosses';
      this.logSuccess(messages.getMessage(key, [result.orgId, result.username]));
    }
    return result;
  }
}
