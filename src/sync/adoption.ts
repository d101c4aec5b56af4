/** The adoption model of a book at a cut: past windows are read one after the other, so that one view stands in memory. */
import type { Book } from '../book/book.js';
import { shift } from '../kam/calendar.js';
import { fitAdoption, landmarksFor, type Adoption, type AdoptionOptions } from '../kam/model/adoption.js';
import { trainingWindow, type TrainingWindow } from '../kam/model/learning.js';
import type { Settings } from '../kam/settings.js';
import type { Horizon, IsoDate } from '../kam/units.js';

/** What the settings say of the adoption model, and the horizon that it looks ahead. */
export const adoptionSettings = ({ adoption }: Settings): { horizon: Horizon; options: AdoptionOptions } => ({
  horizon: { months: adoption.horizonMonths },
  options: { prior: adoption.weight, learning: adoption.learning, lookalikes: adoption.lookalikes },
});

/**
 * Fits the model on the windows that end at or before the cut.
 *
 * Errors: none of its own; where nothing can be estimated, the reason is the answer.
 */
export async function adoptionAt(
  book: Pick<Book, 'salesView'>,
  cut: IsoDate,
  horizon: Horizon,
  options: AdoptionOptions,
): Promise<Adoption> {
  const windowAt = async (horizonsBefore: number): Promise<TrainingWindow | null> => {
    const view = await book.salesView(shift(cut, horizon, -horizonsBefore), horizon);
    return trainingWindow(view, { landmarks: landmarksFor(view, options.lookalikes) });
  };
  const latest = await windowAt(1);
  const earlier = await windowAt(2);
  return fitAdoption(await book.salesView(cut, horizon), { latest, earlier }, options);
}
