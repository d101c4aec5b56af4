import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Run } from '../../report/run.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'demo');

export type DemoResult = { instanceUrl: string; orgId: string; username: string; alias: string | null; run: Run };

export default class KamDemo extends SfCommand<DemoResult> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    exit: Flags.boolean({ summary: messages.getMessage('flags.exit.summary') }),
    port: Flags.integer({ summary: messages.getMessage('flags.port.summary'), default: 0, min: 0, max: 65_535 }),
    seed: Flags.integer({ summary: messages.getMessage('flags.seed.summary'), default: 2022, min: 0 }),
    alias: Flags.string({ summary: messages.getMessage('flags.alias.summary'), default: 'kam-demo' }),
  };

  public async run(): Promise<DemoResult> {
    const { flags } = await this.parse(KamDemo);
    const { sampleLabel, startDemo } = await import('../../demo/demo.js');
    const { sync } = await import('../../sync/sync.js');
    const { progressOn, screenOf, stopAsked } = await import('../../report/screen.js');
    const { runLines } = await import('../../report/terminal.js');
    const isTerminal = process.stderr.isTTY;
    if (isTerminal) this.spinner.start('Filling a local org with the sample book');
    const alias = flags.exit ? null : flags.alias;
    const demo = await startDemo(
      {
        port: flags.port,
        seed: flags.seed,
        lastMonth: '2026-10',
        alias,
        onError: (text) => process.stderr.write(`${text}\n`),
      },
      (what, done) => {
        if (isTerminal) this.spinner.status = `${done.toLocaleString('en-GB')} ${what}`;
      },
    );
    if (isTerminal) this.spinner.stop();
    try {
      const { org, loaded } = demo;
      this.log(
        messages.getMessage('info.loaded', [
          org.orgId,
          org.instanceUrl,
          loaded.accounts,
          loaded.families,
          loaded.lines,
        ]),
      );
      const progress = progressOn(this.spinner, isTerminal);
      const options = {
        dryRun: false,
        full: false,
        maximumWrites: null,
        planFile: null,
        asOf: null,
        maximumMoves: null,
        version: this.config.version,
        env: process.env,
      };
      const run = await sync(demo.login, undefined, options, progress.on).finally(progress.stop);
      if (!this.jsonEnabled()) {
        this.log('');
        runLines(run, screenOf(process.stdout)).forEach((line) => this.log(line));
      }
      const [first] = run.candidates;
      if (!flags.exit) {
        const { field, value } = sampleLabel;
        const tokens = [
          first?.name ?? '',
          flags.alias,
          flags.alias,
          field,
          value,
          flags.alias,
          flags.alias,
          flags.alias,
        ];
        this.log(`\n${messages.getMessage('info.next', tokens)}`);
        await stopAsked();
      }
      return { instanceUrl: org.instanceUrl, orgId: org.orgId, username: org.username, alias, run };
    } finally {
      await demo.stop();
    }
  }
}
