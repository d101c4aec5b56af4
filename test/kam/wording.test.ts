import { describe, expect, test } from 'vitest';
import type { Commitment } from '../../src/kam/agreement.js';
import { scoreCriteria, strategyCriteria } from '../../src/kam/criteria.js';
import type { NextStep, Reason } from '../../src/kam/funnel.js';
import { featureNames } from '../../src/kam/model/features.js';
import { riskSignals } from '../../src/kam/model/risk.js';
import type { GapWhy } from '../../src/kam/modelled.js';
import type { PotentialCell, PotentialWhy, WhitespaceWhy } from '../../src/kam/potential.js';
import type { RatingEffect } from '../../src/kam/reviews.js';
import type { WhyUnknown } from '../../src/kam/unknown.js';
import { unknown } from '../../src/kam/unknown.js';
import {
  type ReviewAbout,
  closingNote,
  criterionName,
  gateName,
  nextStepText,
  familyText,
  potentialText,
  reasonsText,
  reasonText,
  resultName,
  reviewText,
  riskText,
  segmentName,
  signalName,
  termName,
  tierName,
  unknownText,
  type Language,
  type Speech,
} from '../../src/kam/wording.js';
import { aCell, aChance, aRisk, aStep, aVolume, decided, euros, someLines } from '../support/builders.js';

const languages = ['en', 'de'] as const;
const speech = (language: Language): Speech => ({ language, currency: 'EUR' });
/** Numbers are joined to their unit by spaces that don't break; a test reads better without them. */
const plain = (text: string | null): string | null => text?.replaceAll(/[\u00a0\u202f]/g, ' ') ?? null;

const on = '2026-06-01';
const score = { points: 57.456, threshold: 60 };
const part = { criterion: 'potential', contribution: 17.5, possible: 35 } as const;

type Texts = { en: string; de: string };
type Cases<T extends { is: string }> = { [K in T['is']]: [Extract<T, { is: K }>, Texts][] };

