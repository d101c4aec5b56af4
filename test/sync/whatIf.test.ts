/** What other settings would change, on ten machine builders whose figures can be added in the head. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDuck } from '../../src/book/duck.js';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { whatIfLines } from '../../src/report/whatIf.js';
import { readSource } from '../../src/schema/source.js';
import { stateOf } from '../../src/sync/state.js';
import { withSmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-what-if-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const admin = { settings: roundAnchors, families: margins };

/** Alpha is rated a lighthouse and is the one candidate: score 48.95, and 40 must be exceeded. */
const withCandidate = <T>(work: Parameters<typeof withSmallOrg<T>>[2]): Promise<T> =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
    await org.sync();
    return work(org);
  });

const everything = 'SELECT Id, SystemModstamp, KAM_Tier__c, KAM_Segment__c FROM Account ORDER BY Id';

test('a higher threshold lets the candidate go, and the line that did it is named with both values', () =>
  withCandidate(async (org) => {
    const stands = await org.client.query(everything);
    const result = await org.whatIf(['score.threshold=52']);
    expect(result).toMatchObject({
      changes: [{ key: 'score.threshold', before: '40', after: '52' }],
      derived: false,
      changedSince: [],
      moves: { enters: 0, leaves: 1, segment: 0, gate: 0 },
      before: { tiers: { candidate: 1 }, capacity: 35 },
      after: { tiers: { candidate: 0 } },
      candidates: [],
      // Alpha and its site in France.
      valve: { moved: 2, classified: 11, limit: 0.2, refuses: false },
    });
    const [alpha] = result.moved;
    expect(alpha).toMatchObject({
      name: 'Alpha',
      is: 'leaves',
      before: { segment: 'top', tier: 'candidate', gate: 'ask', gateResult: 'open' },
      after: { segment: 'top', tier: 'standard', gate: 'score', gateResult: 'failed' },
      because: [{ is: 'score', line: { before: 40, after: 52 }, parts: [] }],
    });
    const printed = whatIfLines(result, { width: 100, styled: false }).join('\n');
    expect(printed).toContain('With score.threshold = 52 (now 40):');
    expect(printed.replaceAll(/\s+/g, ' ')).toContain('to exceed 40 → 52');
    expect(printed.split('\n').filter((line) => line.length > 100 && line.includes('Alpha'))).toEqual([]);
    expect(await org.client.query(everything)).toEqual(stands);
    expect(await org.client.query('SELECT Id FROM KAM_Run__c')).toHaveLength(1);
  }));

test('a candidate just below a new threshold is held, and what-if promises no more than the sync keeps', () =>
  withCandidate(async (org) => {
    // 48.95 does not exceed 49, but 46: three points less.
    const result = await org.whatIf(['score.threshold=49']);
    expect(result.moves).toEqual({ enters: 0, leaves: 0, segment: 0, gate: 0 });
    expect(result.after).toMatchObject({
      tiers: { candidate: 1 },
      held: { hysteresis: 1, stay: 0, moves: 0, waits: 0 },
    });
    const printed = whatIfLines(result, { width: 100, styled: false }).join('\n');
    expect(printed).toContain('kept as candidates although the figures no longer carry them: 1 by hysteresis');
    const alone = await org.whatIf(['score.threshold=49', 'score.hysteresis=0']);
    expect(alone.moved).toMatchObject([{ name: 'Alpha', is: 'leaves', because: [{ is: 'score' }] }]);
  }));

test('other weights change what each criterion adds', () =>
  withCandidate(async (org) => {
    // Breadth earns 100 points: with all weight on it, Alpha scores 100.
    const weights = ['potential', 'margin', 'risk', 'growth'].map((name) => `criterion.${name}.weight=0`);
    const result = await org.whatIf([...weights, 'score.threshold=99']);
    expect(result.candidates).toMatchObject([{ name: 'Alpha', score: 100, robustness: { before: 1, after: 1 } }]);
    expect(result.moves).toEqual({ enters: 0, leaves: 0, segment: 0, gate: 0 });
  }));

