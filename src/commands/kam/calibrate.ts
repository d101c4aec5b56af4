import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Calibration } from '../../report/calibration.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'calibrate');

export default class KamCalibrate extends SfCommand<Calibration> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    capacity: Flags.integer({ summary: messages.getMessage('flags.capacity.summary'), min: 1, max: 99_999 }),
    write: Flags.directory({ summary: messages.getMessage('flags.write.summary') }),
  };

  public async run(): Promise<Calibration> {
    const { flags } = await this.parse(KamCalibrate);
    const { calibrate } = await import('../../sync/calibrate.js');
    const result = await calibrate(flags['target-org'], flags['api-version'], {
      capacity: flags.capacity ?? null,
      write: flags.write ?? null,
      env: process.env,
    });
    if (!this.jsonEnabled()) {
      const { calibrationLines } = await import('../../report/calibration.js');
      const { screenOf } = await import('../../report/screen.js');
      calibrationLines(result, screenOf(process.stdout)).forEach((line) => this.log(line));
      if (result.written.length > 0) this.log(messages.getMessage('info.deploy', [flags.write]));
    }
    return result;
  }
}