const reasons: Cases<Reason> = {
  segment: [
    [
      {
        is: 'segment',
        segment: 'development',
        revenue: euros(42_000),
        potential: euros(50_000),
        lines: someLines,
        kept: false,
      },
      {
        en: 'Development customer: revenue €42,000 a year (high from €80,000), additional potential €50,000 a year (high from €40,000).',
        de: 'Entwicklungskunde: Umsatz 42.000 € im Jahr (hoch ab 80.000 €), zusätzliches Potenzial 50.000 € im Jahr (hoch ab 40.000 €).',
      },
    ],
    [
      {
        is: 'segment',
        segment: 'unknown',
        revenue: unknown('noSales'),
        potential: unknown('noPeers'),
        lines: someLines,
        kept: false,
      },
      {
        en: 'Segment unknown: revenue unknown, no sales in the period (high from €80,000), additional potential unknown, no comparable accounts (high from €40,000).',
        de: 'Segment unbekannt: Umsatz unbekannt, kein Umsatz im Zeitraum (hoch ab 80.000 €), zusätzliches Potenzial unbekannt, keine vergleichbaren Kunden (hoch ab 40.000 €).',
      },
    ],
    [
      {
        is: 'segment',
        segment: 'base',
        revenue: euros(79_000),
        potential: 0,
        lines: someLines,
        kept: true,
      },
      {
        en: 'Base customer: revenue €79,000 a year (high from €80,000), additional potential €0 a year (high from €40,000); kept, just below the line.',
        de: 'Basiskunde: Umsatz 79.000 € im Jahr (hoch ab 80.000 €), zusätzliches Potenzial 0 € im Jahr (hoch ab 40.000 €); gehalten, knapp unter der Grenze.',
      },
    ],
  ],
  excluded: [
    [
      { is: 'excluded', reason: 'credit\r\n block ' },
      {
        en: 'Excluded from key account selection: credit block.',
        de: 'Von der Key-Account-Auswahl ausgenommen: credit block.',
      },
    ],
    [
      { is: 'excluded', reason: null },
      { en: 'Excluded from key account selection.', de: 'Von der Key-Account-Auswahl ausgenommen.' },
    ],
  ],
  strategyPassed: [
    [
      { is: 'strategyPassed', mean: 2 / 3, by: 'mean' },
      {
        en: 'Strategic criteria passed: 66.67% of what is possible.',
        de: 'Strategische Kriterien erfüllt: 66,67 % des Möglichen.',
      },
    ],
    [
      { is: 'strategyPassed', mean: 0.2, by: 'opinionLeader' },
      {
        en: 'Strategic criteria passed by opinion leadership alone (rated 3).',
        de: 'Strategische Kriterien allein durch Meinungsführerschaft erfüllt (Bewertung 3).',
      },
    ],
  ],
  strategyFailed: [
    [
      { is: 'strategyFailed', highest: 0.4996, minimum: 0.5 },
      {
        en: 'Strategic criteria not passed: at most 49.96%, 50% are needed.',
        de: 'Strategische Kriterien nicht erfüllt: höchstens 49,96 %, nötig sind 50 %.',
      },
    ],
  ],
  strategyUndecided: [
    [
      {
        is: 'strategyUndecided',
        lowest: 0.25,
        highest: 0.75,
        minimum: 0.5,
        missing: ['referenceCustomer', 'opinionLeader'],
      },
      {
        en: 'Strategic criteria undecided: between 25% and 75%, 50% are needed. Missing: reference effect, opinion leadership.',
        de: 'Strategische Kriterien unentschieden: zwischen 25 % und 75 %, nötig sind 50 %. Es fehlt: Leuchtturmwirkung, Meinungsführerschaft.',
      },
    ],
    [
      { is: 'strategyUndecided', lowest: 0.45, highest: 0.6, minimum: 0.5, missing: [] },
      {
        en: 'Strategic criteria undecided: between 45% and 60%, 50% are needed. Missing: countries (no billing country).',
        de: 'Strategische Kriterien unentschieden: zwischen 45 % und 60 %, nötig sind 50 %. Es fehlt: Länder (kein Land in der Rechnungsadresse).',
      },
    ],
  ],
  scoreExceeded: [
    [
      {
        is: 'scoreExceeded',
        points: 61,
        threshold: 60,
        best: [part, { criterion: 'margin', contribution: 5, possible: 25 }],
      },
      {
        en: 'Score 61 exceeds 60; strongest: additional potential 17.5 of 35, contribution margin 5 of 25.',
        de: 'Score 61 übertrifft 60; am stärksten: zusätzliches Potenzial 17,5 von 35, Deckungsbeitrag 5 von 25.',
      },
    ],
  ],
  scoreNotExceeded: [
    [
      { is: 'scoreNotExceeded', ...score, worst: [part] },
      {
        en: 'Score 57.46 does not exceed 60; most is missing: additional potential (17.5 of 35).',
        de: 'Score 57,46 übertrifft 60 nicht; am meisten fehlt: zusätzliches Potenzial (17,5 von 35).',
      },
    ],
  ],
  scoreUndecided: [
    [
      { is: 'scoreUndecided', confidence: 0.45, minimum: 0.5, unknown: [{ criterion: 'margin', why: 'noMargin' }] },
      {
        en: 'Score undecided: only 45% of the weights are known, 50% are needed. Unknown: contribution margin (no margin is kept for the families bought).',
        de: 'Score unentschieden: nur 45 % der Gewichte sind bekannt, nötig sind 50 %. Unbekannt: Deckungsbeitrag (für die gekauften Produktgruppen ist keine Marge hinterlegt).',
      },
    ],
  ],
  managerFull: [
    [
      { is: 'managerFull' },
      {
        en: 'Waiting: no capacity with the key account manager.',
        de: 'Wartet: keine Kapazität beim Key-Account-Manager.',
      },
    ],
  ],
  scoreHeld: [
    [
      { is: 'scoreHeld', points: 58, threshold: 60, downTo: 57, best: [part] },
      {
        en: 'Score 58 does not exceed 60, but has before: it is held as long as it exceeds 57; strongest: additional potential 17.5 of 35.',
        de: 'Score 58 übertrifft 60 nicht, hat es aber schon: Er wird gehalten, solange er 57 übertrifft; am stärksten: zusätzliches Potenzial 17,5 von 35.',
      },
    ],
  ],
  held: [
    [
      { is: 'held', by: 'stay', until: '2027-02-24' },
      {
        en: 'The place is kept until 24 Feb 2027, the minimum stay, although the figures no longer carry it.',
        de: 'Der Platz bleibt für die Mindestdauer bis 24.02.2027, obwohl die Zahlen ihn nicht mehr tragen.',
      },
    ],
    [
      { is: 'held', by: 'moves', until: '2027-01-01' },
      {
        en: 'The place is kept until 1 Jan 2027: as many customers as a quarter allows have moved already.',
        de: 'Der Platz bleibt bis 01.01.2027: So viele Kunden, wie ein Quartal erlaubt, haben schon gewechselt.',
      },
    ],
  ],
  waits: [
    [
      { is: 'waits', until: '2027-01-01' },
      {
        en: 'Waiting until 1 Jan 2027: the figures are enough for a candidate, but as many customers as a quarter allows have moved already.',
        de: 'Wartet bis 01.01.2027: Die Zahlen reichen für einen Kandidaten, aber so viele Kunden, wie ein Quartal erlaubt, haben schon gewechselt.',
      },
    ],
  ],
  overCapacity: [
    [
      { is: 'overCapacity', rank: 36, capacity: 35 },
      {
        en: 'Waiting: rank 36, the programme can care for 35.',
        de: 'Wartet: Rang 36, das Programm kann 35 betreuen.',
      },
    ],
  ],
  uncalibrated: [
    [
      { is: 'uncalibrated' },
      {
        en: 'The scale is uncalibrated: its anchors come from the figures of all customers, not from settings.',
        de: 'Die Skala ist nicht kalibriert: Ihre Eckwerte stammen aus den Zahlen aller Kunden, nicht aus den Einstellungen.',
      },
    ],
  ],
  accepted: [
    [
      { is: 'accepted', on },
      {
        en: 'The customer accepted the agreement on 1 Jun 2026.',
        de: 'Der Kunde hat die Vereinbarung am 01.06.2026 angenommen.',
      },
    ],
  ],
  acceptedNotEnough: [
    [
      {
        is: 'acceptedNotEnough',
        on,
        missing: [
          { is: 'doesNotWant' },
          { is: 'gets', has: 1, needs: 3 },
          { is: 'access', has: 0, needs: 1 },
          { is: 'withoutPerson', count: 1 },
          { is: 'withoutDate', count: 2 },
        ],
      },
      {
        en: "The customer agreed on 1 Jun 2026, but gives too little for it: the customer does not want the care; 1 of 3 commitments with a named person and a date; 0 of 1 that open countries, sites or people; 1 without a person on the customer's side; 2 without a date after the agreement.",
        de: 'Der Kunde hat am 01.06.2026 zugesagt, gibt dafür aber noch zu wenig: der Kunde will die Betreuung nicht; 1 von 3 Gegenleistungen mit Ansprechpartner und Termin; 0 von 1 mit Zugang zu Ländern, Standorten oder Personen; 1 ohne Ansprechpartner beim Kunden; 2 ohne Termin nach der Vereinbarung.',
      },
    ],
  ],
  declined: [
    [
      { is: 'declined', on, reason: 'supplierOnly', reaskOn: '2027-06-01' },
      {
        en: 'The customer declined on 1 Jun 2026: sees us as a supplier only. Ask again on 1 Jun 2027.',
        de: 'Der Kunde hat am 01.06.2026 abgelehnt: sieht uns nur als Lieferanten. Erneut fragen am 01.06.2027.',
      },
    ],
    [
      { is: 'declined', on: null, reason: null, reaskOn: null },
      { en: 'The customer declined.', de: 'Der Kunde hat abgelehnt.' },
    ],
  ],
  asked: [
    [
      { is: 'asked', on },
      {
        en: 'The customer was asked on 1 Jun 2026; the answer is open.',
        de: 'Der Kunde wurde am 01.06.2026 gefragt; die Antwort steht aus.',
      },
    ],
  ],
  noAnswer: [
    [
      { is: 'noAnswer', on },
      {
        en: 'The customer was asked on 1 Jun 2026 and has not answered.',
        de: 'Der Kunde wurde am 01.06.2026 gefragt und hat nicht geantwortet.',
      },
    ],
  ],
  incubator: [
    [
      { is: 'incubator', on, until: '2027-06-01' },
      {
        en: 'On trial with limited resources until 1 Jun 2027.',
        de: 'Auf Probe mit begrenztem Aufwand bis 01.06.2027.',
      },
    ],
    [
      { is: 'incubator', on, until: null },
      { en: 'On trial with limited resources.', de: 'Auf Probe mit begrenztem Aufwand.' },
    ],
  ],
  notAsked: [
    [{ is: 'notAsked' }, { en: 'The customer has not been asked yet.', de: 'Der Kunde wurde noch nicht gefragt.' }],
  ],
  overridden: [
    [
      { is: 'overridden', tier: 'large', reason: 'Board decision', until: '2026-12-31' },
      {
        en: 'Set to Large Account by hand until 31 Dec 2026: Board decision.',
        de: 'Von Hand auf Großkunde gesetzt bis 31.12.2026: Board decision.',
      },
    ],
  ],
  overrideRefused: [
    [
      { is: 'overrideRefused', tier: 'key', because: 'noAgreement' },
      {
        en: 'Override to Key Account refused: a Key Account needs an accepted agreement.',
        de: 'Manuelle Einstufung als Key Account nicht übernommen: ein Key Account setzt eine angenommene Vereinbarung voraus.',
      },
    ],
    [
      { is: 'overrideRefused', tier: 'candidate', because: 'excluded' },
      {
        en: 'Override to Candidate refused: the customer is excluded.',
        de: 'Manuelle Einstufung als Kandidat nicht übernommen: der Kunde ist ausgenommen.',
      },
    ],
  ],
};

