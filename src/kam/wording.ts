/** Every sentence that sales people read in the CRM, in English and in German. */
import memoize from 'lodash/memoize.js';
import type { AgreementGap, AgreementState, Commitment, CommitmentType, DeclineReason } from './agreement.js';
import type { ContactFunction, ContactLevel, ContactRole } from './coverage.js';
import type { PeopleRated, ScoreCriterion } from './criteria.js';
import type { AccountFacts, Rating, SolutionTrust, StatedBy } from './facts.js';
import type { Decision, Gate, GateResult, NextStep, NoRoom, Reason, Segment, Tier } from './funnel.js';
import type { Lever, LeverFigure, LeverTarget } from './lever.js';
import type { ChanceWhy } from './modelled.js';
import type { GroupingKind } from './model/peers.js';
import type { FeatureName } from './model/features.js';
import type { AccountRisk, RiskSignal } from './model/risk.js';
import type { PotentialCell, PotentialWhy } from './potential.js';
import type { ProjectArea } from './projects.js';
import type { Conversion } from './prospects.js';
import type { RatingEffect, RequalifyCause } from './reviews.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, IsoDate } from './units.js';
import { isKnown, type Unknown, type WhyUnknown } from './unknown.js';

export type Language = Settings['language'];

/** Language and currency of the words. */
export type Speech = Pick<Settings, 'language' | 'currency'>;

const MAXIMUM_REASONS = 4000;
const MAXIMUM_NEXT_STEP = 255;
const MAXIMUM_SUBJECT = 255;
const MAXIMUM_WHY = 2000;

/** All reasons of a decision, one a line, most decisive first; cut at a line's end where the field is full. */
export function reasonsText(decision: Decision, speech: Speech): string {
  const lines = decision.reasons.map((reason) => cut(reasonText(reason, speech), MAXIMUM_REASONS));
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + (kept.length > 0 ? 1 : 0);
    if (length > MAXIMUM_REASONS) break;
    kept.push(line);
  }
  return kept.join('\n');
}

/** The next step, and for a talk with the customer how he takes new challenges. */
export function nextStepText(step: NextStep, speech: Speech, trust: SolutionTrust | null = null): string | null {
  const text = say(speech, step, stepWords);
  if (text === null) return null;
  const isTalk = step.is === 'ask' || step.is === 'agree' || step.is === 'prove' || step.is === 'reask';
  const manner = isTalk ? trustText(trust, speech) : null;
  return cut(manner === null ? text : `${text} ${manner}`, MAXIMUM_NEXT_STEP);
}

/**
 * What to do next, and what it would take to move over the line; the latter only where the field has room for all of it.
 */
export function nextStepWithLever(
  { nextStep, lever }: Decision,
  speech: Speech,
  trust: SolutionTrust | null = null,
): string | null {
  const step = nextStepText(nextStep, speech, trust);
  if (lever === undefined) return step;
  const both = [...(step === null ? [] : [step]), leverText(lever, speech)].join(' ');
  return both.length <= MAXIMUM_NEXT_STEP ? both : step;
}

/** What it would take, in a sentence. */
export const leverText = (lever: Lever, speech: Speech): string => say(speech, lever, leverWords);

/** At most `maximum` long; what is cut ends in an ellipsis after a whole word. */
function cut(text: string, maximum: number): string {
  if (text.length <= maximum) return text;
  const room = text.slice(0, maximum - 1).replace(/[\uD800-\uDBFF]$/, '');
  const lastSpace = room.lastIndexOf(' ');
  return `${(lastSpace > 0 ? room.slice(0, lastSpace) : room).trimEnd()}…`;
}

/** Picks the language; both texts stand side by side so that they are changed together. */
function say<T, R>(speech: Speech, subject: T, words: Record<Language, (subject: T, speech: Speech) => R>): R {
  return words[speech.language](subject, speech);
}

const tierNames: Record<Language, Record<Tier, string>> = {
  en: { key: 'Key Account', candidate: 'Candidate', large: 'Large Account', standard: 'Standard' },
  de: { key: 'Key Account', candidate: 'Kandidat', large: 'Großkunde', standard: 'Standard' },
};

const segmentNames: Record<Language, Record<Segment, string>> = {
  en: {
    top: 'Top customer',
    development: 'Development customer',
    base: 'Base customer',
    small: 'Small customer',
    unknown: 'Segment unknown',
  },
  de: {
    top: 'Topkunde',
    development: 'Entwicklungskunde',
    base: 'Basiskunde',
    small: 'Kleinkunde',
    unknown: 'Segment unbekannt',
  },
};

const gateNames: Record<Language, Record<Gate, string>> = {
  en: { segment: 'Segment', strategy: 'Strategy', score: 'Score', ask: 'Ask the customer' },
  de: { segment: 'Segment', strategy: 'Strategie', score: 'Score', ask: 'Kundenfrage' },
};

const resultNames: Record<Language, Record<GateResult, string>> = {
  en: { passed: 'passed', failed: 'not passed', open: 'open', undecided: 'undecided' },
  de: { passed: 'bestanden', failed: 'nicht bestanden', open: 'offen', undecided: 'unentschieden' },
};

export const tierName = (tier: Tier, language: Language): string => tierNames[language][tier];
export const segmentName = (segment: Segment, language: Language): string => segmentNames[language][segment];
export const gateName = (gate: Gate, language: Language): string => gateNames[language][gate];
export const resultName = (result: GateResult, language: Language): string => resultNames[language][result];

const criterionNames: Record<
  Language,
  Record<ScoreCriterion | PeopleRated | 'complexity' | 'countries' | 'sites', string>
> = {
  en: {
    potential: 'additional potential',
    margin: 'contribution margin',
    risk: 'revenue that could be lost',
    breadth: 'cross-selling breadth',
    growth: 'growth',
    referenceCustomer: 'reference effect',
    opinionLeader: 'opinion leadership',
    complexity: 'complexity of the relationship',
    countries: 'countries',
    sites: 'sites',
  },
  de: {
    potential: 'zusätzliches Potenzial',
    margin: 'Deckungsbeitrag',
    risk: 'Umsatz, der verloren gehen könnte',
    breadth: 'Cross-Selling-Breite',
    growth: 'Wachstum',
    referenceCustomer: 'Leuchtturmwirkung',
    opinionLeader: 'Meinungsführerschaft',
    complexity: 'Komplexität der Beziehung',
    countries: 'Länder',
    sites: 'Standorte',
  },
};

export const criterionName = (criterion: keyof (typeof criterionNames)['en'], language: Language): string =>
  criterionNames[language][criterion];

const functionNames: Record<Language, Record<ContactFunction, string>> = {
  en: {
    management: 'management',
    purchasing: 'purchasing',
    production: 'production',
    logistics: 'logistics',
    it: 'IT',
    research: 'R&D',
    administration: 'administration',
    quality: 'quality',
    sales: 'sales',
  },
  de: {
    management: 'Geschäftsleitung',
    purchasing: 'Einkauf',
    production: 'Produktion',
    logistics: 'Logistik',
    it: 'IT',
    research: 'F&E',
    administration: 'Verwaltung',
    quality: 'Qualität',
    sales: 'Vertrieb',
  },
};
const levelNames: Record<Language, Record<ContactLevel, string>> = {
  en: { board: 'board', head: 'heads of department', specialist: 'specialists' },
  de: { board: 'Geschäftsführung', head: 'Abteilungsleitung', specialist: 'Fachebene' },
};
const roleNames: Record<Language, Record<ContactRole, string>> = {
  en: { sponsor: 'sponsor', decisionMaker: 'decision maker', champion: 'champion' },
  de: { sponsor: 'Förderer', decisionMaker: 'Entscheider', champion: 'Fürsprecher' },
};
const areaNames: Record<Language, Record<ProjectArea, string>> = {
  en: {
    logistics: 'logistics',
    it: 'IT',
    research: 'R&D',
    administration: 'administration',
    production: 'production',
    valueCreationStep: 'a value-creation step taken over',
  },
  de: {
    logistics: 'Logistik',
    it: 'IT',
    research: 'F&E',
    administration: 'Verwaltung',
    production: 'Produktion',
    valueCreationStep: 'übernommener Wertschöpfungsschritt',
  },
};

