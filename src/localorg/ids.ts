/** Record ids: 15 characters that tell upper from lower case, and 3 more that carry the case for those who don't. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The n-th id of an object: key prefix, instance, counter. */
export function idOf(keyPrefix: string, n: number): string {
  let counter = '';
  for (let rest = n; counter.length < 9; rest = Math.floor(rest / 62)) counter = `${BASE62[rest % 62] ?? ''}${counter}`;
  return to18(`${keyPrefix}000${counter}`);
}

/** The 18-character form of an id; what is no id comes back as it is. */
export function to18(id: string): string {
  if (!/^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$/.test(id)) return id;
  const base = id.slice(0, 15);
  return base + [0, 5, 10].map((from) => checksumOf(base.slice(from, from + 5))).join('');
}

function checksumOf(five: string): string {
  const bits = [...five].reduce((sum, char, place) => sum + (char >= 'A' && char <= 'Z' ? 1 << place : 0), 0);
  return ALPHABET[bits] ?? '';
}

export const isId = (text: string): boolean =>
  /^[a-zA-Z0-9]{15}$/.test(text) || (/^[a-zA-Z0-9]{18}$/.test(text) && sameCase(text));

/** An 18-character id whose case was changed on the way is still that id; its checksum letters are not case-sensitive. */
const sameCase = (id: string): boolean => to18(id).toUpperCase() === id.toUpperCase();
