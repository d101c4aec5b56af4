/** docs/settings.md as it must stand: every setting with its field, meaning, unit and default. */
import { settingKeys, type SettingKey } from '../../src/kam/settings.js';
import { placeOf } from '../../src/org/records.js';

export function settingsPage(): string {
  const groups = Map.groupBy(settingKeys(), ({ key }) => placeOf(key).type);
  return [
    '# Settings',
    '',
    'Admins edit these in Setup › Custom Metadata Types › Manage Records; `sf kam check` names what cannot be used, with record, field and value. An empty field takes its default unless it may be empty. Percent fields are entered as percent (80 for 80 %), money in whole units of the corporate currency.',
    '',
    'Try a change before making it: `sf kam what-if --set score.threshold=65` takes any key below, one of a family as `families.<family>.margin`; `sf kam calibrate` proposes lines, anchors and threshold from the book.',
    '',
    'The default records live in `force-app/seed`, which is deployed once: a redeploy would overwrite your weights.',
    ...[...groups].flatMap(([type, keys]) => [
      '',
      `## ${type}`,
      '',
      '| key | record and field | meaning | default |',
      '|---|---|---|---|',
      ...keys.map(row),
    ]),
    '',
  ].join('\n');
}

function row(setting: SettingKey): string {
  const { developerName, field } = placeOf(setting.key);
  const record = developerName === '' ? 'one per family' : developerName;
  const choices = setting.choices.length === 0 ? '' : ` One of ${setting.choices.join(', ')}.`;
  return `| \`${setting.key}\` | ${record} · \`${field}\` | ${setting.says}${choices} | ${defaultText(setting)} |`;
}

function defaultText({ key, kind, nullable, default: value }: SettingKey): string {
  if (value === null || value === undefined) return nullable ? 'empty' : '–';
  if (typeof value === 'number') {
    const isShare = kind === 'fraction' || /^criterion\.(breadth|growth)\..*At$/.test(key);
    if (isShare) return `${Number((value * 100).toFixed(4))} %`;
    return kind === 'money' ? (value / 100).toFixed(2) : String(value);
  }
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