export const contactFunctionName = (name: ContactFunction, language: Language): string => functionNames[language][name];
export const contactLevelName = (level: ContactLevel, language: Language): string => levelNames[language][level];
export const contactRoleName = (role: ContactRole, language: Language): string => roleNames[language][role];
export const projectAreaName = (area: ProjectArea, language: Language): string => areaNames[language][area];

const unknownWords: Record<Language, Record<WhyUnknown, string>> = {
  en: {
    noSales: 'no sales in the period',
    noHistory: 'history too short',
    noPeers: 'no comparable accounts',
    noMargin: 'no margin is kept for the families bought',
    partialMargin: 'some families bought have no margin',
    noCountry: 'no billing country',
    notRated: 'not rated yet',
    ratingOld: 'rated too long ago',
    noPotential: 'no potential could be estimated',
    notModelled: 'not modelled',
    noAnchors: 'the scale is not set',
    noRecentSales: 'nothing bought lately',
    fewEvents: 'too few such cases in the past',
    fewBuyers: 'too few comparable buyers',
    noQuantities: 'no quantities on the lines sold',
    onePriceLevel: 'only one price level in the family',
    noWallet: 'no wallet was stated',
    noTarget: 'no target above zero is set',
    noSaving: 'nobody entered a saving',
  },
  de: {
    noSales: 'kein Umsatz im Zeitraum',
    noHistory: 'Historie zu kurz',
    noPeers: 'keine vergleichbaren Kunden',
    noMargin: 'für die gekauften Produktgruppen ist keine Marge hinterlegt',
    partialMargin: 'für einige gekaufte Produktgruppen ist keine Marge hinterlegt',
    noCountry: 'kein Land in der Rechnungsadresse',
    notRated: 'noch nicht bewertet',
    ratingOld: 'Bewertung zu alt',
    noPotential: 'kein Potenzial ermittelbar',
    notModelled: 'nicht modelliert',
    noAnchors: 'die Skala ist nicht gesetzt',
    noRecentSales: 'zuletzt nichts gekauft',
    fewEvents: 'zu wenige solche Fälle in der Vergangenheit',
    fewBuyers: 'zu wenige vergleichbare Käufer',
    noQuantities: 'keine Mengen auf den verkauften Positionen',
    onePriceLevel: 'nur ein Preisniveau in der Produktgruppe',
    noWallet: 'kein Einkaufsvolumen genannt',
    noTarget: 'kein Ziel über null gesetzt',
    noSaving: 'keine Ersparnis eingetragen',
  },
};

export const unknownText = (why: WhyUnknown, language: Language): string => unknownWords[language][why];

/** One reason as one line. */
export const reasonText = (reason: Reason, speech: Speech): string => say(speech, reason, reasonWords);

