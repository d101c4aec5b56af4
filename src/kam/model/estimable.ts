/** Whether a view holds enough to estimate adoption at all; if not, why, as data. */
import { isOwned, MINIMUM_OWNERS, type View } from './view.js';

/** Why nothing can be said of what accounts may adopt. */
export type NotEstimable =
  /** No sale lies before the cut. */
  | { readonly is: 'noHistory' }
  /** Nobody has a positive sale in the year before the cut: only credit notes, or none of late. */
  | { readonly is: 'noBuyers' }
  /** One account has nobody to be compared with. */
  | { readonly is: 'oneAccount' }
  /** Fewer than two families are owned by anyone. */
  | { readonly is: 'oneFamily' }
  /** No account lacks a family that enough others own. */
  | { readonly is: 'nothingOpen'; readonly minimumOwners: number };

export function whyNotEstimable(view: View): NotEstimable | null {
  const { accounts, historyDays, holdings } = view;
  if (historyDays <= 0) return { is: 'noHistory' };
  if (accounts.count === 0) return { is: 'noBuyers' };
  if (accounts.count === 1) return { is: 'oneAccount' };
  const owners = new Int32Array(view.families.length);
  holdings.family.forEach((family, entry) => {
    if (isOwned(holdings, entry)) owners[family]!++;
  });
  if (owners.filter((count) => count > 0).length < 2) return { is: 'oneFamily' };
  const isOpen = owners.some((count) => count >= MINIMUM_OWNERS && count < accounts.count);
  return isOpen ? null : { is: 'nothingOpen', minimumOwners: MINIMUM_OWNERS };
}
