/** Several currencies in one org: which one a record may have, which rate counts on a day, and amounts in the org's own. */
import type { ObjectDefinition } from '../schema/model.js';
import type { RowError } from './engine.js';
import type { Store, StoredRow } from './store.js';

/** The currency that rates convert to, and that users of a new org have. */
export const CORPORATE = 'USD';
/** Rates are stored in millionths. */
const RATE = 1_000_000;
const END_OF_TIME = '9999-12-31';

/** Fills and checks the currency of a row that is about to be saved, where the org has several. */
export function settleCurrency(store: Store, object: ObjectDefinition, row: StoredRow): RowError[] {
  if (object.api === 'DatedConversionRate') return rateErrors(store, row);
  if (!('CurrencyIsoCode' in object.fields)) return [];
  if (object.api === 'OpportunityLineItem') return settleLine(store, row);
  row['CurrencyIsoCode'] ??= CORPORATE;
  const type = store.get('SELECT "IsActive" FROM "CurrencyType" WHERE "IsoCode" = ?', [row['CurrencyIsoCode']]);
  if (type?.['IsActive'] === 1) return [];
  return [
    {
      statusCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      message: `Currency ISO Code: bad value for restricted picklist field: ${row['CurrencyIsoCode']}`,
      fields: ['CurrencyIsoCode'],
    },
  ];
}

/** A product on a deal has the deal's currency, and its price must be in it. */
function settleLine(store: Store, row: StoredRow): RowError[] {
  const currencyOf = (table: 'Opportunity' | 'PricebookEntry', id: StoredRow[string] | undefined): StoredRow[string] =>
    store.get(`SELECT "CurrencyIsoCode" AS code FROM "${table}" WHERE "Id" = ?`, [id ?? null])?.['code'] ?? null;
  row['CurrencyIsoCode'] = currencyOf('Opportunity', row['OpportunityId']);
  if (currencyOf('PricebookEntry', row['PricebookEntryId']) === row['CurrencyIsoCode']) return [];
  return [
    {
      statusCode: 'FIELD_INTEGRITY_EXCEPTION',
      message: 'The pricebook entry currency code does not match the currency code of the opportunity',
      fields: ['PricebookEntryId'],
    },
  ];
}

function rateErrors(store: Store, row: StoredRow): RowError[] {
  const [code, day] = [row['IsoCode'] ?? null, row['StartDate'] ?? null];
  if (store.get('SELECT 1 AS one FROM "CurrencyType" WHERE "IsoCode" = ?', [code]) === undefined) {
    return [
      { statusCode: 'FIELD_INTEGRITY_EXCEPTION', message: `no currency type ${code} in this org`, fields: ['IsoCode'] },
    ];
  }
  const other = store.get(
    'SELECT "Id" FROM "DatedConversionRate" WHERE "IsoCode" = ? AND "StartDate" = ? AND "IsDeleted" = 0 AND "Id" IS NOT ?',
    [code, day, row['Id'] ?? null],
  );
  if (other === undefined) return [];
  const message = `a rate of ${code} from ${day} is there already: ${other['Id']}`;
  return [{ statusCode: 'DUPLICATE_VALUE', message, fields: ['StartDate'] }];
}

/** A rate holds until the next one of its currency begins. */
export function settleRates(store: Store, code: StoredRow[string] | undefined): void {
  store.run(
    `UPDATE "DatedConversionRate" SET "NextStartDate" = COALESCE((SELECT MIN(n."StartDate") FROM "DatedConversionRate" n WHERE n."IsoCode" = "DatedConversionRate"."IsoCode" AND n."IsDeleted" = 0 AND n."StartDate" > "DatedConversionRate"."StartDate"), '${END_OF_TIME}') WHERE "IsoCode" = ? AND "IsDeleted" = 0`,
    [code ?? null],
  );
}

/**
 * SQL of an amount in the corporate currency, to the amount's own decimals.
 *
 * Shape:  opportunities and their products by the rate of the close date where the org has dated rates, everything
 *         else by today's.
 * Source: SOQL and SOSL Reference, “Querying Currency Fields in Multicurrency Orgs”.
 */
export function corporate(amount: string, object: ObjectDefinition, alias: string): string {
  const code = `${alias}."CurrencyIsoCode"`;
  const today = `(SELECT r."ConversionRate" FROM "CurrencyType" r WHERE r."IsoCode" = ${code})`;
  const day =
    object.api === 'Opportunity'
      ? `${alias}."CloseDate"`
      : object.api === 'OpportunityLineItem'
        ? `(SELECT o."CloseDate" FROM "Opportunity" o WHERE o."Id" = ${alias}."OpportunityId")`
        : null;
  const rate =
    day === null
      ? today
      : `COALESCE((SELECT r."ConversionRate" FROM "DatedConversionRate" r WHERE r."IsoCode" = ${code} AND r."IsDeleted" = 0 AND r."StartDate" <= ${day} AND ${day} < r."NextStartDate"), ${today})`;
  return `CAST(ROUND(${amount} * ${RATE}.0 / ${rate}) AS INTEGER)`;
}