const reasonWords: Record<Language, (reason: Reason, speech: Speech) => string> = {
  en: (reason, speech) => {
    const name = (criterion: ScoreCriterion | PeopleRated): string => criterionNames.en[criterion];
    switch (reason.is) {
      case 'segment':
        return `${segmentNames.en[reason.segment]}: revenue ${perYear(reason.revenue, speech)} (high from ${money(reason.lines.revenue, speech)}), additional potential ${perYear(reason.potential, speech)} (high from ${money(reason.lines.potential, speech)})${reason.kept ? '; kept, just below the line' : ''}.`;
      case 'excluded':
        return `Excluded from key account selection${because(reason.reason)}`;
      case 'strategyPassed':
        return reason.by === 'mean'
          ? `Strategic criteria passed: ${percent(reason.mean, speech)} of what is possible.`
          : `Strategic criteria passed by ${name(reason.by)} alone (rated 3).`;
      case 'strategyFailed':
        return `Strategic criteria not passed: at most ${percent(reason.highest, speech)}, ${percent(reason.minimum, speech)} are needed.`;
      case 'strategyUndecided':
        return `Strategic criteria undecided: between ${percent(reason.lowest, speech)} and ${percent(reason.highest, speech)}, ${percent(reason.minimum, speech)} are needed. Missing: ${unratedWords('en', reason.missing)}.`;
      case 'scoreExceeded':
        return `Score ${points(reason.points, speech)} exceeds ${points(reason.threshold, speech)}; strongest: ${reason.best.map((part) => `${name(part.criterion)} ${points(part.contribution, speech)} of ${points(part.possible, speech)}`).join(', ')}.`;
      case 'scoreHeld':
        return `Score ${points(reason.points, speech)} does not exceed ${points(reason.threshold, speech)}, but has before: it is held as long as it exceeds ${points(reason.downTo, speech)}; strongest: ${reason.best.map((part) => `${name(part.criterion)} ${points(part.contribution, speech)} of ${points(part.possible, speech)}`).join(', ')}.`;
      case 'scoreNotExceeded':
        return `Score ${points(reason.points, speech)} does not exceed ${points(reason.threshold, speech)}; most is missing: ${reason.worst.map((part) => `${name(part.criterion)} (${points(part.contribution, speech)} of ${points(part.possible, speech)})`).join(', ')}.`;
      case 'scoreUndecided':
        return `Score undecided: only ${percent(reason.confidence, speech)} of the weights are known, ${percent(reason.minimum, speech)} are needed. Unknown: ${reason.unknown.map(({ criterion, why }) => `${name(criterion)} (${unknownWords.en[why]})`).join(', ')}.`;
      case 'overCapacity':
        return `Waiting: rank ${reason.rank}, the programme can care for ${reason.capacity}.`;
      case 'managerFull':
        return 'Waiting: no capacity with the key account manager.';
      case 'held':
        return reason.by === 'stay'
          ? `The place is kept until ${day(reason.until, speech)}, the minimum stay, although the figures no longer carry it.`
          : `The place is kept until ${day(reason.until, speech)}: as many customers as a quarter allows have moved already.`;
      case 'waits':
        return `Waiting until ${day(reason.until, speech)}: the figures are enough for a candidate, but as many customers as a quarter allows have moved already.`;
      case 'uncalibrated':
        return 'The scale is uncalibrated: its anchors come from the figures of all customers, not from settings.';
      case 'accepted':
        return `The customer accepted the agreement${on(reason.on, speech)}.`;
      case 'acceptedNotEnough':
        return `The customer agreed${on(reason.on, speech)}, but gives too little for it: ${gapsText(reason.missing, 'en')}.`;
      case 'declined':
        return `The customer declined${on(reason.on, speech)}${because(declinedFor('en', reason.reason))}${reason.reaskOn === null ? '' : ` Ask again on ${day(reason.reaskOn, speech)}.`}`;
      case 'asked':
        return `The customer was asked${on(reason.on, speech)}; the answer is open.`;
      case 'noAnswer':
        return `The customer was asked${on(reason.on, speech)} and has not answered.`;
      case 'incubator':
        return `On trial with limited resources${reason.until === null ? '' : ` until ${day(reason.until, speech)}`}.`;
      case 'notAsked':
        return 'The customer has not been asked yet.';
      case 'overridden':
        return `Set to ${tierNames.en[reason.tier]} by hand until ${day(reason.until, speech)}${because(reason.reason)}`;
      case 'overrideRefused':
        return `Override to ${tierNames.en[reason.tier]} refused: ${refusedEn[reason.because]}.`;
    }
  },
  de: (reason, speech) => {
    const name = (criterion: ScoreCriterion | PeopleRated): string => criterionNames.de[criterion];
    switch (reason.is) {
      case 'segment':
        return `${segmentNames.de[reason.segment]}: Umsatz ${perYear(reason.revenue, speech)} (hoch ab ${money(reason.lines.revenue, speech)}), zusätzliches Potenzial ${perYear(reason.potential, speech)} (hoch ab ${money(reason.lines.potential, speech)})${reason.kept ? '; gehalten, knapp unter der Grenze' : ''}.`;
      case 'excluded':
        return `Von der Key-Account-Auswahl ausgenommen${because(reason.reason)}`;
      case 'strategyPassed':
        return reason.by === 'mean'
          ? `Strategische Kriterien erfüllt: ${percent(reason.mean, speech)} des Möglichen.`
          : `Strategische Kriterien allein durch ${name(reason.by)} erfüllt (Bewertung 3).`;
      case 'strategyFailed':
        return `Strategische Kriterien nicht erfüllt: höchstens ${percent(reason.highest, speech)}, nötig sind ${percent(reason.minimum, speech)}.`;
      case 'strategyUndecided':
        return `Strategische Kriterien unentschieden: zwischen ${percent(reason.lowest, speech)} und ${percent(reason.highest, speech)}, nötig sind ${percent(reason.minimum, speech)}. Es fehlt: ${unratedWords('de', reason.missing)}.`;
      case 'scoreExceeded':
        return `Score ${points(reason.points, speech)} übertrifft ${points(reason.threshold, speech)}; am stärksten: ${reason.best.map((part) => `${name(part.criterion)} ${points(part.contribution, speech)} von ${points(part.possible, speech)}`).join(', ')}.`;
      case 'scoreHeld':
        return `Score ${points(reason.points, speech)} übertrifft ${points(reason.threshold, speech)} nicht, hat es aber schon: Er wird gehalten, solange er ${points(reason.downTo, speech)} übertrifft; am stärksten: ${reason.best.map((part) => `${name(part.criterion)} ${points(part.contribution, speech)} von ${points(part.possible, speech)}`).join(', ')}.`;
      case 'scoreNotExceeded':
        return `Score ${points(reason.points, speech)} übertrifft ${points(reason.threshold, speech)} nicht; am meisten fehlt: ${reason.worst.map((part) => `${name(part.criterion)} (${points(part.contribution, speech)} von ${points(part.possible, speech)})`).join(', ')}.`;
      case 'scoreUndecided':
        return `Score unentschieden: nur ${percent(reason.confidence, speech)} der Gewichte sind bekannt, nötig sind ${percent(reason.minimum, speech)}. Unbekannt: ${reason.unknown.map(({ criterion, why }) => `${name(criterion)} (${unknownWords.de[why]})`).join(', ')}.`;
      case 'overCapacity':
        return `Wartet: Rang ${reason.rank}, das Programm kann ${reason.capacity} betreuen.`;
      case 'managerFull':
        return 'Wartet: keine Kapazität beim Key-Account-Manager.';
      case 'held':
        return reason.by === 'stay'
          ? `Der Platz bleibt für die Mindestdauer bis ${day(reason.until, speech)}, obwohl die Zahlen ihn nicht mehr tragen.`
          : `Der Platz bleibt bis ${day(reason.until, speech)}: So viele Kunden, wie ein Quartal erlaubt, haben schon gewechselt.`;
      case 'waits':
        return `Wartet bis ${day(reason.until, speech)}: Die Zahlen reichen für einen Kandidaten, aber so viele Kunden, wie ein Quartal erlaubt, haben schon gewechselt.`;
      case 'uncalibrated':
        return 'Die Skala ist nicht kalibriert: Ihre Eckwerte stammen aus den Zahlen aller Kunden, nicht aus den Einstellungen.';
      case 'accepted':
        return `Der Kunde hat die Vereinbarung${on(reason.on, speech)} angenommen.`;
      case 'acceptedNotEnough':
        return `Der Kunde hat${on(reason.on, speech)} zugesagt, gibt dafür aber noch zu wenig: ${gapsText(reason.missing, 'de')}.`;
      case 'declined':
        return `Der Kunde hat${on(reason.on, speech)} abgelehnt${because(declinedFor('de', reason.reason))}${reason.reaskOn === null ? '' : ` Erneut fragen am ${day(reason.reaskOn, speech)}.`}`;
      case 'asked':
        return `Der Kunde wurde${on(reason.on, speech)} gefragt; die Antwort steht aus.`;
      case 'noAnswer':
        return `Der Kunde wurde${on(reason.on, speech)} gefragt und hat nicht geantwortet.`;
      case 'incubator':
        return `Auf Probe mit begrenztem Aufwand${reason.until === null ? '' : ` bis ${day(reason.until, speech)}`}.`;
      case 'notAsked':
        return 'Der Kunde wurde noch nicht gefragt.';
      case 'overridden':
        return `Von Hand auf ${tierNames.de[reason.tier]} gesetzt bis ${day(reason.until, speech)}${because(reason.reason)}`;
      case 'overrideRefused':
        return `Manuelle Einstufung als ${tierNames.de[reason.tier]} nicht übernommen: ${refusedDe[reason.because]}.`;
    }
  },
};

/** Where no rating by people is missing, only the countries can be what is not known. */
const unratedWords = (language: Language, missing: readonly PeopleRated[]): string =>
  missing.length === 0
    ? `${criterionNames[language].countries} (${unknownWords[language].noCountry})`
    : missing.map((criterion) => criterionNames[language][criterion]).join(', ');

/** What an agreement lacks, as a list after a colon. */
const gapsText = (gaps: readonly AgreementGap[], language: Language): string =>
  gaps.map((gap) => gapWords[language](gap)).join('; ');

const gapWords: Record<Language, (gap: AgreementGap) => string> = {
  en: (gap) => {
    switch (gap.is) {
      case 'doesNotWant':
        return 'the customer does not want the care';
      case 'gets':
        return `${gap.has} of ${gap.needs} commitments with a named person and a date`;
      case 'access':
        return `${gap.has} of ${gap.needs} that open countries, sites or people`;
      case 'withoutPerson':
        return `${gap.count} without a person on the customer's side`;
      case 'withoutDate':
        return `${gap.count} without a date after the agreement`;
    }
  },
  de: (gap) => {
    switch (gap.is) {
      case 'doesNotWant':
        return 'der Kunde will die Betreuung nicht';
      case 'gets':
        return `${gap.has} von ${gap.needs} Gegenleistungen mit Ansprechpartner und Termin`;
      case 'access':
        return `${gap.has} von ${gap.needs} mit Zugang zu Ländern, Standorten oder Personen`;
      case 'withoutPerson':
        return `${gap.count} ohne Ansprechpartner beim Kunden`;
      case 'withoutDate':
        return `${gap.count} ohne Termin nach der Vereinbarung`;
    }
  },
};

const declineWords: Record<Language, Record<DeclineReason, string>> = {
  en: {
    supplierOnly: 'sees us as a supplier only',
    priceOnly: 'only the price counts',
    timing: 'not the right time',
    contactTooLow: 'our contacts rank too low',
    competitorPreferred: 'prefers a competitor',
    compliance: 'compliance rules forbid it',
  },
  de: {
    supplierOnly: 'sieht uns nur als Lieferanten',
    priceOnly: 'nur der Preis zählt',
    timing: 'falscher Zeitpunkt',
    contactTooLow: 'unsere Ansprechpartner stehen zu tief',
    competitorPreferred: 'zieht einen Wettbewerber vor',
    compliance: 'Compliance-Regeln verbieten es',
  },
};

const declinedFor = (language: Language, reason: DeclineReason | null): string | null =>
  reason === null ? null : declineWords[language][reason];

type Refused = Extract<Reason, { is: 'overrideRefused' }>['because'];

const refusedEn: Record<Refused, string> = {
  noAgreement: 'a Key Account needs an accepted agreement',
  noReason: 'it gives no reason',
  noExpiry: 'it has no expiry date',
  expired: 'it has expired',
  excluded: 'the customer is excluded',
};

