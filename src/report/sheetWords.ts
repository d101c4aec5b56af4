/** What stands on the conversation sheet, in the customer's language. */
import type { AgreementGap } from '../kam/agreement.js';
import type { Benefit, Sheet, SheetAsk, SheetLine, SheetQuestion, SheetReason } from '../kam/sheet.js';
import { commitmentName, contactFunctionName, day, money, type Language, type Speech } from '../kam/wording.js';

/** Headings and labels that are the same on every sheet. */
export type SheetLabels = Record<
  | 'kicker'
  | 'date'
  | 'present'
  | 'why'
  | 'offer'
  | 'offerIntro'
  | 'ask'
  | 'allGiven'
  | 'who'
  | 'byWhen'
  | 'ledger'
  | 'giver'
  | 'what'
  | 'state'
  | 'projects'
  | 'project'
  | 'area'
  | 'saving'
  | 'questions'
  | 'notes',
  string
>;

export const sheetLabels: Record<Language, SheetLabels> = {
  en: {
    kicker: 'About working together',
    date: 'Date',
    present: 'Present',
    why: 'Why you',
    offer: 'What we offer you',
    offerIntro: 'Only key accounts get this.',
    ask: 'What we ask of you',
    allGiven: 'You have promised all that we asked for. Thank you.',
    who: 'Who',
    byWhen: 'By when',
    ledger: 'What we promised each other',
    giver: 'From',
    what: 'What',
    state: 'State',
    projects: 'Joint projects',
    project: 'Project',
    area: 'Area',
    saving: 'Saves you a year',
    questions: 'What we would like to know',
    notes: 'Notes and agreed steps',
  },
  de: {
    kicker: 'Gespräch über unsere Zusammenarbeit',
    date: 'Datum',
    present: 'Teilnehmer',
    why: 'Warum gerade Sie',
    offer: 'Was wir Ihnen bieten',
    offerIntro: 'Diese Leistungen erhalten nur unsere Key Accounts.',
    ask: 'Worum wir Sie bitten',
    allGiven: 'Alles, worum wir gebeten haben, haben Sie zugesagt. Vielen Dank.',
    who: 'Wer',
    byWhen: 'Bis wann',
    ledger: 'Was wir einander zugesagt haben',
    giver: 'Von',
    what: 'Was',
    state: 'Stand',
    projects: 'Gemeinsame Projekte',
    project: 'Projekt',
    area: 'Bereich',
    saving: 'Ihre Ersparnis im Jahr',
    questions: 'Was wir gern von Ihnen wüssten',
    notes: 'Notizen und Vereinbartes',
  },
};

/** Named in a sentence; the rest is counted. */
const NAMED_FAMILIES = 3;
const NAMED_FUNCTIONS = 4;
/** Names of the CRM are as long as people make them; this much of one reads well in a sentence. */
const NAME_LENGTH = 32;

export const asOfText = ({ asOf }: Sheet, speech: Speech): string =>
  speech.language === 'de' ? `Zahlen vom ${day(asOf, speech)}` : `Figures as of ${day(asOf, speech)}`;