const steps: Cases<NextStep> = {
  rate: [
    [
      { is: 'rate', criteria: ['referenceCustomer', 'opinionLeader'] },
      {
        en: 'Rate reference effect and opinion leadership (0–3): it decides whether this customer is a candidate.',
        de: 'Leuchtturmwirkung und Meinungsführerschaft bewerten (0–3): davon hängt ab, ob der Kunde Kandidat wird.',
      },
    ],
  ],
  ask: [
    [
      { is: 'ask' },
      {
        en: 'Ask the customer: do they want key account care, and what do they give for it?',
        de: 'Den Kunden fragen: Will er die Key-Account-Betreuung, und was ist seine Gegenleistung?',
      },
    ],
  ],
  await: [[{ is: 'await' }, { en: "Get the customer's answer.", de: 'Antwort des Kunden einholen.' }]],
  agree: [
    [
      { is: 'agree', missing: [{ is: 'gets', has: 1, needs: 3 }] },
      {
        en: 'Agree with the customer on what is missing: 1 of 3 commitments with a named person and a date.',
        de: 'Mit dem Kunden vereinbaren, was fehlt: 1 von 3 Gegenleistungen mit Ansprechpartner und Termin.',
      },
    ],
  ],
  prove: [
    [
      { is: 'prove', until: '2027-06-01' },
      {
        en: 'Use the trial: agree on the commitments by 1 Jun 2027.',
        de: 'Probezeit nutzen: Gegenleistungen vereinbaren bis 01.06.2027.',
      },
    ],
    [
      { is: 'prove', until: null },
      { en: 'Use the trial: agree on the commitments.', de: 'Probezeit nutzen: Gegenleistungen vereinbaren.' },
    ],
  ],
  reask: [
    [
      { is: 'reask', on },
      { en: 'Ask again on 1 Jun 2026.', de: 'Erneut fragen am 01.06.2026.' },
    ],
    [
      { is: 'reask', on: null },
      { en: 'Ask again when the situation has changed.', de: 'Erneut fragen, wenn sich die Lage geändert hat.' },
    ],
  ],
  grow: [
    [
      {
        is: 'grow',
        families: [
          { family: 'Service', amount: euros(42_000) },
          { family: 'Valves', amount: euros(1_000) },
        ],
      },
      {
        en: 'Offer Service (€42,000 a year), Valves (€1,000 a year).',
        de: 'Anbieten: Service (42.000 € im Jahr), Valves (1.000 € im Jahr).',
      },
    ],
  ],
  findRoom: [
    [
      { is: 'findRoom', with: 'programme' },
      {
        en: 'Do not ask yet: all places of the programme are taken. The best by score come first.',
        de: 'Noch nicht fragen: Alle Plätze des Programms sind vergeben. Die besten Scores kommen zuerst.',
      },
    ],
    [
      { is: 'findRoom', with: 'manager' },
      {
        en: 'Do not ask yet: find a key account manager who has room for this customer.',
        de: 'Noch nicht fragen: Einen Key-Account-Manager finden, der Platz für diesen Kunden hat.',
      },
    ],
  ],
  learn: [
    [
      { is: 'learn', criterion: 'margin', why: 'partialMargin' },
      {
        en: 'Find out: contribution margin (some families bought have no margin).',
        de: 'Klären: Deckungsbeitrag (für einige gekaufte Produktgruppen ist keine Marge hinterlegt).',
      },
    ],
    [
      { is: 'learn', criterion: 'potential', why: 'noAnchors' },
      {
        en: 'Set the scale of additional potential in Setup: the values that earn 0, 50 and 100 points.',
        de: 'Skala für zusätzliches Potenzial in Setup setzen: die Werte, die 0, 50 und 100 Punkte geben.',
      },
    ],
  ],
  none: [],
};

