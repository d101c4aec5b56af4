/** Calibration on ten machine builders: what it proposes, what that does, and that it then has nothing left to propose. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { calibrationLines } from '../../src/report/calibration.js';
import { readSource } from '../../src/schema/source.js';
import { withSmallOrg, type AdminEdits, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins } from './machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-calibrate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What was written, as an admin's edits of the shipped records. */
function deployed(folder: string): AdminEdits {
  const [main = ''] = defaultSources;
  const records = readSource([main, folder]).records.map(({ type, developerName, values }) => [
    `${type.replace('__mdt', '')}.${developerName}`,
    Object.fromEntries(Object.entries(values).map(([field, value]) => [field, value === null ? null : String(value)])),
  ]);
  return Object.fromEntries(records);
}

const rated = async (org: SmallOrg): Promise<void> => {
  await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
  await org.sync();
};

test('proposes amounts from the book, shows what they do, and proposes nothing once they are deployed', async () => {
  const folder = join(scratch, 'settings');
  await withSmallOrg(machineBuilders, { families: margins }, async (org) => {
    await rated(org);
    const result = await org.calibrate({ capacity: 5, write: folder });
    const [lines, anchors, threshold] = result.steps;
    // Ten groups with 100,000 each: the eighth still makes 80 %. Alpha has 36,000 to win and Beta 10,000: both make 80 %.
    expect(lines?.changes).toEqual([
      { key: 'segment.method', before: 'Share', after: 'Amount' },
      { key: 'segment.revenueLine', before: 'empty', after: '100000' },
      { key: 'segment.potentialLine', before: 'empty', after: '14000' },
    ]);
    expect(lines?.after.segments).toMatchObject({ top: 1, base: 9 });
    // Nobody earns less than 100,000: the scale of revenue is as narrow as the entrants are alike.
    expect(anchors?.changes.filter(({ key }) => key.startsWith('criterion.risk'))).toEqual([
      { key: 'criterion.risk.zeroAt', before: 'empty', after: '14000' },
      { key: 'criterion.risk.halfAt', before: 'empty', after: '100000' },
      { key: 'criterion.risk.fullAt', before: 'empty', after: '100140' },
    ]);
    expect([anchors?.before.calibrated, anchors?.after.calibrated]).toEqual([false, true]);
    expect(threshold?.changes.map(({ key }) => key)).toContain('score.capacity');
    expect(threshold?.why).toMatchObject({ is: 'threshold', capacity: 5, fits: true });
    const printed = calibrationLines(result, { width: 100, styled: false });
    expect(printed.filter((line) => line.includes('segment.revenueLine'))).toHaveLength(1);
  });
  await withSmallOrg(machineBuilders, { settings: deployed(folder), families: margins }, async (org) => {
    await rated(org);
    const again = await org.calibrate();
    expect(again.steps.flatMap(({ changes }) => changes)).toEqual([]);
    expect(calibrationLines(again, { width: 100, styled: false })).toContain(
      'Nothing to propose: what is set fits the book.',
    );
    const nothing = join(scratch, 'nothing');
    expect((await org.calibrate({ write: nothing })).written).toEqual([]);
  });
});

test('says what it cannot propose: no margin, no capacity', () =>
  withSmallOrg(machineBuilders, { settings: { 'KAM_Settings.Default': { Score_Capacity__c: null } } }, async (org) => {
    await rated(org);
    const { steps } = await org.calibrate();
    expect(steps[1]?.why).toMatchObject({ is: 'anchors', entrants: 10, missing: ['margin'] });
    expect(steps[2]).toMatchObject({ why: { is: 'noCapacity' }, changes: [] });
  }));

test('an org without a run is told so', () =>
  withSmallOrg(machineBuilders, {}, async (org) => {
    await expect(org.calibrate()).rejects.toThrow(/holds no finished run/);
  }));
