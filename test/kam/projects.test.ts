import { describe, expect, test } from 'vitest';
import { projectWork, type JointProject } from '../../src/kam/projects.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, euros } from '../support/builders.js';

const rules = { minimumShare: 0.2 };
const project = (n: number, changes: Partial<JointProject> = {}): JointProject => ({
  id: accountId(n),
  name: `Project ${n}`,
  area: 'logistics',
  saving: null,
  state: 'won',
  closeOn: '2026-01-01',
  ...changes,
});

describe('large account manager or key account manager', () => {
  test.each([
    ['key', 1, true],
    ['key', 2, false],
    ['candidate', 1, false],
    ['large', 0, false],
  ] as const)('a %s account with %i joint projects of 10 deals: a reason to talk is %s', (tier, joint, isTalkDue) => {
    expect(projectWork([], { won: 10, joint }, tier, rules)).toMatchObject({ share: joint / 10, isTalkDue });
  });

  test('without a deal nothing is known, and nothing is said', () => {
    expect(projectWork([], { won: 0, joint: 0 }, 'key', rules)).toMatchObject({
      share: unknown('noRecentSales'),
      isTalkDue: false,
    });
  });

  test('the savings of won projects add up, and those without one are counted', () => {
    const work = projectWork(
      [
        project(1, { saving: euros(40) }),
        project(2, { saving: euros(60) }),
        project(3),
        project(4, { state: 'open', saving: euros(500) }),
      ],
      { won: 3, joint: 3 },
      'key',
      rules,
    );
    expect(work).toMatchObject({ saving: euros(100), withoutSaving: 1 });
    expect(projectWork([project(1)], { won: 1, joint: 1 }, 'key', rules).saving).toEqual(unknown('noSaving'));
  });

  test('running projects come first, then the latest', () => {
    const { projects } = projectWork(
      [
        project(1, { closeOn: '2026-01-01' }),
        project(2, { closeOn: '2026-06-01' }),
        project(3, { state: 'open', closeOn: '2027-01-01' }),
        project(4, { closeOn: '2026-06-01' }),
      ],
      { won: 3, joint: 3 },
      'key',
      rules,
    );
    expect(projects.map(({ name }) => name)).toEqual(['Project 3', 'Project 2', 'Project 4', 'Project 1']);
  });
});