describe.each(languages)('in %s', (language) => {
  test.each(
    Object.values(reasons).flatMap((cases) => cases.map(([reason, texts]) => [reason.is, reason, texts] as const)),
  )('the reason %s is a sentence', (_, reason, texts) => {
    expect(plain(reasonText(reason, speech(language)))).toBe(texts[language]);
  });

  test.each(Object.values(steps).flatMap((cases) => cases.map(([step, texts]) => [step.is, step, texts] as const)))(
    'the next step %s is a sentence',
    (_, step, texts) => {
      expect(plain(nextStepText(step, speech(language)))).toBe(texts[language]);
    },
  );

  test('no next step is no text', () => {
    expect(nextStepText({ is: 'none' }, speech(language))).toBeNull();
  });

  test('every refusal of an override has its words', () => {
    const codes = ['noAgreement', 'noReason', 'noExpiry', 'expired', 'excluded'] as const;
    const texts = codes.map((because) => reasonText({ is: 'overrideRefused', tier: 'key', because }, speech(language)));
    expect(new Set(texts).size).toBe(codes.length);
  });
});

test('German and English differ in every reason and every step', () => {
  const texts = [...Object.values(reasons), ...Object.values(steps)].flatMap((cases) =>
    cases.map(([, words]) => words),
  );
  expect(texts.filter(({ en, de }) => en === de)).toEqual([]);
});

test('a kind of reason or step without an example is only that of no step', () => {
  const without = Object.entries({ ...reasons, ...steps }).flatMap(([is, cases]) => (cases.length === 0 ? [is] : []));
  expect(without).toEqual(['none']);
});