const refusedDe: Record<Refused, string> = {
  noAgreement: 'ein Key Account setzt eine angenommene Vereinbarung voraus',
  noReason: 'die Begründung fehlt',
  noExpiry: 'das Ablaufdatum fehlt',
  expired: 'sie ist abgelaufen',
  excluded: 'der Kunde ist ausgenommen',
};

const stepWords: Record<Language, (step: NextStep, speech: Speech) => string | null> = {
  en: (step, speech) => {
    switch (step.is) {
      case 'rate':
        return `Rate ${step.criteria.map((criterion) => criterionNames.en[criterion]).join(' and ')} (0–3): it decides whether this customer is a candidate.`;
      case 'ask':
        return 'Ask the customer: do they want key account care, and what do they give for it?';
      case 'await':
        return "Get the customer's answer.";
      case 'agree':
        return `Agree with the customer on what is missing: ${gapsText(step.missing, 'en')}.`;
      case 'prove':
        return `Use the trial: agree on the commitments${step.until === null ? '' : ` by ${day(step.until, speech)}`}.`;
      case 'reask':
        return step.on === null ? 'Ask again when the situation has changed.' : `Ask again on ${day(step.on, speech)}.`;
      case 'grow':
        return `Offer ${step.families.map(({ family, amount }) => `${family} (${perYear(amount, speech)})`).join(', ')}.`;
      case 'findRoom':
        return step.with === 'programme'
          ? 'Do not ask yet: all places of the programme are taken. The best by score come first.'
          : 'Do not ask yet: find a key account manager who has room for this customer.';
      case 'learn':
        return step.why === 'noAnchors'
          ? `Set the scale of ${criterionNames.en[step.criterion]} in Setup: the values that earn 0, 50 and 100 points.`
          : `Find out: ${criterionNames.en[step.criterion]} (${unknownWords.en[step.why]}).`;
      case 'none':
        return null;
    }
  },
  de: (step, speech) => {
    switch (step.is) {
      case 'rate':
        return `${step.criteria.map((criterion) => criterionNames.de[criterion]).join(' und ')} bewerten (0–3): davon hängt ab, ob der Kunde Kandidat wird.`;
      case 'ask':
        return 'Den Kunden fragen: Will er die Key-Account-Betreuung, und was ist seine Gegenleistung?';
      case 'await':
        return 'Antwort des Kunden einholen.';
      case 'agree':
        return `Mit dem Kunden vereinbaren, was fehlt: ${gapsText(step.missing, 'de')}.`;
      case 'prove':
        return `Probezeit nutzen: Gegenleistungen vereinbaren${step.until === null ? '' : ` bis ${day(step.until, speech)}`}.`;
      case 'reask':
        return step.on === null
          ? 'Erneut fragen, wenn sich die Lage geändert hat.'
          : `Erneut fragen am ${day(step.on, speech)}.`;
      case 'grow':
        return `Anbieten: ${step.families.map(({ family, amount }) => `${family} (${perYear(amount, speech)})`).join(', ')}.`;
      case 'findRoom':
        return step.with === 'programme'
          ? 'Noch nicht fragen: Alle Plätze des Programms sind vergeben. Die besten Scores kommen zuerst.'
          : 'Noch nicht fragen: Einen Key-Account-Manager finden, der Platz für diesen Kunden hat.';
      case 'learn':
        return step.why === 'noAnchors'
          ? `Skala für ${criterionNames.de[step.criterion]} in Setup setzen: die Werte, die 0, 50 und 100 Punkte geben.`
          : `Klären: ${criterionNames.de[step.criterion]} (${unknownWords.de[step.why]}).`;
      case 'none':
        return null;
    }
  },
};

const leverTargets: Record<Language, Record<LeverTarget, string>> = {
  en: {
    key: 'make this a key account',
    candidate: 'make this a candidate',
    segment: 'bring this customer into the funnel',
    strategy: 'pass the strategic gate',
    score: 'exceed the score',
  },
  de: {
    key: 'Key Account',
    candidate: 'Kandidat',
    segment: 'den Eintritt in den Trichter',
    strategy: 'das Strategie-Kriterium',
    score: 'den Score',
  },
};

const leverFigures: Record<Language, Record<LeverFigure, string>> = {
  en: { potential: 'additional potential', margin: 'contribution margin', revenue: 'revenue' },
  de: { potential: 'zusätzliches Potenzial', margin: 'Deckungsbeitrag', revenue: 'Umsatz' },
};

/** Rounded up to whole units, so that the amount named is enough. */
const atLeastMoney = (amount: Cents, speech: Speech): string => perYear(Math.ceil(amount / 100) * 100, speech);

/** For a change that passes all gates and still finds no room today. */
const leverWithoutRoom: Record<Language, Record<NoRoom, string>> = {
  en: {
    programme: 'pass all gates, though all places are taken today',
    manager: 'pass all gates, though the key account manager has no capacity today',
  },
  de: {
    programme: 'alle Hürden, auch wenn heute alle Plätze vergeben sind',
    manager: 'alle Hürden, auch wenn der Key-Account-Manager heute keine Kapazität hat',
  },
};

const leverWords: Record<Language, (lever: Lever, speech: Speech) => string> = {
  en: (lever, speech) => {
    const target = lever.lacks === undefined ? leverTargets.en[lever.to] : leverWithoutRoom.en[lever.lacks];
    switch (lever.is) {
      case 'rating':
        return `Enough to ${target}: ${criterionNames.en[lever.criterion]} rated ${lever.atLeast} (now ${isKnown(lever.from) ? lever.from : 'not rated'}).`;
      case 'figure':
        return `Enough to ${target}: ${leverFigures.en[lever.figure]} of ${atLeastMoney(lever.atLeast, speech)} (now ${isKnown(lever.from) ? money(lever.from, speech) : 'unknown'}).`;
      case 'get':
        return `Enough to ${target}: one more commitment by the customer${lever.access ? ' that gives access' : ''}, with a person and a date.`;
    }
  },
  de: (lever, speech) => {
    const name = lever.lacks === undefined ? leverTargets.de[lever.to] : leverWithoutRoom.de[lever.lacks];
    const target = `Genügt für ${name}`;
    switch (lever.is) {
      case 'rating':
        return `${target}: ${criterionNames.de[lever.criterion]} mit ${lever.atLeast} bewertet (heute ${isKnown(lever.from) ? lever.from : 'nicht bewertet'}).`;
      case 'figure':
        return `${target}: ${leverFigures.de[lever.figure]} von ${atLeastMoney(lever.atLeast, speech)} (heute ${isKnown(lever.from) ? money(lever.from, speech) : 'unbekannt'}).`;
      case 'get':
        return `${target}: eine weitere Zusage des Kunden${lever.access ? ', die Zugang gibt,' : ''} mit Person und Termin.`;
    }
  },
};

type Comparable = AccountFacts['peerGroup']['level'];

const comparable: Record<Language, Record<Comparable, string>> = {
  en: {
    industryAndSize: 'accounts of the same industry and size',
    industry: 'accounts of the same industry',
    size: 'accounts of the same size',
    all: 'accounts',
  },
  de: {
    industryAndSize: 'Kunden gleicher Branche und Größe',
    industry: 'Kunden gleicher Branche',
    size: 'Kunden gleicher Größe',
    all: 'Kunden',
  },
};

/** Why a cell of potential is there, in a sentence or two. */
export const potentialText = (cell: PotentialCell, speech: Speech): string =>
  say(speech, cell, {
    en: () => [whyWords.en(cell, speech), ...besides.en(cell, speech)].join(' '),
    de: () => [whyWords.de(cell, speech), ...besides.de(cell, speech)].join(' '),
  });

/** The same, as long as the record of the family can hold. */
export const familyText = (cell: PotentialCell, speech: Speech): string =>
  cut(potentialText(cell, speech), MAXIMUM_WHY);

