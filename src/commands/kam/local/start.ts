import { existsSync } from 'node:fs';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { AuthInfo, Messages } from '@salesforce/core';

/** As scratch org definitions name them, but for account teams, a setting there; what they do stands in schema/features. */
const features = ['MultiCurrency', 'PersonAccounts', 'ContactsToMultipleAccounts', 'AccountTeams'] as const;

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.start');

const LEFT_ASIDE_SHOWN = 10;

export type LocalStartResult = { instanceUrl: string; accessToken: string; username: string; orgId: string };

export default class KamLocalStart extends SfCommand<LocalStartResult> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    port: Flags.integer({ summary: messages.getMessage('flags.port.summary'), default: 8610, min: 0, max: 65_535 }),
    state: Flags.directory({ summary: messages.getMessage('flags.state.summary'), exclusive: ['memory'] }),
    memory: Flags.boolean({ summary: messages.getMessage('flags.memory.summary') }),
    clock: Flags.string({ summary: messages.getMessage('flags.clock.summary') }),
    source: Flags.string({
      summary: messages.getMessage('flags.source.summary'),
      multiple: true,
      exclusive: ['empty'],
    }),
    empty: Flags.boolean({ summary: messages.getMessage('flags.empty.summary') }),
    feature: Flags.string({ summary: messages.getMessage('flags.feature.summary'), options: features, multiple: true }),
    alias: Flags.string({ summary: messages.getMessage('flags.alias.summary'), default: 'kam-local' }),
    'no-login': Flags.boolean({ summary: messages.getMessage('flags.no-login.summary') }),
  };

  public async run(): Promise<LocalStartResult> {
    const { flags } = await this.parse(KamLocalStart);
    const { stopAsked } = await import('../../../report/screen.js');
    const { defaultFolder, NotBareError, startLocalOrg } = await import('../../../localorg/localOrg.js');
    const sources = flags.empty ? [] : flags.source;
    for (const source of sources ?? [])
      if (!existsSync(source)) throw messages.createError('error.SourceMissing', [source]);
    const stopped = Promise.withResolvers<undefined>();
    const org = await startLocalOrg({
      port: flags.port,
      keep: flags.memory ? { in: 'memory' } : { in: 'folder', path: flags.state ?? defaultFolder(process.env) },
      clock: clockFrom(flags.clock),
      ...(sources === undefined ? {} : { sources }),
      features: features.filter((name) => flags.feature?.includes(name)),
      onLeftAside: (files) => this.warnOf(files),
      onStop: () => stopped.resolve(undefined),
      onError: (text) => process.stderr.write(`${text}\n`),
    }).catch((error: unknown) => {
      if (error instanceof NotBareError)
        throw messages.createError('error.NotEmpty', [String(error.components)], [], error);
      throw error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
        ? messages.createError('error.PortTaken', [String(flags.port)], [], error)
        : error;
    });
    const result = {
      instanceUrl: org.instanceUrl,
      accessToken: org.accessToken,
      username: org.username,
      orgId: org.orgId,
    };
    if (!flags['no-login']) await logIn(result, flags.alias);
    // Whoever reads that the org is up may stop it at once, so the signals are taken over before it is told.
    const asked = stopAsked();
    this.tell(result, flags['no-login'] ? null : flags.alias);
    await Promise.race([stopped.promise, asked]);
    await org.stop();
    return result;
  }

  /** One line of JSON as soon as the org is up, as whoever started it waits for it; the usual envelope would come too late. */
  public override logJson(): void {
    // Told by `tell`.
  }

  /** Whoever waits for the line of JSON reads it from the standard output, where nothing else may stand. */
  private warnOf(files: readonly string[]): void {
    const shown = files.slice(0, LEFT_ASIDE_SHOWN).map((file) => `\n  ${file}`);
    if (files.length > shown.length)
      shown.push(`\n  ${messages.getMessage('warning.MoreLeftAside', [files.length - shown.length])}`);
    const text = messages.getMessage('warning.LeftAside', [files.length, shown.join('')]);
    if (this.jsonEnabled()) process.stderr.write(`${text}\n`);
    else this.warn(text);
  }

  private tell(org: LocalStartResult, alias: string | null): void {
    if (this.jsonEnabled()) {
      process.stdout.write(`${JSON.stringify(org)}\n`);
      return;
    }
    this.log(messages.getMessage('info.started', [org.orgId, org.instanceUrl]));
    this.log(messages.getMessage('info.username', [org.username]));
    this.log(messages.getMessage('info.token', [org.accessToken]));
    if (alias !== null) this.log(messages.getMessage('info.alias', [alias, alias]));
    this.log(messages.getMessage('info.stop', [alias ?? org.username]));
  }
}

function clockFrom(day: string | undefined): Date {
  if (day === undefined) return new Date();
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T12:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(day))
    throw messages.createError('error.ClockNotADay', [day]);
  return new Date(time);
}

async function logIn({ instanceUrl, accessToken }: LocalStartResult, alias: string): Promise<void> {
  const login = await AuthInfo.create({ accessTokenOptions: { accessToken, instanceUrl, loginUrl: instanceUrl } });
  await login.save();
  await login.handleAliasAndDefaultSettings({ alias, setDefault: false, setDefaultDevHub: false });
}