describe('why there is potential', () => {
  const said = (cell: Partial<PotentialCell>, language: Language = 'en') =>
    plain(potentialText(aCell(cell), speech(language)));
  const whitespace = (from: WhitespaceWhy): PotentialWhy => {
    return { is: 'whitespace', probability: 0.5, spend: euros(42_000), from };
  };
  const cross = whitespace({ is: 'peers', buyers: 14, peers: 18, peerLevel: 'industryAndSize' });
  const up: PotentialWhy = {
    is: 'bought',
    own: euros(40_000),
    volume: euros(5_000),
    value: unknown('notModelled'),
    from: { is: 'peers', buyers: 9, peerLevel: 'industry', benchmark: euros(60_000), realisation: 0.25 },
  };
  const conversion = { became: 3, of: 20 };
  const modelled = (volume: GapWhy['volume'], value: GapWhy['value']): PotentialWhy => {
    return { is: 'bought', own: euros(40_000), volume: euros(5_000), value: 0, from: { is: 'model', volume, value } };
  };

  test.each<[string, Partial<PotentialCell>, string, string]>([
    [
      'whitespace is told by who buys it and for how much',
      { why: cross },
      "14 of 18 accounts of the same industry and size buy Service, for this customer's size typically €42,000 a year.",
      '14 von 18 Kunden gleicher Branche und Größe kaufen Service, bei dieser Kundengröße typischerweise 42.000 € im Jahr.',
    ],
    [
      'that of a prospect also by how many become customers',
      { why: whitespace({ is: 'prospect', buyers: 14, peers: 18, peerLevel: 'industry', conversion }) },
      'No customer yet: 3 of 20 accounts without sales became customers within a year. 14 of 18 accounts of the same industry that are customers buy Service, typically for €42,000 a year.',
      'Noch kein Kunde: 3 von 20 Firmen ohne Umsatz wurden binnen eines Jahres Kunden. 14 von 18 Kunden gleicher Branche kaufen Service, typischerweise für 42.000 € im Jahr.',
    ],
    [
      'and that of a site without sales by what its sisters buy',
      {
        why: whitespace({ is: 'sisters', buyers: 2, sites: 3, conversion }),
        sister: { name: 'Alpha Lyon', yearly: euros(50_000) },
      },
      'No customer yet: 3 of 20 accounts without sales became customers within a year. 2 of 3 sites of the group that are customers buy Service, typically for €42,000 a year. Alpha Lyon, a site of the same group, buys it for €50,000 a year.',
      'Noch kein Kunde: 3 von 20 Firmen ohne Umsatz wurden binnen eines Jahres Kunden. 2 von 3 kaufenden Standorten der Gruppe kaufen Service, typischerweise für 42.000 € im Jahr. Alpha Lyon, ein Standort derselben Gruppe, kauft sie für 50.000 € im Jahr.',
    ],
    [
      'a gap is told by own and by benchmark spend',
      { family: 'Pumps', why: up },
      'Buys Pumps for €40,000 a year; the stronger of 9 comparable buyers would spend €60,000. 25% of the gap is expected.',
      'Kauft Pumps für 40.000 € im Jahr; die stärkeren von 9 vergleichbaren Käufern gäben 60.000 € aus. Erwartet werden 25 % der Lücke.',
    ],
    [
      'a modelled chance is told by who buys the same and this too',
      { why: { is: 'whitespace', probability: 0.2341, spend: euros(42_000), from: aChance() } },
      "14 of 18 accounts of the same industry and size that buy Pumps and Valves also buy Service, for this customer's size typically €42,000 a year. Chance to start within 6 months: 23.41%.",
      '14 von 18 Kunden gleicher Branche und Größe, die Pumps und Valves kaufen, kaufen auch Service, bei dieser Kundengröße typischerweise 42.000 € im Jahr. Chance auf einen Einstieg binnen 6 Monaten: 23,41 %.',
    ],
    [
      'where nothing that is bought speaks for it, by comparable customers',
      { why: whitespace(aChance({ together: null })) },
      "30 of 60 accounts of the same country and size buy Service, for this customer's size typically €42,000 a year. Chance to start within 6 months: 50%.",
      '30 von 60 Kunden aus gleichem Land und gleicher Größe kaufen Service, bei dieser Kundengröße typischerweise 42.000 € im Jahr. Chance auf einen Einstieg binnen 6 Monaten: 50 %.',
    ],
    [
      'where nobody is comparable, by look-alikes',
      { why: whitespace(aChance({ together: null, peers: null })) },
      "4 of 20 accounts that looked like this one have begun to buy Service since, for this customer's size typically €42,000 a year. Chance to start within 6 months: 50%.",
      '4 von 20 Kunden, die diesem ähnlich waren, kaufen seitdem Service, bei dieser Kundengröße typischerweise 42.000 € im Jahr. Chance auf einen Einstieg binnen 6 Monaten: 50 %.',
    ],
    [
      'and where there is none of these, by the chance alone',
      { why: whitespace(aChance({ together: null, peers: null, lookalikes: null })) },
      "Other accounts buy Service, for this customer's size typically €42,000 a year. Chance to start within 6 months: 50%.",
      'Andere Kunden kaufen Service, bei dieser Kundengröße typischerweise 42.000 € im Jahr. Chance auf einen Einstieg binnen 6 Monaten: 50 %.',
    ],
    [
      'a modelled gap is told by shares of spend and by price levels',
      { family: 'Pumps', why: modelled(aVolume(), aStep()) },
      "Buys Pumps for €40,000 a year, 12% of its spend; the stronger of 34 comparable buyers give the family 31%. 22% of such gaps were filled in the past. Chooses 91% of the family's typical price level; the upper of 22 comparable buyers 120%. 10% of such steps were taken in the past.",
      'Kauft Pumps für 40.000 € im Jahr, 12 % seiner Ausgaben; die stärkeren von 34 vergleichbaren Käufern geben der Produktgruppe 31 %. Bisher wurden 22 % solcher Lücken gefüllt. Wählt 91 % des üblichen Preisniveaus der Produktgruppe; die oberen von 22 vergleichbaren Käufern 120 %. Bisher wurden 10 % solcher Schritte getan.',
    ],
    [
      'one of a family that was not bought lately says so, and what is assumed',
      {
        family: 'Pumps',
        why: modelled(
          aVolume({ state: 'lapsed', realisation: { is: 'assumed', share: 0.25 } }),
          unknown('onePriceLevel'),
        ),
      },
      'Buys Pumps for €40,000 a year, lately nothing; the stronger of 34 comparable buyers give the family 31%. 25% of such gaps are taken to be filled.',
      'Kauft Pumps für 40.000 € im Jahr, zuletzt nichts; die stärkeren von 34 vergleichbaren Käufern geben der Produktgruppe 31 %. Angesetzt sind 25 % der Lücke.',
    ],
    [
      'a price level alone stands by itself',
      { family: 'Pumps', why: modelled(aVolume({ gap: 0 }), aStep()) },
      "Buys Pumps for €40,000 a year. Chooses 91% of the family's typical price level; the upper of 22 comparable buyers 120%. 10% of such steps were taken in the past.",
      'Kauft Pumps für 40.000 € im Jahr. Wählt 91 % des üblichen Preisniveaus der Produktgruppe; die oberen von 22 vergleichbaren Käufern 120 %. Bisher wurden 10 % solcher Schritte getan.',
    ],
    [
      'and who buys as much and as well as others has no gap',
      { family: 'Pumps', why: modelled(aVolume({ gap: 0 }), aStep({ gap: 0 })) },
      'Buys Pumps for €40,000 a year, as much as comparable customers do.',
      'Kauft Pumps für 40.000 € im Jahr, so viel wie vergleichbare Kunden.',
    ],
    [
      'a stated wallet is told by who stated it and when, and by what is ours',
      {
        why: {
          is: 'stated',
          own: euros(40_000),
          wallet: euros(100_000),
          attainable: 0.65,
          gap: euros(25_000),
          by: 'customer',
          on: '2026-03-01',
        },
      },
      'Buys Service for €100,000 a year from all suppliers, as the customer wrote on 1 Mar 2026; 65% of it is attainable, €40,000 is ours.',
      'Kauft Service bei allen Lieferanten für 100.000 € im Jahr, wie der Kunde schrieb am 01.03.2026; erreichbar sind 65 % davon, 40.000 € haben wir.',
    ],
    [
      'a demand that is ours is told as what people say',
      { why: { is: 'closed', own: euros(40_000), servedBy: 'us' } },
      'The account team says that all demand for Service is ours already.',
      'Nach Angabe des Account-Teams decken wir den Bedarf an Service schon ganz.',
    ],
    [
      'and so is one that the customer covers',
      { why: { is: 'closed', own: 0, servedBy: 'internal' } },
      'The account team says that the customer covers the demand for Service itself.',
      'Nach Angabe des Account-Teams deckt der Kunde den Bedarf an Service selbst.',
    ],
    [
      'a competitor is named, and so is what is in the pipeline',
      { family: 'Pumps', why: up, rival: { is: 'competitor', name: 'ACME' }, pipeline: euros(2_000) },
      'Buys Pumps for €40,000 a year; the stronger of 9 comparable buyers would spend €60,000. 25% of the gap is expected. ACME serves this demand today. €2,000 is in the pipeline already.',
      'Kauft Pumps für 40.000 € im Jahr; die stärkeren von 9 vergleichbaren Käufern gäben 60.000 € aus. Erwartet werden 25 % der Lücke. ACME deckt diesen Bedarf heute. 2.000 € sind schon in der Pipeline.',
    ],
  ])('%s', (_, cell, english, german) => {
    expect(said(cell)).toBe(english);
    expect(said(cell, 'de')).toBe(german);
  });

  test('each source of a wallet, and each answer to who serves a demand, has its words', () => {
    const stated = { is: 'stated', own: 0, wallet: 1, attainable: 1, gap: 1, on: null } as const;
    const rivals: PotentialCell['rival'][] = [null, { is: 'nobody' }, { is: 'competitor', name: null }];
    for (const language of languages) {
      const sources = (['customer', 'tender', 'accountTeam'] as const).map((by) =>
        said({ why: { ...stated, by } }, language),
      );
      expect(new Set([...sources, ...rivals.map((rival) => said({ rival }, language))]).size).toBe(6);
    }
  });

  test('each level of comparison has its words', () => {
    const levels = ['industryAndSize', 'industry', 'size', 'all'] as const;
    for (const language of languages) {
      const texts = levels.map((peerLevel) =>
        said({ why: whitespace({ is: 'peers', buyers: 14, peers: 18, peerLevel }) }, language),
      );
      expect(new Set(texts).size).toBe(4);
    }
  });

  test('without a currency the amounts carry no symbol', () => {
    expect(potentialText(aCell({ why: cross }), { language: 'en', currency: null })).toContain(
      'typically 42,000 a year',
    );
  });

  test('the text of a record is cut after a word where it would not fit', () => {
    const text = familyText(aCell({ family: 'Pump '.repeat(500), why: cross }), speech('en'));
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text.length).toBeGreaterThan(1990);
    expect(text).toMatch(/Pump…$/);
  });
});