test('what it says is what a sync then decides', () =>
  withCandidate(async (org) => {
    const folder = join(scratch, 'settings');
    const result = await org.whatIf(
      ['score.threshold=52', 'segment.keepShare=80%', 'criterion.margin.weight=30'],
      folder,
    );
    expect(result.written.map((file) => file.slice(folder.length + 1))).toEqual([
      'customMetadata/KAM_Criterion.Margin.md-meta.xml',
      'customMetadata/KAM_Settings.Default.md-meta.xml',
    ]);
    const [main = '', seed = ''] = defaultSources;
    const records = readSource([main, folder]).records;
    expect(records.map(({ developerName, label }) => [developerName, label])).toEqual([
      ['Margin', 'Contribution Margin'],
      ['Default', 'Default'],
    ]);
    const shipped = readSource([main, seed]).records.find(({ developerName }) => developerName === 'Default');
    expect(records[1]?.values).toEqual({
      ...shipped?.values,
      Currency__c: 'EUR',
      Score_Threshold__c: 52,
      Segment_Keep_Share__c: 80,
    });
    expect(records[0]?.values).toMatchObject({ Weight__c: 30, Gate__c: 'Score', Half_At__c: 30_000, Active__c: true });
    const deployed = {
      settings: {
        ...roundAnchors,
        'KAM_Settings.Default': { Currency__c: 'EUR', Score_Threshold__c: '52', Segment_Keep_Share__c: '80' },
        'KAM_Criterion.Margin': { ...roundAnchors['KAM_Criterion.Margin'], Weight__c: '30' },
      },
      families: margins,
    };
    await withSmallOrg(machineBuilders, deployed, async (then) => {
      await then.enter('Alpha', { KAM_Lighthouse__c: 3 });
      const run = await then.sync();
      const { tiers, segments, lines } = result.after;
      expect({ tiers: run.tiers, segments: run.segments, lines: run.lines }).toEqual({ tiers, segments, lines });
    });
  }));

test('settings that change facts are derived anew on a copy, and nothing is left of it', () =>
  withCandidate(async (org) => {
    const state = stateOf((await org.sync()).orgId, { XDG_STATE_HOME: org.stateHome });
    const before = readdirSync(state.folder).toSorted();
    // Without service, Alpha has 9 of 10 × 30 % of 100,000 in valves to win; 36,000 with it.
    const amounts = ['segment.method=amount', 'segment.potentialLine=31000'];
    const narrow = await org.whatIf(['families.Service.inScope=false', ...amounts]);
    expect(narrow).toMatchObject({ derived: true, after: { segments: { top: 0, base: 10 } } });
    expect(narrow.changes[0]).toEqual({ key: 'families.Service.inScope', before: 'true', after: 'false' });
    expect((await org.whatIf(amounts)).after.segments).toMatchObject({ top: 1, base: 9 });
    const realised = await org.whatIf([
      'potential.realisation=0',
      'segment.method=amount',
      'segment.potentialLine=36000',
    ]);
    // Without any up-selling, Alpha alone has 36,000 to win.
    expect(realised.after.segments).toMatchObject({ top: 1, base: 9 });
    expect(readdirSync(state.folder).toSorted()).toEqual(before);
  }));

test('a margin for one family changes the contribution margin of those who buy it', () =>
  withCandidate(async (org) => {
    // Alpha earns 30 % on pumps: 30,000, 50 points. At 60 % it earns 60,000, 100 points: 25 × 0.5 = 12.5 more.
    const { candidates } = await org.whatIf(['families.pumps.margin=60']);
    expect(Number(candidates[0]?.score)).toBeCloseTo(48.95 + 12.5, 1);
  }));

