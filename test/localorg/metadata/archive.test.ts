import { deflateRawSync, crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ArchiveError, limits, pack, unpack } from '../../../src/localorg/metadata/archive.js';

type Forged = { path: string; content?: Buffer; declared?: number; checksum?: number; mode?: number; flags?: number };

/** A zip with the lies that a case is about; one that tells none is what any tool would write. */
function forged(...entries: Forged[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const {
    path,
    content = Buffer.from('x'),
    declared = content.length,
    checksum = crc32(content),
    mode = 0o100644,
    flags = 0,
  } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(flags, 2);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(checksum, 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(declared, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, name, packed]);
    const central = Buffer.alloc(46);
    central.write('PK\u0001\u0002');
    central.writeUInt16LE(0x0314, 4);
    shared.copy(central, 6);
    central.writeUInt32LE(mode * 0x10000, 38);
    central.writeUInt32LE(offset, 42);
    bodies.push(local);
    directory.push(central, name);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, list, end]);
}

test('what is packed is unpacked again, and the same files make the same bytes', async () => {
  const files = new Map([
    ['b/two.txt', Buffer.from('zwei ü')],
    ['a.txt', Buffer.alloc(0)],
  ]);
  const at = new Date('2026-11-24T12:00:00Z');
  const zip = await pack(files, at);
  expect(await unpack(zip)).toEqual(files);
  expect(await pack(new Map([...files].toReversed()), at)).toEqual(zip);
});

test('an honest archive of another tool is taken, and its folders are no files', async () => {
  const files = await unpack(forged({ path: 'a/', content: Buffer.alloc(0) }, { path: 'a/b.txt' }));
  expect([...files]).toEqual([['a/b.txt', Buffer.from('x')]]);
});

describe('an archive is refused', () => {
  test.each<[string, Buffer, RegExp]>([
    ['that is none', Buffer.from('no zip at all, and long enough to be one'), /Not a valid zip file/],
    ['whose path climbs out', forged({ path: '../evil.txt' }), /invalid relative path/],
    ['whose path climbs out from within', forged({ path: 'a/../../evil.txt' }), /invalid relative path/],
    ['whose path is absolute', forged({ path: '/etc/passwd' }), /absolute path/],
    ['whose path is of another system', forged({ path: 'a\\b.txt' }), /invalid characters/],
    ['with a path that stands twice', forged({ path: 'a' }, { path: 'a' }), /"a" twice/],
    ['with a link', forged({ path: 'a', mode: 0o120777 }), /"a" is a link/],
    ['that is encrypted', forged({ path: 'a', flags: 1 }), /"a" is encrypted/],
    ['whose path has a control character', forged({ path: 'a\u0001', flags: 0x800 }), /is no file name/],
    ['that declares a gigabyte', forged({ path: 'a', declared: 2 ** 30 }), /unpacks to 1073741824 bytes/],
    [
      'that holds more than it declares',
      forged({ path: 'a', content: Buffer.alloc(5000), declared: 10 }),
      /too many bytes/,
    ],
    ['that holds less than it declares', forged({ path: 'a', declared: 10 }), /not enough bytes/],
    ['with a wrong checksum', forged({ path: 'a', checksum: 1 }), /checksum/],
  ])('%s', async (_, zip, reason) => {
    const unpacked = unpack(zip);
    await expect(unpacked).rejects.toThrow(ArchiveError);
    await expect(unpacked).rejects.toThrow(reason);
  });

  test('that holds more files than any deploy', async () => {
    const many = forged(...Array.from({ length: limits.files + 1 }, (_, index) => ({ path: `f${index}` })));
    await expect(unpack(many)).rejects.toThrow(/more than 10000 files/);
  });

  test('that unfolds a hundredfold beyond the limit, before it is unfolded', async () => {
    const bomb = Array.from({ length: 11 }, (_, index) => ({
      path: `f${index}`,
      content: Buffer.alloc(10 * 1024 * 1024),
    }));
    const zip = forged(...bomb);
    expect(zip.length).toBeLessThan(200_000);
    await expect(unpack(zip)).rejects.toThrow(/unpacks to 115343360 bytes/);
  });
});