describe('review tasks', () => {
  const lenient = { settings: { score: { threshold: 40 } } };
  const decision = decided({}, lenient);
  const effects: RatingEffect[] = [
    { ratings: [0], leadsTo: 'out' },
    { ratings: [1, 2], leadsTo: 'open' },
    { ratings: [3], leadsTo: 'in' },
  ];

  test('to rate have the question, the scale and the reasons', () => {
    const { subject, description } = reviewText(
      { is: 'rate', name: 'Alpha', criterion: 'opinionLeader', decision, stood: null, effects },
      speech('de'),
    );
    expect(subject).toBe('Meinungsführerschaft bewerten: Alpha');
    expect(description).toContain('Ist dieser Kunde Branchen- oder Meinungsführer?');
    expect(description).toContain('3 unter den ersten drei oder setzt Standards');
    expect(description).toContain(reasonsText(decision, speech('de')));
    expect(
      reviewText(
        { is: 'rate', name: 'Alpha', criterion: 'referenceCustomer', decision, stood: null, effects },
        speech('en'),
      ),
    ).toMatchObject({
      subject: 'Rate reference effect: Alpha',
      description: expect.stringContaining('0 none · 1 local · 2 known in the industry · 3 the whole industry watches'),
    });
  });

  test('to ask have both questions and the reasons', () => {
    const ask = (language: Language) =>
      reviewText({ is: 'ask', name: 'Alpha', decision, trust: null }, speech(language));
    expect(ask('en').subject).toBe('Ask the customer: Alpha');
    expect(ask('en').description).toContain('2. What do they give for it');
    expect(ask('de').subject).toBe('Kunden fragen: Alpha');
    expect(ask('de').description).toContain('2. Was ist seine Gegenleistung');
  });

  test('to grow have the amount and its why', () => {
    const grow = (language: Language) => reviewText({ is: 'grow', name: 'Alpha', cell: aCell() }, speech(language));
    expect(grow('en').subject).toBe('Offer Service: Alpha');
    expect(plain(grow('en').description)).toMatch(/^Expected €40,000 a year\. 20 of 21 accounts/);
    expect(grow('de').subject).toBe('Service anbieten: Alpha');
    expect(plain(grow('de').description)).toMatch(/^Zu erwarten: 40\.000 € im Jahr\. 20 von 21 Kunden/);
  });

  test('have a subject that fits, cut after a word', () => {
    const { subject } = reviewText({ is: 'ask', name: 'Alpha '.repeat(60), decision, trust: null }, speech('en'));
    expect(subject.length).toBeLessThanOrEqual(255);
    expect(subject).toMatch(/ Alpha…$/);
  });

  test('to rate say what each answer leads to, and what an old rating was', () => {
    const stood = { rating: 2, on: '2024-03-05' } as const;
    const rate = (language: Language) =>
      reviewText({ is: 'rate', name: 'Alpha', criterion: 'opinionLeader', decision, stood, effects }, speech(language))
        .description;
    expect(rate('en')).toContain(
      '- 0: not passed, the customer stays Standard\n- 1–2: still open, until the other missing answers are given\n- 3: passed, the customer becomes a candidate as far as the programme has a place',
    );
    expect(rate('en')).toContain('It was rated 2 on 5 Mar 2024; that is too long ago.');
    expect(rate('de')).toContain(
      '- 0: nicht bestanden, der Kunde bleibt Standard\n- 1–2: weiterhin offen, bis die anderen fehlenden Antworten gegeben sind\n- 3: bestanden, der Kunde wird Kandidat, soweit das Programm Platz hat',
    );
    expect(rate('de')).toContain('Die Bewertung 2 vom 05.03.2024 ist zu alt.');
  });

  const get: Commitment = {
    id: 'a0C1',
    side: 'get',
    type: 'accessToSites',
    service: null,
    ourOwner: 'Kim Weber',
    theirOwner: 'Ada Roth',
    dueOn: '2026-10-01',
    doneOn: null,
    what: 'Tour of the plant in Lyon',
  };
  const asked: [ReviewAbout, Record<Language, [subject: string, description: RegExp]>][] = [
    [
      { is: 'reask', name: 'Alpha', decision, trust: 'asksUsToo' },
      {
        en: [
          'Ask again: Alpha',
          /^The customer declined before\..*\n\nWith new challenges they ask us and competitors/,
        ],
        de: [
          'Erneut fragen: Alpha',
          /^Der Kunde hat früher abgelehnt\..*\n\nMit neuen Herausforderungen fragt der Kunde uns und/,
        ],
      },
    ],
    [
      { is: 'retain', name: 'Alpha', revenueAtRisk: euros(20_000), revenue: euros(100_000) },
      {
        en: ['Keep the business of Alpha', /^€20,000 a year are at risk \(revenue: €100,000 a year\)\./],
        de: ['Geschäft halten: Alpha', /^20\.000 € im Jahr sind gefährdet \(Umsatz: 100\.000 € im Jahr\)\./],
      },
    ],
    [
      { is: 'commitmentOverdue', name: 'Alpha', commitment: get, dueOn: '2026-10-01' },
      {
        en: [
          'Commitment of the customer overdue: Alpha',
          /^The customer has promised: Tour of the plant in Lyon\. It was due on 1 Oct 2026, by Ada Roth, and is not done\./,
        ],
        de: [
          'Zusage des Kunden überfällig: Alpha',
          /^Der Kunde hat zugesagt: Tour of the plant in Lyon\. Fällig war das am 01\.10\.2026, zuständig ist Ada Roth;/,
        ],
      },
    ],
    [
      {
        is: 'commitmentOverdue',
        name: 'Alpha',
        commitment: { ...get, side: 'give', what: null },
        dueOn: '2026-10-01',
      },
      {
        en: ['Our commitment overdue: Alpha', /^We have promised\. It was due on 1 Oct 2026, and is not done\./],
        de: ['Unsere Zusage überfällig: Alpha', /^Wir haben zugesagt\. Fällig war das am 01\.10\.2026; erledigt/],
      },
    ],
    [
      {
        is: 'requalify',
        name: 'Alpha',
        decision,
        causes: [
          { is: 'fails', since: '2026-09-30' },
          { is: 'commitments' },
          { is: 'late', late: 2, due: 3 },
          { is: 'reviewDue', on: '2026-11-01' },
        ],
      },
      {
        en: [
          'Requalify key account: Alpha',
          /since 30 Sept 2026\.\n- The commitments that are left.*\n- 2 of the customer's 3 due commitments are late\.\n- The review.*1 Nov 2026\./,
        ],
        de: [
          'Key Account überprüfen: Alpha',
          /Seit 30\.09\.2026 reichen.*\n- Es sind weniger.*\n- 2 von 3 fälligen Zusagen.*\n- Die Überprüfung.*01\.11\.2026 fällig\./,
        ],
      },
    ],
    [
      { is: 'overrideExpiring', name: 'Alpha', tier: 'candidate', until: '2026-12-01', hasExpired: false },
      {
        en: ['Override expires: Alpha', /^Candidate was set by hand until 1 Dec 2026\. From the day after/],
        de: ['Manuelle Einstufung läuft ab: Alpha', /^Kandidat wurde von Hand bis 01\.12\.2026 gesetzt\. Ab dem Tag/],
      },
    ],
    [
      { is: 'overrideExpiring', name: 'Alpha', tier: 'candidate', until: '2026-11-01', hasExpired: true },
      {
        en: ['Override has expired: Alpha', /1 Nov 2026\. It counts no longer/],
        de: ['Manuelle Einstufung abgelaufen: Alpha', /01\.11\.2026 gesetzt\. Das gilt nicht mehr/],
      },
    ],
    [
      { is: 'trust', name: 'Alpha', tier: 'key' },
      {
        en: ['Win back trust: Alpha', /^This customer \(Key Account\) asks only competitors/],
        de: ['Vertrauen zurückgewinnen: Alpha', /^Dieser Kunde \(Key Account\) fragt bei neuen/],
      },
    ],
  ];

  test.each(languages)('of the other kinds say what to do, in %s', (language) => {
    for (const [about, texts] of asked) {
      const { subject, description } = reviewText(about, speech(language));
      expect(subject).toBe(texts[language][0]);
      expect(plain(description)).toMatch(texts[language][1]);
    }
  });

  test('say when they were closed', () => {
    expect(closingNote('2026-11-24', speech('en'))).toBe(
      'Closed automatically on 24 Nov 2026: nothing is left to do here.',
    );
    expect(closingNote('2026-11-24', speech('de'))).toBe(
      'Am 24.11.2026 automatisch geschlossen: Hier ist nichts mehr zu tun.',
    );
  });
});