const whyWords: Record<Language, (cell: PotentialCell, speech: Speech) => string> = {
  en: ({ family, why }, speech) => {
    switch (why.is) {
      case 'whitespace':
        return whitespaceEn(family, why, speech);
      case 'bought':
        return boughtEn(family, why, speech);
      case 'stated':
        return `Buys ${family} for ${perYear(why.wallet, speech)} from all suppliers, ${statedEn[why.by]}${why.on === null ? '' : ` on ${day(why.on, speech)}`}; ${percent(why.attainable, speech)} of it is attainable, ${money(why.own, speech)} is ours.`;
      case 'closed':
        return why.servedBy === 'us'
          ? `The account team says that all demand for ${family} is ours already.`
          : `The account team says that the customer covers the demand for ${family} itself.`;
    }
  },
  de: ({ family, why }, speech) => {
    switch (why.is) {
      case 'whitespace':
        return whitespaceDe(family, why, speech);
      case 'bought':
        return boughtDe(family, why, speech);
      case 'stated':
        return `Kauft ${family} bei allen Lieferanten für ${perYear(why.wallet, speech)}, ${statedDe[why.by]}${why.on === null ? '' : ` am ${day(why.on, speech)}`}; erreichbar sind ${percent(why.attainable, speech)} davon, ${money(why.own, speech)} haben wir.`;
      case 'closed':
        return why.servedBy === 'us'
          ? `Nach Angabe des Account-Teams decken wir den Bedarf an ${family} schon ganz.`
          : `Nach Angabe des Account-Teams deckt der Kunde den Bedarf an ${family} selbst.`;
    }
  },
};

type Whitespace = Extract<PotentialWhy, { is: 'whitespace' }>;

function whitespaceEn(family: string, { probability, spend, from }: Whitespace, speech: Speech): string {
  const became = ({ became: n, of }: Conversion): string =>
    `No customer yet: ${n} of ${of} accounts without sales became customers within a year.`;
  switch (from.is) {
    case 'model':
      return `${companyEn(family, from)}, for this customer's size typically ${perYear(spend, speech)}. Chance to start within ${from.horizonMonths} months: ${percent(probability, speech)}.`;
    case 'peers':
      return `${from.buyers} of ${from.peers} ${comparable.en[from.peerLevel]} buy ${family}, for this customer's size typically ${perYear(spend, speech)}.`;
    case 'prospect':
      return `${became(from.conversion)} ${from.buyers} of ${from.peers} ${comparable.en[from.peerLevel]} that are customers buy ${family}, typically for ${perYear(spend, speech)}.`;
    case 'sisters':
      return `${became(from.conversion)} ${from.buyers} of ${from.sites} sites of the group that are customers buy ${family}, typically for ${perYear(spend, speech)}.`;
  }
}

function whitespaceDe(family: string, { probability, spend, from }: Whitespace, speech: Speech): string {
  const became = ({ became: n, of }: Conversion): string =>
    `Noch kein Kunde: ${n} von ${of} Firmen ohne Umsatz wurden binnen eines Jahres Kunden.`;
  switch (from.is) {
    case 'model':
      return `${companyDe(family, from)}, bei dieser Kundengröße typischerweise ${perYear(spend, speech)}. Chance auf einen Einstieg binnen ${from.horizonMonths} Monaten: ${percent(probability, speech)}.`;
    case 'peers':
      return `${from.buyers} von ${from.peers} ${comparable.de[from.peerLevel]} kaufen ${family}, bei dieser Kundengröße typischerweise ${perYear(spend, speech)}.`;
    case 'prospect':
      return `${became(from.conversion)} ${from.buyers} von ${from.peers} ${comparable.de[from.peerLevel]} kaufen ${family}, typischerweise für ${perYear(spend, speech)}.`;
    case 'sisters':
      return `${became(from.conversion)} ${from.buyers} von ${from.sites} kaufenden Standorten der Gruppe kaufen ${family}, typischerweise für ${perYear(spend, speech)}.`;
  }
}

type Circle = GroupingKind | 'all';

const circles: Record<Language, Record<Circle, string>> = {
  en: {
    industryAndSize: 'accounts of the same industry and size',
    countryAndSize: 'accounts of the same country and size',
    parent: 'accounts under the same parent',
    region: 'accounts of the same region',
    size: 'accounts of the same size',
    all: 'accounts',
  },
  de: {
    industryAndSize: 'Kunden gleicher Branche und Größe',
    countryAndSize: 'Kunden aus gleichem Land und gleicher Größe',
    parent: 'Kunden desselben Konzerns',
    region: 'Kunden aus derselben Region',
    size: 'Kunden gleicher Größe',
    all: 'Kunden',
  },
};

/** Who else buys the family: first those that buy the same as this account, then comparable ones, then look-alikes. */
function companyEn(family: string, { together, peers, lookalikes }: ChanceWhy): string {
  if (together !== null && together.buyers > 0) {
    return `${together.alsoBuy} of ${together.buyers} ${circles.en[together.among]} that buy ${together.families.join(' and ')} also buy ${family}`;
  }
  if (peers !== null) return `${peers.owners} of ${peers.accounts} ${circles.en[peers.by]} buy ${family}`;
  if (lookalikes === null || lookalikes.accounts === 0) return `Other accounts buy ${family}`;
  return `${lookalikes.adopted} of ${lookalikes.accounts} accounts that looked like this one have begun to buy ${family} since`;
}

function companyDe(family: string, { together, peers, lookalikes }: ChanceWhy): string {
  if (together !== null && together.buyers > 0) {
    return `${together.alsoBuy} von ${together.buyers} ${circles.de[together.among]}, die ${together.families.join(' und ')} kaufen, kaufen auch ${family}`;
  }
  if (peers !== null) return `${peers.owners} von ${peers.accounts} ${circles.de[peers.by]} kaufen ${family}`;
  if (lookalikes === null || lookalikes.accounts === 0) return `Andere Kunden kaufen ${family}`;
  return `${lookalikes.adopted} von ${lookalikes.accounts} Kunden, die diesem ähnlich waren, kaufen seitdem ${family}`;
}

type Bought = Extract<PotentialWhy, { is: 'bought' }>;

function boughtEn(family: string, { own, from }: Bought, speech: Speech): string {
  const buys = `Buys ${family} for ${perYear(own, speech)}`;
  switch (from.is) {
    case 'peers':
      return `${buys}; the stronger of ${from.buyers} comparable buyers would spend ${money(from.benchmark, speech)}. ${percent(from.realisation, speech)} of the gap is expected.`;
    case 'model': {
      const { volume, value } = from;
      const share = (of: Fraction): string => percent(roughly(of), speech);
      const more =
        isKnown(volume) && volume.gap > 0
          ? `, ${volume.state === 'lapsed' ? 'lately nothing' : `${share(volume.ownShare)} of its spend`}; the stronger of ${volume.buyers} comparable buyers give the family ${share(volume.benchmarkShare)}. ${share(volume.realisation.share)} of such gaps ${volume.realisation.is === 'measured' ? 'were filled in the past' : 'are taken to be filled'}.`
          : '';
      const better =
        isKnown(value) && value.gap > 0
          ? `Chooses ${share(value.ownLevel)} of the family's typical price level; the upper of ${value.buyers} comparable buyers ${share(value.benchmarkLevel)}. ${share(value.realisation.share)} of such steps were taken in the past.`
          : '';
      if (more === '' && better === '') return `${buys}, as much as comparable customers do.`;
      return better === '' ? `${buys}${more}` : `${buys}${more === '' ? '.' : more} ${better}`;
    }
  }
}

