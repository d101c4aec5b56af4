/** What goes wrong on demand: the kinds of faults, when they fire, and the log of those that did. */
import { z } from 'zod';

const count = z.number().int().min(1);
const fraction = z.number().min(0).max(1);
const milliseconds = z.number().int().min(0).max(3_600_000);

/** Which calls a fault meets, and on which of them it fires. */
const occasion = z.object({
  /** Only calls with one of these methods. */
  methods: z
    .array(z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']))
    .min(1)
    .optional(),
  /** Only calls whose decoded path and query contain this text, in any casing; left out, all API calls. */
  path: z.string().min(1).optional(),
  /** Calls that are met without harm before the fault begins. */
  after: z.number().int().min(0).default(0),
  /** Fires on the next so many calls, then no more. */
  next: count.optional(),
  /** Fires on every so-manieth call. */
  every: count.optional(),
  /** Fires on a call with this probability, drawn from the seed. */
  chance: fraction.optional(),
  seed: z.number().int().min(0).default(1),
});

const kind = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.strictObject({ kind: z.literal(name), ...occasion.shape, ...shape });

const faultShape = z.discriminatedUnion('kind', [
  kind('latency', { ms: milliseconds, jitter: milliseconds.default(0) }),
  kind('reset-before', {}),
  kind('reset-during', {}),
  kind('reset-after', {}),
  kind('truncated-body', { share: fraction.default(0.5), ending: z.enum(['reset', 'clean']).default('reset') }),
  kind('stalled-body', { share: fraction.default(0.5), ms: milliseconds.default(3_600_000) }),
  kind('session-expired', {}),
  kind('session-refused', {}),
  kind('server-error', {
    status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).default(503),
    body: z.enum(['html', 'json']).default('html'),
    work: z.enum(['not-done', 'done']).default('not-done'),
  }),
  kind('empty-answer', { status: z.union([z.literal(406), z.literal(420)]).default(420) }),
  kind('daily-limit', { left: z.number().int().min(0).default(0) }),
  kind('concurrent-limit', {}),
  kind('limit-header', { form: z.enum(['per-app', 'bursts', 'missing']) }),
  kind('page-size', { rows: count.max(2000) }),
  kind('locator-expired', {}),
  kind('query-timeout', { above: z.number().int().min(0).default(0) }),
  kind('bulk-pages-unordered', {}),
  kind('bulk-rows-unordered', {}),
  kind('bulk-job-failed', { share: fraction.default(0.5) }),
  kind('bulk-version-conflict', {}),
  kind('bulk-job-stuck', {}),
  kind('commit-lag', { seconds: z.number().int().min(1).max(86_400) }),
  kind('account-locks', {
    /** How long a request holds the accounts that it writes to. */
    hold: milliseconds.default(250),
    /** How long another one waits for them, by the org's clock. */
    wait: milliseconds.default(10_000),
    /** Accounts that somebody else holds for as long as the fault is on. */
    held: z.array(z.string().regex(/^001[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?$/)).default([]),
    /** The share of all accounts that somebody else holds, drawn from the seed. */
    share: fraction.default(0),
    wrapped: z.boolean().default(false),
  }),
  kind('hard-delete', { object: z.string().min(1), rows: count.default(1) }),
  kind('bin-purged', {}),
  kind('describe-change', {
    object: z.string().min(1),
    field: z.string().min(1),
    change: z.enum(['gone', 'read-only', 'type']).default('gone'),
  }),
  kind('clock-skew', { seconds: z.number().int().min(-86_400).max(86_400) }),
]);

export type Fault = z.infer<typeof faultShape>;
export type FaultKind = Fault['kind'];

export const faultKinds: readonly FaultKind[] = faultShape.options.map(({ shape }) => shape.kind.value);

const common: ReadonlySet<string> = new Set(['kind', ...Object.keys(occasion.shape)]);

/** The names of what a kind of fault can be told beside its occasion. */
export const settingsOf = (wanted: FaultKind): string[] =>
  faultShape.options
    .filter(({ shape }) => shape.kind.value === wanted)
    .flatMap(({ shape }) => Object.keys(shape).filter((name) => !common.has(name)));

/** Faults that describe how the org is, not what happens to one call: they last until they are switched off. */
const lasting: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'session-refused',
  'daily-limit',
  'limit-header',
  'page-size',
  'bulk-pages-unordered',
  'bulk-rows-unordered',
  'commit-lag',
  'account-locks',
  'describe-change',
  'clock-skew',
]);