test('what changed in the org since the last run is counted on both sides, and said', () =>
  withCandidate(async (org) => {
    await org.sync();
    const other = { ...admin, settings: { ...roundAnchors, 'KAM_Settings.Default': { Score_Threshold__c: '45' } } };
    // The same book and the same org id, with another threshold.
    await withSmallOrg(machineBuilders, other, async (changed) => {
      const folderOf = ({ stateHome, orgId }: typeof org): string => join(stateHome, 'sf-plugin-kam', orgId);
      cpSync(folderOf(org), folderOf(changed), { recursive: true });
      const result = await changed.whatIf(['score.threshold=52']);
      expect(result.changes).toEqual([{ key: 'score.threshold', before: '45', after: '52' }]);
      expect(result.changedSince).toEqual(['currency', 'score']);
      expect(result.moves.leaves).toBe(1);
    });
  }));

test('it works while a sync holds its work book', () =>
  withCandidate(async (org) => {
    const { orgId } = await org.sync();
    const { workBook } = stateOf(orgId, { XDG_STATE_HOME: org.stateHome });
    const held = await openDuck(workBook, { memoryLimit: '100MB', threads: 1, readOnly: false });
    try {
      expect((await org.whatIf(['score.threshold=52'])).moves.leaves).toBe(1);
    } finally {
      await held.close();
    }
  }));

describe('refuses, with nothing written,', () => {
  test('what it cannot use, in the words of the check', () =>
    withCandidate(async (org) => {
      const refused = async (...set: string[]): Promise<string> =>
        org.whatIf(set).then(
          () => 'accepted',
          (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : 'no error'),
        );
      expect(await refused('score.threshold=170')).toBe(
        'CannotBeSetError: These settings cannot be used:\n  “170” in KAM_Settings.Default (Score_Threshold__c): expected 100 or less.',
      );
      expect(await refused('segment.keepShare=170')).toContain('expected 100 % or less');
      expect(await refused('score.threshold=many')).toContain('expected a number');
      expect(await refused('score.capacity=3.5')).toContain('expected a whole number');
      expect(await refused('score.threshold=60.125')).toContain('expected at most two decimals');
      expect(await refused('segment.method=guess')).toContain('expected one of share, amount');
      expect(await refused('score.treshold=65')).toBe(
        'UnknownSettingError: No setting is called "score.treshold". Near it: score.threshold.',
      );
      expect(await refused('margin.weight=30')).toContain('Near it: criterion.margin.weight.');
      expect(await refused('families.margin=30')).toContain('Near it: families.<family>.margin');
      expect(await refused('families.Pmups.margin=30')).toBe(
        'UnknownFamilyError: No product family in the book is called "Pmups". Near it: Pumps.',
      );
      expect(await refused('score.threshold')).toContain('expected a setting and its value');
      expect(await refused('score.threshold=1', 'score.threshold=2')).toContain('is given twice');
      expect(await refused('source.years=3')).toContain('source.*');
      const zero = ['potential', 'margin', 'risk', 'breadth', 'growth'].map((name) => `criterion.${name}.weight=0`);
      expect(await refused(...zero)).toContain('expected a weight above 0 for at least one of');
      const full = join(scratch, 'full');
      mkdirSync(full);
      writeFileSync(join(full, 'old.xml'), '');
      await expect(org.whatIf(['score.threshold=52'], full)).rejects.toThrow(/full is not empty/);
    }));

  test('an org that has no run on this machine', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await expect(org.whatIf(['score.threshold=52'])).rejects.toThrow(/holds no finished run/);
    }));

  test('a book that another version wrote', () =>
    withCandidate(async (org) => {
      const { orgId } = await org.sync();
      const { book } = stateOf(orgId, { XDG_STATE_HOME: org.stateHome });
      const other = await openDuck(book, { memoryLimit: '100MB', threads: 1, readOnly: false });
      await other.run("UPDATE remembered SET value = '1' WHERE key = 'format'");
      await other.close();
      await expect(org.whatIf(['score.threshold=52'])).rejects.toThrow(/another version wrote it/);
    }));
});