function boughtDe(family: string, { own, from }: Bought, speech: Speech): string {
  const buys = `Kauft ${family} für ${perYear(own, speech)}`;
  switch (from.is) {
    case 'peers':
      return `${buys}; die stärkeren von ${from.buyers} vergleichbaren Käufern gäben ${money(from.benchmark, speech)} aus. Erwartet werden ${percent(from.realisation, speech)} der Lücke.`;
    case 'model': {
      const { volume, value } = from;
      const share = (of: Fraction): string => percent(roughly(of), speech);
      const more =
        isKnown(volume) && volume.gap > 0
          ? `, ${volume.state === 'lapsed' ? 'zuletzt nichts' : `${share(volume.ownShare)} seiner Ausgaben`}; die stärkeren von ${volume.buyers} vergleichbaren Käufern geben der Produktgruppe ${share(volume.benchmarkShare)}. ${volume.realisation.is === 'measured' ? `Bisher wurden ${share(volume.realisation.share)} solcher Lücken gefüllt.` : `Angesetzt sind ${share(volume.realisation.share)} der Lücke.`}`
          : '';
      const better =
        isKnown(value) && value.gap > 0
          ? `Wählt ${share(value.ownLevel)} des üblichen Preisniveaus der Produktgruppe; die oberen von ${value.buyers} vergleichbaren Käufern ${share(value.benchmarkLevel)}. Bisher wurden ${share(value.realisation.share)} solcher Schritte getan.`
          : '';
      if (more === '' && better === '') return `${buys}, so viel wie vergleichbare Kunden.`;
      return better === '' ? `${buys}${more}` : `${buys}${more === '' ? '.' : more} ${better}`;
    }
  }
}

/** Why revenue is at risk, in a sentence or two. */
export const riskText = (risk: AccountRisk, speech: Speech): string => say(speech, risk, riskWords);

const riskWords: Record<Language, (risk: AccountRisk, speech: Speech) => string> = {
  en: ({ probability, why }, speech) => {
    const days = (count: number): string => (Math.round(count) === 1 ? '1 day' : `${Math.round(count)} days`);
    const usual = why.usualGap === null ? '' : `, usually every ${days(why.usualGap)}`;
    return `${percent(roughly(probability), speech)} chance to buy less than half of what the season lets expect. Last order ${days(why.daysSinceLastOrder)} ago${usual}${why.isNew ? '; a new customer of whom little is known' : ''}.`;
  },
  de: ({ probability, why }, speech) => {
    const last = Math.round(why.daysSinceLastOrder);
    const gap = why.usualGap === null ? null : Math.round(why.usualGap);
    const usual = gap === null ? '' : gap === 1 ? ', sonst täglich' : `, sonst alle ${gap} Tage`;
    return `Kauft mit ${percent(roughly(probability), speech)} Wahrscheinlichkeit weniger als die Hälfte dessen, was die Saison erwarten lässt. Letzter Auftrag vor ${last} ${last === 1 ? 'Tag' : 'Tagen'}${usual}${why.isNew ? '; ein neuer Kunde, über den wenig bekannt ist' : ''}.`;
  },
};

/** Terms of a chance as a reader of the argument sees them; arguments are in English. */
const termNames: Record<FeatureName, string> = {
  recentRate: 'how many have begun to buy it',
  penetration: 'how many own it',
  peers: 'comparable accounts',
  companions: 'what it buys already',
  lift: 'owners of the same families',
  lookalikes: 'look-alikes',
  breadth: 'breadth',
  youth: 'youth',
  recency: 'last order',
  revenue: 'revenue',
  newcomer: 'newcomer',
  pace: 'pace of new families',
};

export const termName = (feature: FeatureName): string => termNames[feature];

const signalNames: Record<RiskSignal, string> = {
  silence: 'silence against its rhythm',
  recency: 'last order',
  fading: 'fading',
  rareness: 'few orders',
  surge: 'a surge before',
  smallness: 'size',
};

export const signalName = (signal: RiskSignal): string => signalNames[signal];

/** A share in whole percent: a benchmark is no surer than that. */
const roughly = (share: Fraction): Fraction => Math.round(share * 100) / 100;

const statedEn: Record<StatedBy, string> = {
  customer: 'as the customer wrote',
  tender: 'as a tender or contract says',
  accountTeam: 'as the account team estimates',
};

const statedDe: Record<StatedBy, string> = {
  customer: 'wie der Kunde schrieb',
  tender: 'laut Ausschreibung oder Vertrag',
  accountTeam: 'wie das Account-Team schätzt',
};

/** What else is known of the cell: which site buys the family, who serves the demand, and what is in the pipeline. */
const besides: Record<Language, (cell: PotentialCell, speech: Speech) => string[]> = {
  en: ({ sister, rival, pipeline }, speech) => [
    ...(sister === null
      ? []
      : [`${sister.name}, a site of the same group, buys it for ${perYear(sister.yearly, speech)}.`]),
    ...(rival === null
      ? []
      : rival.is === 'nobody'
        ? ['Nobody serves this demand today.']
        : [`${rival.name ?? 'A competitor'} serves this demand today.`]),
    ...(pipeline > 0 ? [`${money(pipeline, speech)} is in the pipeline already.`] : []),
  ],
  de: ({ sister, rival, pipeline }, speech) => [
    ...(sister === null
      ? []
      : [`${sister.name}, ein Standort derselben Gruppe, kauft sie für ${perYear(sister.yearly, speech)}.`]),
    ...(rival === null
      ? []
      : rival.is === 'nobody'
        ? ['Diesen Bedarf deckt heute niemand.']
        : [`${rival.name ?? 'Ein Wettbewerber'} deckt diesen Bedarf heute.`]),
    ...(pipeline > 0 ? [`${money(pipeline, speech)} sind schon in der Pipeline.`] : []),
  ],
};

/** What a review task is about. */
export type ReviewAbout =
  | {
      is: 'rate';
      name: string;
      criterion: PeopleRated;
      decision: Decision;
      /** A rating that has become too old. */
      stood: { rating: Rating; on: IsoDate } | null;
      effects: RatingEffect[];
    }
  | { is: 'ask'; name: string; decision: Decision; trust: SolutionTrust | null }
  | { is: 'reask'; name: string; decision: Decision; trust: SolutionTrust | null }
  | { is: 'grow'; name: string; cell: PotentialCell }
  | { is: 'retain'; name: string; revenueAtRisk: Cents; revenue: Cents | Unknown }
  | { is: 'commitmentOverdue'; name: string; commitment: Commitment; dueOn: IsoDate }
  | { is: 'requalify'; name: string; causes: RequalifyCause[]; decision: Decision }
  | { is: 'overrideExpiring'; name: string; tier: Tier; until: IsoDate; hasExpired: boolean }
  | { is: 'trust'; name: string; tier: Tier };

/** Subject and description of a review task. */
export function reviewText(about: ReviewAbout, speech: Speech): { subject: string; description: string } {
  const { subject, description } = say(speech, about, reviewWords);
  return { subject: cut(subject, MAXIMUM_SUBJECT), description };
}

const scales: Record<Language, Record<PeopleRated, { question: string; scale: string }>> = {
  en: {
    referenceCustomer: {
      question: 'How strong is the reference effect of this customer?',
      scale: '0 none · 1 local · 2 known in the industry · 3 the whole industry watches',
    },
    opinionLeader: {
      question: 'Is this customer an industry or opinion leader?',
      scale: '0 no · 1 regional · 2 among the top ten · 3 among the top three, or sets standards',
    },
  },
  de: {
    referenceCustomer: {
      question: 'Wie stark ist die Leuchtturmwirkung dieses Kunden?',
      scale: '0 keine · 1 lokal · 2 in der Branche bekannt · 3 die ganze Branche schaut hin',
    },
    opinionLeader: {
      question: 'Ist dieser Kunde Branchen- oder Meinungsführer?',
      scale: '0 nein · 1 regional · 2 unter den ersten zehn · 3 unter den ersten drei oder setzt Standards',
    },
  },
};