describe('the way a customer takes new challenges', () => {
  const trusts = ['comesToUs', 'asksUsToo', 'asksOthers'] as const;

  test('shapes the next talk, and each way by other words', () => {
    for (const language of languages) {
      const steps = trusts.map((trust) => nextStepText({ is: 'ask' }, speech(language), trust));
      expect(new Set(steps).size).toBe(3);
    }
    expect(nextStepText({ is: 'ask' }, speech('en'), 'asksOthers')).toBe(
      'Ask the customer: do they want key account care, and what do they give for it? With new challenges they ask only competitors: first win back a hearing.',
    );
  });

  test('says nothing where the step is no talk', () => {
    expect(nextStepText({ is: 'rate', criteria: ['opinionLeader'] }, speech('en'), 'asksOthers')).toBe(
      nextStepText({ is: 'rate', criteria: ['opinionLeader'] }, speech('en')),
    );
  });
});

describe('the fields of the CRM', () => {
  const withReasons = (...texts: string[]) => ({
    ...decided(),
    reasons: texts.map((reason): Reason => ({ is: 'excluded', reason })),
  });

  test('hold one reason a line', () => {
    expect(reasonsText(withReasons('a', 'b'), speech('en'))).toBe(
      'Excluded from key account selection: a.\nExcluded from key account selection: b.',
    );
  });

  test('are filled to the last character, and cut at the end of a line', () => {
    // 'Excluded from key account selection: ' and the full stop are 38 characters.
    const [first, second] = ['a'.repeat(1962), 'b'.repeat(1961)];
    const full = reasonsText(withReasons(first, second), speech('en'));
    expect(full).toHaveLength(4000);
    expect(reasonsText(withReasons(first, `${second}b`), speech('en'))).toHaveLength(2000);
  });

  test('hold a first reason that is too long as far as it goes', () => {
    const text = reasonsText(withReasons('word '.repeat(900)), speech('en'));
    expect(text.length).toBeLessThanOrEqual(4000);
    expect(text).toMatch(/word…$/);
  });

  test('hold no more than 255 characters of a next step', () => {
    const families = ['a', 'b', 'c'].map((letter) => ({ family: letter.repeat(200), amount: 0 }));
    const text = nextStepText({ is: 'grow', families }, speech('en')) ?? '';
    expect(text.length).toBeLessThanOrEqual(255);
    expect(text.endsWith('…')).toBe(true);
  });

  test('hold a single long word as far as it goes', () => {
    // ' anbieten: ' and the name are 12 characters.
    const subject = (length: number): string =>
      reviewText({ is: 'grow', name: 'A', cell: aCell({ family: 'P'.repeat(length) }) }, speech('de')).subject;
    expect(subject(243)).toBe(`${'P'.repeat(243)} anbieten: A`);
    expect(subject(300)).toBe(`${'P'.repeat(254)}…`);
  });

  test('are never cut inside a character', () => {
    const subject = (pad: string) =>
      reviewText({ is: 'grow', name: '', cell: aCell({ family: `${pad}${'🚀'.repeat(200)}` }) }, speech('de')).subject;
    expect(['', 'x'].map((pad) => subject(pad).isWellFormed())).toEqual([true, true]);
  });
});