export function reasonSentence(reason: SheetReason, speech: Speech): string {
  const de = speech.language === 'de';
  switch (reason.is) {
    case 'purchases': {
      const amount = money(reason.yearly, speech);
      if (reason.years === 1)
        return de
          ? `Sie haben in den letzten zwölf Monaten für ${amount} bei uns gekauft.`
          : `You bought ${amount} from us in the last twelve months.`;
      return de
        ? `Sie kaufen bei uns im Mittel der letzten ${inWords(reason.years, speech.language)} Jahre für ${amount} im Jahr.`
        : `You buy ${amount} a year from us, as a mean of the last ${inWords(reason.years, speech.language)} years.`;
    }
    case 'families': {
      const named = reason.largest
        .slice(0, NAMED_FAMILIES)
        .map(({ family, yearly }) => `${shortened(family, NAME_LENGTH)} (${money(yearly, speech)})`);
      const all = listOf(named, speech.language);
      if (reason.count === 1) return de ? `Sie beziehen von uns ${all}.` : `You buy ${all} from us.`;
      const many = reason.count > NAMED_FAMILIES;
      return de
        ? `Sie beziehen ${reason.count} Produktgruppen von uns${many ? ', am meisten' : ':'} ${all}.`
        : `You buy ${reason.count} product families from us${many ? ', above all' : ':'} ${all}.`;
    }
    case 'presence': {
      const countries = reason.countries !== null && reason.countries > 1 ? reason.countries : null;
      return de
        ? `Wir kennen ${reason.sites} Ihrer Standorte${countries === null ? '' : ` in ${countries} Ländern`}.`
        : `We know ${reason.sites} of your sites${countries === null ? '' : ` in ${countries} countries`}.`;
    }
    case 'saving':
      return de
        ? `Unsere gemeinsamen Projekte sparen Ihnen ${money(reason.yearly, speech)} im Jahr.`
        : `Our joint projects save you ${money(reason.yearly, speech)} a year.`;
    case 'reference':
      return de
        ? 'Ihr Name hat Gewicht: Wer sieht, dass Sie mit uns arbeiten, fasst Vertrauen.'
        : 'Your name carries weight: who sees you work with us has reason to trust us.';
    case 'opinionLeader':
      return de
        ? 'Sie geben in Ihrer Branche die Richtung vor; von Ihnen erfahren wir früh, was gebraucht wird.'
        : 'You set the direction in your industry; from you we learn early what is needed.';
    case 'couldAlso': {
      const families = listOf(namesOf(reason.families, NAMED_FAMILIES), speech.language);
      return de
        ? `Wir können mehr für Sie tun, zum Beispiel: ${families}.`
        : `We could do more for you, for example with ${families}.`;
    }
  }
}

/** The name and the sentence of a benefit; the other language where this one is missing. */
export const benefitName = ({ key, name }: Benefit, language: Language): string =>
  name[language] ?? name.en ?? name.de ?? key;
export const benefitText = ({ text }: Benefit, language: Language): string =>
  text[language] ?? text.en ?? text.de ?? '';

export function askIntro({ gets, access }: Sheet['minimum'], language: Language): string {
  const total = (one: string, many: string): string => (gets === 1 ? one : many);
  if (language === 'de') {
    if (gets === 0) return 'Jede Zusage mit Name und Termin.';
    const thereof =
      access === 0 ? '' : `, davon ${inWords(access, language)} mit Zugang zu Ländern, Standorten oder Personen`;
    return `Mindestens ${inWords(gets, language)} ${total('Zusage', 'Zusagen')}${thereof}; jede mit Name und Termin.`;
  }
  if (gets === 0) return 'Each promise with a name and a date.';
  const thereof = access === 0 ? '' : `, ${inWords(access, language)} of them opening countries, sites or people to us`;
  return `At least ${inWords(gets, language)} ${total('promise', 'promises')}${thereof}; each with a name and a date.`;
}

export function askText({ type, functions }: SheetAsk, language: Language): string {
  // A hyphen that begins a word stays with it.
  const name = startingLarge(commitmentName(type, language)).replaceAll(' -', ' \u2011');
  if (functions.length === 0) return name;
  return `${name}: ${namesOf(
    functions.map((each) => contactFunctionName(each, language)),
    NAMED_FUNCTIONS,
  ).join(', ')}`;
}

export function unfinishedText(
  gap: Extract<AgreementGap, { is: 'withoutPerson' | 'withoutDate' }>,
  language: Language,
): string {
  const { count } = gap;
  if (language === 'de') {
    const missing = gap.is === 'withoutPerson' ? 'der Name' : 'ein Termin, der zur Vereinbarung passt';
    return `Zu ${count === 1 ? 'einer Zusage' : `${count} Zusagen`} fehlt noch ${missing}.`;
  }
  const missing = gap.is === 'withoutPerson' ? 'a name' : 'a date that fits the agreement';
  return count === 1 ? `One promise still needs ${missing}.` : `${count} promises still need ${missing}.`;
}

export const lineWhat = ({ what, benefit, type }: SheetLine, language: Language): string =>
  what ??
  (benefit === null ? null : benefitName(benefit, language)) ??
  (type === null ? '–' : startingLarge(commitmentName(type, language)));