/** What a kind of fault is about where nobody says which calls it meets; all others are about any API call. */
const subjects: Partial<Record<FaultKind, RegExp>> = {
  'page-size': /\/query(All)?(\/|\?|$)/i,
  'locator-expired': /\/query(All)?\/0r8/i,
  'query-timeout': /\/query(All)?\?/i,
  'bulk-pages-unordered': /\/jobs\/query\/\w+\/resultPages/i,
  'bulk-rows-unordered':
    /\/jobs\/(query\/\w+\/results|ingest\/\w+\/(successful|failed)Results|ingest\/\w+\/unprocessedrecords)/i,
  'bulk-job-failed': /\/jobs\/(query|ingest)\/\w+(\?|$)/i,
  'bulk-version-conflict': /\/jobs\/query\/\w+\/result/i,
  'bulk-job-stuck': /\/jobs\/(query|ingest)\/\w+(\?|$)/i,
};

export type Call = { method: string; url: string };

/** A fault that fires on a call. */
export type Hit = {
  id: number;
  fault: Fault;
  /** The next number of the fault's seed, 0 up to 1. */
  random(): number;
  /** Writes into the log that it fired, and how. */
  fired(detail: string): void;
};

export type HitOf<Kind extends FaultKind> = Hit & { fault: Extract<Fault, { kind: Kind }> };

export type Firing = {
  n: number;
  /** By the org's clock. */
  at: string;
  fault: number;
  kind: FaultKind;
  method: string;
  url: string;
  detail: string;
};

export type ActiveFault = { id: number; fault: Fault; met: number; fired: number };

export type FaultTable = {
  /** Switches a fault on. Throws `ZodError` where the body is none. */
  add(body: unknown): ActiveFault;
  /** Switches one off, or all; false where there is none of that id. */
  remove(id: number | 'all'): boolean;
  active(): readonly ActiveFault[];
  log(): readonly Firing[];
  clearLog(): void;
  /** The faults that fire on a call, in the order in which they were switched on. */
  meet(call: Call): Hit[];
};

/** The log keeps the latest; whoever counts more reads it in time. */
const KEPT = 10_000;

/**
 * The faults of one org.
 *
 * Deterministic: which calls fire depends on the order of the calls and on the seed, on nothing else.
 */
export function openFaults(now: () => Date): FaultTable {
  const table = new Map<number, ActiveFault & { random: () => number }>();
  const firings: Firing[] = [];
  const totals = { faults: 0, firings: 0 };
  return {
    add: (body) => {
      const fault = faultShape.parse(body);
      totals.faults += 1;
      const active = { id: totals.faults, fault, met: 0, fired: 0, random: sequenceOf(fault.seed) };
      table.set(active.id, active);
      return shown(active);
    },
    remove: (id) => {
      if (id !== 'all') return table.delete(id);
      table.clear();
      return true;
    },
    active: () => [...table.values()].map(shown),
    log: () => firings,
    clearLog: () => {
      firings.length = 0;
    },
    meet: (call) =>
      [...table.values()].flatMap((active): Hit[] => {
        const { id, fault, random } = active;
        if (!isAbout(fault, call)) return [];
        active.met += 1;
        if (!fires(fault, active.met, random)) return [];
        const fired = (detail: string): void => {
          active.fired += 1;
          totals.firings += 1;
          const at = now().toISOString();
          firings.push({ n: totals.firings, at, fault: id, kind: fault.kind, ...call, detail });
          if (firings.length > KEPT) firings.shift();
        };
        return [{ id, fault, random, fired }];
      }),
  };
}

const shown = ({ id, fault, met, fired }: ActiveFault): ActiveFault => ({ id, fault, met, fired });

/** The hit of a kind among those of a call. */
export function hitOf<Kind extends FaultKind>(hits: readonly Hit[], wanted: Kind): HitOf<Kind> | undefined {
  const isWanted = (hit: Hit): hit is HitOf<Kind> => hit.fault.kind === wanted;
  return hits.find(isWanted);
}

function isAbout(fault: Fault, { method, url }: Call): boolean {
  if (fault.methods !== undefined && !fault.methods.some((each) => each === method)) return false;
  const text = decoded(url);
  if (fault.path !== undefined) return text.toLowerCase().includes(fault.path.toLowerCase());
  return subjects[fault.kind]?.test(text) ?? /^\/services\/(data|soap)/i.test(text);
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch (error) {
    // A malformed escape is the client's; its raw text still says what it is about.
    if (error instanceof URIError) return url;
    throw error;
  }
}

function fires(fault: Fault, met: number, random: () => number): boolean {
  const n = met - fault.after;
  if (n < 1) return false;
  if (fault.next !== undefined && n > fault.next) return false;
  if (fault.every !== undefined && n % fault.every !== 0) return false;
  if (fault.chance !== undefined) return random() < fault.chance;
  if (fault.next !== undefined || fault.every !== undefined) return true;
  return lasting.has(fault.kind) || n === 1;
}

/**
 * A sequence of numbers from 0 up to 1 that a seed determines.
 *
 * Source: mulberry32 by Tommy Ettinger (public domain); short, and good enough for dice.
 */
export function sequenceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same items in an order that the numbers determine. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
