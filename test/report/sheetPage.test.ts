/** The conversation sheet on paper: what it says, what it keeps to itself, and that it is one page. */
import { expect, test } from 'vitest';
import { contactFunctions } from '../../src/kam/coverage.js';
import { commitmentTypes, isAccess } from '../../src/kam/agreement.js';
import type { Sheet } from '../../src/kam/sheet.js';
import { sheetPage } from '../../src/report/sheetPage.js';
import { euros } from '../support/builders.js';
import { browser, pagesOf, printed } from '../support/browser.js';

const languages = ['en', 'de'] as const;

/** What there is little of. */
const aSheet = (changes: Partial<Sheet> = {}): Sheet => ({
  name: 'Example Pumps',
  asOf: '2026-10-31',
  today: '2026-11-24',
  reasons: [],
  benefits: [],
  asks: [],
  minimum: { gets: 3, access: 1 },
  unfinished: [],
  ledger: [],
  projects: [],
  questions: [],
  ...changes,
});

const long =
  'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft für Wasserwirtschaft, Umwelttechnik und Anlagenbau GmbH & Co. KG, Niederlassung Süddeutschland und Österreich';
const unbroken = 'Hydraulikaggregatsteuerungseinheitenersatzteilversorgungsdienstleistungsvereinbarung'.repeat(3);

/** All that a sheet can hold, each text as long as the CRM lets it be. */
const fullSheet = (language: 'en' | 'de'): Sheet => ({
  name: long + long,
  asOf: '2026-09-30',
  today: '2026-11-24',
  reasons: [
    { is: 'purchases', yearly: euros(123_456_789), years: 3 },
    {
      is: 'families',
      count: 25,
      largest: [1, 2, 3, 4].map((n) => ({ family: `${n} ${long}`, yearly: euros(123_456_789) })),
    },
    { is: 'presence', sites: 1234, countries: 56 },
    { is: 'saving', yearly: euros(12_345_678) },
    { is: 'reference' },
    { is: 'opinionLeader' },
    { is: 'couldAlso', families: [unbroken, long, long, long] },
  ],
  benefits: Array.from({ length: 9 }, (_, n) => ({
    key: `B${n}`,
    name: { en: long, de: long },
    text: { en: long, de: unbroken },
  })),
  asks: commitmentTypes.map((type) => ({
    type,
    isAccess: isAccess(type),
    functions: type === 'accessToPeople' ? [...contactFunctions] : [],
  })),
  minimum: { gets: 3, access: 1 },
  unfinished: [
    { is: 'withoutPerson', count: 12 },
    { is: 'withoutDate', count: 12 },
  ],
  ledger: Array.from({ length: 12 }, (_, n) => ({
    side: n % 2 === 0 ? ('give' as const) : ('get' as const),
    what: language === 'de' ? unbroken : long,
    benefit: null,
    type: 'development',
    theirOwner: long,
    dueOn: '2026-12-31',
    state: 'late',
  })),
  projects: Array.from({ length: 7 }, () => ({
    name: language === 'de' ? unbroken : long,
    area: 'valueCreationStep',
    saving: euros(12_345_678),
    state: 'open',
  })),
  questions: [
    { is: 'wantsCare' },
    { is: 'inReturn' },
    { is: 'wallets', families: [unbroken, unbroken, unbroken, unbroken] },
    { is: 'functions', functions: [...contactFunctions] },
    { is: 'decisionMaker' },
    { is: 'reference' },
    { is: 'opinionLeader' },
    { is: 'trust' },
  ],
});

/** Sheets one after the other, each on a page of its own if it fits. */
const stacked = (pages: readonly string[]): string => {
  const mains = pages.map((page) => /<main.*<\/main>/s.exec(page)?.[0] ?? '').join('');
  return (pages[0] ?? '')
    .replace(/<main.*<\/main>/s, () => mains)
    .replace('</style>', 'main:not(:last-child) { break-after: page; }</style>');
};

test.skipIf(browser === null)('is one page with all that it can hold, and with less', async () => {
  const sheets = languages.flatMap((language) => {
    const full = fullSheet(language);
    const some = [full, { ...full, ledger: [] }, { ...full, projects: [] }, { ...full, ledger: [], projects: [] }];
    return [...some, aSheet()].map((sheet) => sheetPage(sheet, { language, currency: 'EUR' }));
  });
  expect(sheets).toHaveLength(10);
  const tooMuch = '<main><p style="height: 300mm">Two pages</p></main>';
  const pdf = await printed(stacked([...sheets, tooMuch]));
  expect(pagesOf(pdf)).toBe(10 + 2);
  // 210 mm × 297 mm in points
  expect(pdf.toString('latin1')).toMatch(/\/MediaBox\s*\[0 0 59[45][.\d]* 84[12]/);
});

test('loads nothing from elsewhere, and runs nothing', () => {
  const page = sheetPage(fullSheet('de'), { language: 'de', currency: 'EUR' });
  expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import|\son\w+=/i);
  expect(page).toContain('@page { size: A4');
});

test.each(languages)('names of the CRM stay text, in %s', (language) => {
  const hostile = `"><script>alert('1')</script><img src=x onerror=alert(2)>&amp;`;
  const page = sheetPage(
    aSheet({
      name: hostile,
      reasons: [{ is: 'couldAlso', families: ["'onclick='x"] }],
      benefits: [{ key: 'B', name: { en: '<b>', de: '<b>' }, text: { en: '</style>', de: '</style>' } }],
      projects: [{ name: '<q>', area: null, saving: null, state: 'won' }],
      ledger: [{ side: 'get', what: '<u>', benefit: null, type: null, theirOwner: '<s>', dueOn: null, state: 'open' }],
    }),
    { language, currency: null },
  );
  expect(page).not.toMatch(/<script|<img|<b><b>|<q>|<u>|<s>/);
  expect(page.match(/<\/style>/g)).toHaveLength(1);
  expect(page).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;');
  expect(page).toContain('&amp;amp;');
});

test('leaves room to write where nothing is known, and says when everything is promised', () => {
  const page = sheetPage(aSheet(), { language: 'de', currency: null });
  expect(page).toMatch(/<h2>Was wir Ihnen bieten<\/h2>.*\n<div class="lines">/);
  expect(page).toContain('Alles, worum wir gebeten haben, haben Sie zugesagt.');
  expect(page).not.toMatch(/<table|id="questions"/);
});

test('counts what it has no room for: of 9 benefits of 4 lines each, 20 lines hold 5', () => {
  const page = sheetPage({ ...fullSheet('en'), ledger: [], projects: [] }, { language: 'en', currency: null });
  expect(page.match(/<li><b>/g)).toHaveLength(5);
  expect(page).toContain('<p class="more">and 4 more</p>');
});