describe('names', () => {
  const named = (language: Language): string[] => [
    ...(['key', 'candidate', 'large', 'standard'] as const).map((tier) => tierName(tier, language)),
    ...(['top', 'development', 'base', 'small', 'unknown'] as const).map((name) => segmentName(name, language)),
    ...(['segment', 'strategy', 'score', 'ask'] as const).map((gate) => gateName(gate, language)),
    ...(['passed', 'failed', 'open', 'undecided'] as const).map((result) => resultName(result, language)),
    ...[...scoreCriteria, ...strategyCriteria].map((criterion) => criterionName(criterion, language)),
  ];

  test('are in the language of the reader', () => {
    expect(named('de')).toContain('Großkunde');
    expect(named('de')).toContain('Entwicklungskunde');
    expect(named('en')).toContain('Large Account');
    expect(named('en')).toContain('revenue that could be lost');
  });

  test('tell all things apart', () => {
    for (const language of languages) expect(new Set(named(language)).size).toBe(named(language).length);
  });

  test('every unknown has a reason in words', () => {
    const whys: Record<WhyUnknown, true> = {
      ratingOld: true,
      noSales: true,
      noHistory: true,
      noPeers: true,
      noMargin: true,
      partialMargin: true,
      noCountry: true,
      notRated: true,
      noPotential: true,
      notModelled: true,
      noAnchors: true,
      noRecentSales: true,
      fewEvents: true,
      fewBuyers: true,
      noQuantities: true,
      onePriceLevel: true,
      noWallet: true,
      noTarget: true,
      noSaving: true,
    };
    const codes = Object.keys(whys).filter((why): why is WhyUnknown => why in whys);
    const texts = languages.flatMap((language) => codes.map((why) => unknownText(why, language)));
    expect(new Set(texts).size).toBe(2 * codes.length);
  });
});

describe('why revenue is at risk', () => {
  test.each([
    [
      'it is told by the silence against the usual rhythm',
      aRisk({ daysSinceLastOrder: 45, usualGap: 30 }),
      '12% chance to buy less than half of what the season lets expect. Last order 45 days ago, usually every 30 days.',
      'Kauft mit 12 % Wahrscheinlichkeit weniger als die Hälfte dessen, was die Saison erwarten lässt. Letzter Auftrag vor 45 Tagen, sonst alle 30 Tage.',
    ],
    [
      'a new customer with one order has no rhythm',
      aRisk({ daysSinceLastOrder: 1, usualGap: null, isNew: true }),
      '12% chance to buy less than half of what the season lets expect. Last order 1 day ago; a new customer of whom little is known.',
      'Kauft mit 12 % Wahrscheinlichkeit weniger als die Hälfte dessen, was die Saison erwarten lässt. Letzter Auftrag vor 1 Tag; ein neuer Kunde, über den wenig bekannt ist.',
    ],
    [
      'and who orders daily is said to',
      aRisk({ daysSinceLastOrder: 2, usualGap: 1 }),
      '12% chance to buy less than half of what the season lets expect. Last order 2 days ago, usually every 1 day.',
      'Kauft mit 12 % Wahrscheinlichkeit weniger als die Hälfte dessen, was die Saison erwarten lässt. Letzter Auftrag vor 2 Tagen, sonst täglich.',
    ],
  ])('%s', (_, risk, en, de) => {
    expect(plain(riskText(risk, speech('en')))).toBe(en);
    expect(plain(riskText(risk, speech('de')))).toBe(de);
  });
});

test('every term of a chance and every signal of a risk has a name of its own', () => {
  expect(new Set(featureNames.map(termName)).size).toBe(featureNames.length);
  expect(new Set(riskSignals.map(signalName)).size).toBe(riskSignals.length);
});
