/** Which words a person may have meant by one that does not exist. */

/** Up to `count` words that hold the word or are spelled like it, the nearest first. */
export function nearest(word: string, words: readonly string[], count = 3): string[] {
  const wanted = word.trim().toLowerCase();
  if (wanted === '') return [];
  const furthest = Math.max(2, Math.floor(wanted.length / 3));
  return words
    .map((each) => {
      const lower = each.toLowerCase();
      return { each, distance: lower.includes(wanted) ? 0 : edits(wanted, lower) };
    })
    .filter(({ distance }) => distance <= furthest)
    .toSorted((a, b) => a.distance - b.distance || a.each.length - b.each.length || (a.each < b.each ? -1 : 1))
    .slice(0, count)
    .map(({ each }) => each);
}

/** Letters to insert, drop or replace to make one word of the other (Levenshtein). */
function edits(one: string, other: string): number {
  let before = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const now = [row + 1];
    for (const [column, there] of [...other].entries()) {
      const replaced = (before[column] ?? 0) + (letter === there ? 0 : 1);
      now.push(Math.min(replaced, (before[column + 1] ?? 0) + 1, (now[column] ?? 0) + 1));
    }
    before = now;
  }
  return before.at(-1) ?? one.length;
}