const sides: Record<Language, Record<SheetLine['side'], string>> = {
  en: { give: 'us', get: 'you' },
  de: { give: 'uns', get: 'Ihnen' },
};
export const sideText = (side: SheetLine['side'], language: Language): string => sides[language][side];

const lineStates: Record<Language, Record<SheetLine['state'], string>> = {
  en: { done: 'done', late: 'late', open: 'open' },
  de: { done: 'erledigt', late: 'überfällig', open: 'offen' },
};
export const lineState = (state: SheetLine['state'], language: Language): string => lineStates[language][state];

const projectStates: Record<Language, Record<Sheet['projects'][number]['state'], string>> = {
  en: { open: 'under discussion', won: 'agreed' },
  de: { open: 'im Gespräch', won: 'vereinbart' },
};
export const projectState = (state: Sheet['projects'][number]['state'], language: Language): string =>
  projectStates[language][state];

export function questionText(question: SheetQuestion, language: Language): string {
  const de = language === 'de';
  switch (question.is) {
    case 'wantsCare':
      return de ? 'Möchten Sie so betreut werden?' : 'Would you like to be looked after like this?';
    case 'inReturn':
      return de ? 'Was bringen Sie im Gegenzug ein?' : 'What do you bring in return?';
    case 'wallets': {
      const families = listOf(namesOf(question.families, NAMED_FAMILIES), language);
      return de
        ? `Wie viel kaufen Sie im Jahr insgesamt, bei allen Lieferanten: ${families}?`
        : `How much do you buy in a year altogether, from all suppliers: ${families}?`;
    }
    case 'functions': {
      const names = question.functions.map((each) => contactFunctionName(each, language));
      const functions = listOf(namesOf(names, NAMED_FUNCTIONS), language);
      return de
        ? `Mit wem können wir über diese Bereiche sprechen: ${functions}?`
        : `Whom can we talk to in these areas: ${functions}?`;
    }
    case 'decisionMaker':
      return de
        ? 'Wer entscheidet bei Ihnen über eine Zusammenarbeit wie diese?'
        : 'Who decides about working together like this?';
    case 'reference':
      return de
        ? 'Dürfen wir Sie als Referenz nennen, und wem gegenüber?'
        : 'May we name you as a reference, and to whom?';
    case 'opinionLeader':
      return de
        ? 'In welchen Verbänden, Normenausschüssen oder Fachkreisen wirken Sie mit?'
        : 'In which associations, standards bodies or expert groups do you take part?';
    case 'trust':
      return de
        ? 'Wen fragen Sie zuerst, wenn eine neue Aufgabe ansteht?'
        : 'When a new task comes up, whom do you ask first?';
  }
}

/** What to tick; none where the answer is in words. */
export function choicesOf(question: SheetQuestion, language: Language): string[] {
  if (question.is !== 'wantsCare') return [];
  return language === 'de' ? ['ja', 'noch nicht', 'nein'] : ['yes', 'not yet', 'no'];
}

export const moreText = (count: number, language: Language): string =>
  language === 'de' ? `und ${count} weitere` : `and ${count} more`;

/** At most so many characters; what is cut ends in an ellipsis, after a whole word where there is one. */
export function shortened(text: string, length: number): string {
  const signs = [...text];
  if (signs.length <= length) return text;
  const kept = signs.slice(0, length - 1).join('');
  const space = kept.lastIndexOf(' ');
  return `${(space > length / 2 ? kept.slice(0, space) : kept).trimEnd()}…`;
}

const namesOf = (names: readonly string[], count: number): string[] =>
  names.slice(0, count).map((name) => shortened(name, NAME_LENGTH));

const listOf = (parts: readonly string[], language: Language): string =>
  new Intl.ListFormat(language === 'de' ? 'de-DE' : 'en-GB').format(parts);

/** Small numbers as words, as a letter has them. */
const inWords = (count: number, language: Language): string => smallNumbers[language][count] ?? String(count);

const smallNumbers: Record<Language, readonly string[]> = {
  en: ['no', 'one', 'two', 'three', 'four', 'five', 'six'],
  de: ['keine', 'eine', 'zwei', 'drei', 'vier', 'fünf', 'sechs'],
};

const startingLarge = (text: string): string => text.replace(/^./u, (first) => first.toUpperCase());