const reviewWords: Record<Language, (about: ReviewAbout, speech: Speech) => { subject: string; description: string }> =
  {
    en: (about, speech) => {
      switch (about.is) {
        case 'rate': {
          const { question, scale } = scales.en[about.criterion];
          const { stood } = about;
          const old =
            stood === null
              ? ''
              : `\n\nIt was rated ${stood.rating} on ${day(stood.on, speech)}; that is too long ago. Change the rating, or confirm it by bringing its evidence up to date.`;
          return {
            subject: `Rate ${criterionNames.en[about.criterion]}: ${about.name}`,
            description: `${question}\n${scale}${old}\n\nWhat your answer leads to:\n${effectLines(about.effects, effectWords.en)}\n\nEnter the rating and its evidence on the account.\n\n${reasonsText(about.decision, speech)}`,
          };
        }
        case 'ask':
          return {
            subject: `Ask the customer: ${about.name}`,
            description: `1. Do they want the special care of a key account?\n2. What do they give for it (access to countries, sites, people; joint strategy, marketing, development)?${paragraph(trustText(about.trust, speech))}\n\nWhy this customer:\n${reasonsText(about.decision, speech)}`,
          };
        case 'reask':
          return {
            subject: `Ask again: ${about.name}`,
            description: `The customer declined before. What has changed since, and what would make them want the special care of a key account today? Enter the answer on the agreement; to ask later, move its re-ask date.${paragraph(trustText(about.trust, speech))}\n\n${reasonsText(about.decision, speech)}`,
          };
        case 'grow':
          return {
            subject: `Offer ${about.cell.family}: ${about.name}`,
            description: `Expected ${perYear(about.cell.amount, speech)}. ${potentialText(about.cell, speech)}`,
          };
        case 'retain':
          return {
            subject: `Keep the business of ${about.name}`,
            description: `${money(about.revenueAtRisk, speech)} a year are at risk (revenue: ${perYear(about.revenue, speech)}). Talk to the customer before the orders are gone: what has changed, who else is asked, and what would keep them?`,
          };
        case 'commitmentOverdue': {
          const { side, what, theirOwner } = about.commitment;
          const theirs = side === 'get';
          const who = theirs ? theirOwner : null;
          return {
            subject: `${theirs ? 'Commitment of the customer' : 'Our commitment'} overdue: ${about.name}`,
            description: `${theirs ? 'The customer has' : 'We have'} promised${because(what)} It was due on ${day(about.dueOn, speech)}${who === null ? '' : `, by ${who}`}, and is not done. Keep it, move it together, or take it back: enter which on the commitment.`,
          };
        }
        case 'requalify':
          return {
            subject: `Requalify key account: ${about.name}`,
            description: `Still a key account; the figures never take that away. What speaks for looking at it again:\n${about.causes.map((cause) => `- ${causeWords.en(cause, speech)}`).join('\n')}\n\nDecide with the customer: confirm the agreement with a new review date, change it, or end it.\n\n${reasonsText(about.decision, speech)}`,
          };
        case 'overrideExpiring':
          return {
            subject: `${about.hasExpired ? 'Override has expired' : 'Override expires'}: ${about.name}`,
            description: `${tierNames.en[about.tier]} was set by hand until ${day(about.until, speech)}. ${about.hasExpired ? 'It counts no longer: the customer stands where the figures and the agreement put them.' : 'From the day after, the customer stands where the figures and the agreement put them.'} Give it a new reason and end date, or empty the override.`,
          };
        case 'trust':
          return {
            subject: `Win back trust: ${about.name}`,
            description: `This customer (${tierNames.en[about.tier]}) asks only competitors when a new challenge comes up. Find out why, and win a place at the table for the next one. When it changes, enter it under Solution Trust.`,
          };
      }
    },
    de: (about, speech) => {
      switch (about.is) {
        case 'rate': {
          const { question, scale } = scales.de[about.criterion];
          const { stood } = about;
          const old =
            stood === null
              ? ''
              : `\n\nDie Bewertung ${stood.rating} vom ${day(stood.on, speech)} ist zu alt. Bewertung ändern, oder durch einen aktuellen Beleg bestätigen.`;
          return {
            subject: `${criterionNames.de[about.criterion]} bewerten: ${about.name}`,
            description: `${question}\n${scale}${old}\n\nWas die Antwort bewirkt:\n${effectLines(about.effects, effectWords.de)}\n\nBewertung und Beleg beim Kunden eintragen.\n\n${reasonsText(about.decision, speech)}`,
          };
        }
        case 'ask':
          return {
            subject: `Kunden fragen: ${about.name}`,
            description: `1. Will der Kunde die besondere Betreuung eines Key Accounts?\n2. Was ist seine Gegenleistung (Zugang zu Ländern, Standorten, Personen; gemeinsame Strategie, Vermarktung, Entwicklung)?${paragraph(trustText(about.trust, speech))}\n\nWarum dieser Kunde:\n${reasonsText(about.decision, speech)}`,
          };
        case 'reask':
          return {
            subject: `Erneut fragen: ${about.name}`,
            description: `Der Kunde hat früher abgelehnt. Was hat sich seitdem geändert, und wann würde er die besondere Betreuung eines Key Accounts heute wollen? Antwort bei der Vereinbarung eintragen; soll später gefragt werden, dort das Datum der erneuten Frage verschieben.${paragraph(trustText(about.trust, speech))}\n\n${reasonsText(about.decision, speech)}`,
          };
        case 'grow':
          return {
            subject: `${about.cell.family} anbieten: ${about.name}`,
            description: `Zu erwarten: ${perYear(about.cell.amount, speech)}. ${potentialText(about.cell, speech)}`,
          };
        case 'retain':
          return {
            subject: `Geschäft halten: ${about.name}`,
            description: `${money(about.revenueAtRisk, speech)} im Jahr sind gefährdet (Umsatz: ${perYear(about.revenue, speech)}). Mit dem Kunden sprechen, bevor die Aufträge weg sind: Was hat sich geändert, wer wird noch gefragt, und was würde ihn halten?`,
          };
        case 'commitmentOverdue': {
          const { side, what, theirOwner } = about.commitment;
          const theirs = side === 'get';
          const who = theirs ? theirOwner : null;
          return {
            subject: `${theirs ? 'Zusage des Kunden' : 'Unsere Zusage'} überfällig: ${about.name}`,
            description: `${theirs ? 'Der Kunde hat' : 'Wir haben'} zugesagt${because(what)} Fällig war das am ${day(about.dueOn, speech)}${who === null ? '' : `, zuständig ist ${who}`}; erledigt ist es nicht. Nachholen, gemeinsam verschieben oder zurücknehmen, und das bei der Zusage eintragen.`,
          };
        }
        case 'requalify':
          return {
            subject: `Key Account überprüfen: ${about.name}`,
            description: `Weiterhin Key Account; die Zahlen nehmen das nie weg. Was für eine Überprüfung spricht:\n${about.causes.map((cause) => `- ${causeWords.de(cause, speech)}`).join('\n')}\n\nMit dem Kunden entscheiden: die Vereinbarung mit neuem Überprüfungstermin bestätigen, ändern oder beenden.\n\n${reasonsText(about.decision, speech)}`,
          };
        case 'overrideExpiring':
          return {
            subject: `Manuelle Einstufung ${about.hasExpired ? 'abgelaufen' : 'läuft ab'}: ${about.name}`,
            description: `${tierNames.de[about.tier]} wurde von Hand bis ${day(about.until, speech)} gesetzt. ${about.hasExpired ? 'Das gilt nicht mehr: Der Kunde steht dort, wo Zahlen und Vereinbarung ihn einordnen.' : 'Ab dem Tag danach steht der Kunde dort, wo Zahlen und Vereinbarung ihn einordnen.'} Neu begründen und befristen, oder die manuelle Einstufung leeren.`,
          };
        case 'trust':
          return {
            subject: `Vertrauen zurückgewinnen: ${about.name}`,
            description: `Dieser Kunde (${tierNames.de[about.tier]}) fragt bei neuen Herausforderungen nur Wettbewerber. Herausfinden, warum, und beim nächsten Mal einen Platz am Tisch gewinnen. Ändert sich das, unter Solution Trust eintragen.`,
          };
      }
    },
  };

