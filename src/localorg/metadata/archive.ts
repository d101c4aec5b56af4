/** Zip archives from strangers: unpacked in memory within limits, never onto the disk; and our own, packed. */
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import yazl from 'yazl';

/** Files by their path in the archive. */
export type Files = ReadonlyMap<string, Buffer>;

/** An archive that is none, or that is not to be trusted; the message says why. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

/**
 * What an archive may hold. Salesforce allows 10,000 files and 400 MB unpacked.
 * Choice: a quarter of those bytes, as everything is held in memory here.
 */
export const limits = { files: 10_000, bytes: 100 * 1024 * 1024, path: 512 } as const;

/**
 * Unpacks an archive.
 *
 * Errors: `ArchiveError` for bytes that are no zip, for a path that leads out of the archive or stands twice, for links
 *         and encrypted files, for more files or bytes than the limits allow (as declared, and again as found), and for
 *         contents that do not have the size and checksum that the archive says.
 */
export async function unpack(archive: Buffer): Promise<Files> {
  const zip = await opened(archive);
  try {
    const entries = await entriesOf(zip);
    const declared = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
    if (declared > limits.bytes) throw tooLarge(declared);
    const files = new Map<string, Buffer>();
    let bytes = 0;
    for (const entry of entries) {
      const content = await contentOf(zip, entry);
      bytes += content.length;
      if (bytes > limits.bytes) throw tooLarge(bytes);
      files.set(entry.fileName, content);
    }
    return files;
  } finally {
    zip.close();
  }
}

const tooLarge = (bytes: number): ArchiveError =>
  new ArchiveError(`The archive unpacks to ${bytes} bytes; at most ${limits.bytes} are taken.`);

const opened = (archive: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    yauzl.fromBuffer(archive, { lazyEntries: true, strictFileNames: true, validateEntrySizes: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(new ArchiveError(`Not a valid zip file: ${error.message}`, { cause: error }));
    });
  });

/** The files of an archive, in its order; folders are left out. */
function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  return new Promise((resolve, reject) => {
    zip.on('error', (error: Error) =>
      reject(new ArchiveError(`Not a valid zip file: ${error.message}`, { cause: error })),
    );
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      const fault = faultOf(entry, seen);
      if (fault !== undefined) return reject(new ArchiveError(fault));
      seen.add(entry.fileName);
      if (!entry.fileName.endsWith('/')) entries.push(entry);
      if (seen.size > limits.files) {
        return reject(new ArchiveError(`The archive holds more than ${limits.files} files.`));
      }
      zip.readEntry();
    });
    zip.readEntry();
  });
}

const LINK = 0o120000;
const KIND = 0o170000;

/** The library refuses absolute paths, `..` and backslashes by itself. */
function faultOf(entry: Entry, seen: ReadonlySet<string>): string | undefined {
  const path = JSON.stringify(entry.fileName.slice(0, 100));
  if (seen.has(entry.fileName)) return `The archive holds ${path} twice.`;
  if (entry.fileName.length > limits.path || /[\u0000-\u001f]/.test(entry.fileName)) return `${path} is no file name.`;
  if (((entry.externalFileAttributes >>> 16) & KIND) === LINK) return `${path} is a link; expected a file.`;
  if (entry.isEncrypted()) return `${path} is encrypted; expected a file that anyone can read.`;
  if (!entry.canDecodeFileData()) return `${path} is compressed in a way that is not known; expected deflate or none.`;
  return undefined;
}

/** The library ends the stream with an error as soon as there is more than the entry declares, or less. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error)));
  }).catch(notAsDeclared(entry));
  const content = await buffer(stream).catch(notAsDeclared(entry));
  if (crc32(content) !== entry.crc32) {
    throw new ArchiveError(`${JSON.stringify(entry.fileName)} does not have the checksum that the archive says.`);
  }
  return content;
}

const notAsDeclared =
  (entry: Entry) =>
  (cause: unknown): never => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError(`${JSON.stringify(entry.fileName)} cannot be unpacked: ${reason}`, { cause });
  };

/** Packs files in the order of their paths; the same files at the same time make the same bytes. */
export async function pack(files: Files, at: Date): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const path of [...files.keys()].toSorted())
    zip.addBuffer(files.get(path) ?? Buffer.alloc(0), path, { mtime: at });
  const packed = buffer(zip.outputStream);
  const failed = once(zip, 'error').then(([error]: unknown[]) => {
    throw error;
  });
  zip.end();
  return Promise.race([packed, failed]);
}