export const agreementStateName = (state: AgreementState, language: Language): string =>
  agreementStateNames[language][state];

const agreementStateNames: Record<Language, Record<AgreementState, string>> = {
  en: {
    planned: 'planned',
    asked: 'asked',
    accepted: 'accepted',
    declined: 'declined',
    noAnswer: 'no answer',
    incubator: 'on trial',
    ended: 'ended',
  },
  de: {
    planned: 'geplant',
    asked: 'gefragt',
    accepted: 'angenommen',
    declined: 'abgelehnt',
    noAnswer: 'keine Antwort',
    incubator: 'auf Probe',
    ended: 'beendet',
  },
};

export const commitmentName = (type: CommitmentType, language: Language): string => commitmentNames[language][type];

const commitmentNames: Record<Language, Record<CommitmentType, string>> = {
  en: {
    accessToCountries: 'access to countries',
    accessToSites: 'access to sites',
    accessToPeople: 'access to people',
    jointStrategy: 'joint strategy',
    jointMarketing: 'joint marketing or reference',
    development: 'development workshop or partnership',
    volume: 'volume',
    earlyProduct: 'early use of new products',
    dataTransparency: 'open figures and plans',
  },
  de: {
    accessToCountries: 'Zugang zu Ländern',
    accessToSites: 'Zugang zu Standorten',
    accessToPeople: 'Zugang zu Personen',
    jointStrategy: 'gemeinsame Strategiearbeit',
    jointMarketing: 'gemeinsames Marketing oder Referenz',
    development: 'Entwicklungsworkshop oder -partnerschaft',
    volume: 'Abnahmemenge',
    earlyProduct: 'früher Einsatz neuer Produkte',
    dataTransparency: 'offene Zahlen und Planungen',
  },
};

const paragraph = (text: string | null): string => (text === null ? '' : `\n\n${text}`);

const effectLines = (effects: readonly RatingEffect[], words: Record<RatingEffect['leadsTo'], string>): string =>
  effects.map(({ ratings, leadsTo }) => `- ${spanText(ratings)}: ${words[leadsTo]}`).join('\n');

const spanText = (ratings: readonly Rating[]): string =>
  ratings.length === 1 ? `${ratings[0]}` : `${ratings[0]}–${ratings.at(-1)}`;

const effectWords: Record<Language, Record<RatingEffect['leadsTo'], string>> = {
  en: {
    out: 'not passed, the customer stays Standard',
    in: 'passed, the customer becomes a candidate as far as the programme has a place',
    open: 'still open, until the other missing answers are given',
    elsewhere: 'the strategic criteria do not decide it',
  },
  de: {
    out: 'nicht bestanden, der Kunde bleibt Standard',
    in: 'bestanden, der Kunde wird Kandidat, soweit das Programm Platz hat',
    open: 'weiterhin offen, bis die anderen fehlenden Antworten gegeben sind',
    elsewhere: 'daran entscheidet sich nichts',
  },
};

const causeWords: Record<Language, (cause: RequalifyCause, speech: Speech) => string> = {
  en: (cause, speech) => {
    switch (cause.is) {
      case 'fails':
        return `It has not passed the gates by its figures since ${day(cause.since, speech)}.`;
      case 'commitments':
        return 'The commitments that are left are fewer than a key account needs.';
      case 'late':
        return cause.due === 1
          ? 'The only due commitment of the customer is late.'
          : `${cause.late} of the customer's ${cause.due} due commitments ${cause.late === 1 ? 'is' : 'are'} late.`;
      case 'reviewDue':
        return `The review of the agreement was due on ${day(cause.on, speech)}.`;
    }
  },
  de: (cause, speech) => {
    switch (cause.is) {
      case 'fails':
        return `Seit ${day(cause.since, speech)} reichen die Zahlen nicht mehr.`;
      case 'commitments':
        return 'Es sind weniger Zusagen übrig, als ein Key Account braucht.';
      case 'late':
        return cause.due === 1
          ? 'Die einzige fällige Zusage des Kunden ist überfällig.'
          : `${cause.late} von ${cause.due} fälligen Zusagen des Kunden ${cause.late === 1 ? 'ist' : 'sind'} überfällig.`;
      case 'reviewDue':
        return `Die Überprüfung der Vereinbarung war am ${day(cause.on, speech)} fällig.`;
    }
  },
};

/** What the customer's way with new challenges means for the next talk; null where nobody has said. */
export const trustText = (trust: SolutionTrust | null, { language }: Speech): string | null =>
  trust === null ? null : trustWords[language][trust];

const trustWords: Record<Language, Record<SolutionTrust, string>> = {
  en: {
    comesToUs: 'With new challenges they come to us: start from the next one.',
    asksUsToo: 'With new challenges they ask us and competitors: show what they get only from us.',
    asksOthers: 'With new challenges they ask only competitors: first win back a hearing.',
  },
  de: {
    comesToUs: 'Mit neuen Herausforderungen kommt der Kunde zu uns: bei der nächsten ansetzen.',
    asksUsToo: 'Mit neuen Herausforderungen fragt der Kunde uns und Wettbewerber: zeigen, was er nur bei uns bekommt.',
    asksOthers: 'Mit neuen Herausforderungen fragt der Kunde nur Wettbewerber: zuerst wieder Gehör gewinnen.',
  },
};

/** What a task says when the worker closes it because nothing is left to do. */
export const closingNote = (today: IsoDate, speech: Speech): string =>
  speech.language === 'de'
    ? `Am ${day(today, speech)} automatisch geschlossen: Hier ist nichts mehr zu tun.`
    : `Closed automatically on ${day(today, speech)}: nothing is left to do here.`;

/** A person's words after a colon, on one line, so that the CRM gives back what was written; they end as a sentence. */
function because(reason: string | null): string {
  const words = (reason ?? '').replaceAll(/\s+/g, ' ').trim();
  if (words === '') return '.';
  return `: ${words}${/[.!?…]$/.test(words) ? '' : '.'}`;
}

const locales: Record<Language, string> = { en: 'en-GB', de: 'de-DE' };

// A formatter takes far longer to make than to use, and a run has a hundred thousand sentences.
const moneyFormat = memoize(
  (language: Language, currency: Speech['currency']): Intl.NumberFormat => {
    const style = currency === null ? {} : { style: 'currency' as const, currency };
    return new Intl.NumberFormat(locales[language], { ...style, maximumFractionDigits: 0 });
  },
  (language, currency) => `${language} ${currency ?? ''}`,
);
const percentFormat = memoize(
  (language: Language) => new Intl.NumberFormat(locales[language], { style: 'percent', maximumFractionDigits: 2 }),
);
const pointsFormat = memoize(
  (language: Language) => new Intl.NumberFormat(locales[language], { maximumFractionDigits: 2 }),
);
const dayFormat = memoize(
  (language: Language) => new Intl.DateTimeFormat(locales[language], { dateStyle: 'medium', timeZone: 'UTC' }),
);

export const money = (amount: Cents, { language, currency }: Speech): string =>
  moneyFormat(language, currency).format(amount / 100);

function perYear(amount: Cents | Unknown, speech: Speech): string {
  const { language } = speech;
  if (!isKnown(amount))
    return `${language === 'de' ? 'unbekannt' : 'unknown'}, ${unknownWords[language][amount.unknown]}`;
  return `${money(amount, speech)} ${language === 'de' ? 'im Jahr' : 'a year'}`;
}

const percent = (share: Fraction, { language }: Speech): string => percentFormat(language).format(share);

const points = (value: number, { language }: Speech): string => pointsFormat(language).format(value);

/** A day within a sentence, with a space before it; nothing where nobody entered it. */
function on(date: IsoDate | null, speech: Speech): string {
  return date === null ? '' : ` ${speech.language === 'de' ? 'am' : 'on'} ${day(date, speech)}`;
}

export const day = (date: IsoDate, { language }: Speech): string =>
  dayFormat(language).format(new Date(`${date}T00:00:00Z`));
